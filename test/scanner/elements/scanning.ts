/** A scan for elements in this process, with what it told. */
import type { Indicator } from '../../../rules/ioc/indicator.js';
import type { ElementRule } from '../../../scanner/elements/element-rule.js';
import { defaultMaxFileBytes, type ElementSummary, scanElements } from '../../../scanner/elements/scan-elements.js';
import type { Finding } from '../../../scanner/findings/finding.js';
import type { Failure } from '../../../scanner/input/logs.js';

export function ruleOf(type: Indicator['type'], value: string, score = 100): ElementRule {
  const source = { origin: 'custom', pack: null, version: null, file: 'x.txt' } as const;
  return { kind: 'ioc', id: `${type}:${value}`, line: '', indicator: { type, value, score }, source };
}

export interface Scanned extends ElementSummary {
  readonly findings: readonly Finding[];
  readonly failures: readonly Failure[];
}

/** @param onRead is called each time when some bytes of a file have been read, before they are looked at */
export async function scanFor(
  rules: readonly ElementRule[],
  paths: readonly string[],
  onRead: (reads: number) => void = () => undefined,
): Promise<Scanned> {
  const findings: Finding[] = [];
  const failures: Failure[] = [];
  let reads = 0;
  const summary = await scanElements(
    {
      ...{ rules, paths, hostRoot: null, minLevel: 'low', maxFileBytes: defaultMaxFileBytes },
      now: new Date('2026-01-01T00:00:00Z'),
      signal: new AbortController().signal,
    },
    {
      finding: (finding) => void findings.push(finding),
      fail: (failure) => void failures.push(failure),
      read: () => onRead(++reads),
    },
  );
  return { ...summary, findings, failures };
}
