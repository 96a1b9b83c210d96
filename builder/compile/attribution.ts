import type { Json } from '../../base/json.js';
import type { RuleKind } from '../../base/rule-kind.js';
import type { CompiledItem } from '../../rules/item.js';
import type { PackRule } from './compile.js';

/** An item of kind `attribution`: who wrote a rule, where it is from and under which terms (DRL 1.1, section 2). */
export interface AttributionItem {
  readonly kind: 'attribution';
  readonly id: string;
  readonly value: Json;
}

/** Whether each rule of a kind names its author and terms, or its file stands for all of it. */
const credited: Readonly<Record<RuleKind, 'rule' | 'file'>> = {
  sigma: 'rule',
  ioc: 'file',
  pool: 'file',
  triage: 'file',
};

/**
 * One item a Sigma rule, under the rule's id: author and license as the rule names them, license and origin else as its
 * source does, and the recorded path of its file. One item a file of indicators or pools whose source names a license or
 * an origin, under `file:<recorded path>`.
 */
export function attributionsOf(rules: readonly PackRule[]): AttributionItem[] {
  const items = new Map<string, AttributionItem>();
  for (const { item, file, source } of rules) {
    const isCredited = credited[item.kind] === 'rule';
    const written = isCredited ? authorship(item) : {};
    const { author } = written;
    const license = written.license ?? source.license ?? undefined;
    const origin = source.origin ?? undefined;
    if (!isCredited && license === undefined && origin === undefined) continue;
    const id = isCredited ? item.id : `file:${file}`;
    const value = {
      id,
      file,
      ...(author !== undefined && { author }),
      ...(license !== undefined && { license }),
      ...(origin !== undefined && { source: origin }),
    };
    items.set(id, { kind: 'attribution', id, value });
  }
  return [...items.values()];
}

function authorship({ value }: CompiledItem): { author?: string; license?: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const { author, license } = value as Readonly<Record<string, Json>>;
  return {
    ...(typeof author === 'string' && { author }),
    ...(typeof license === 'string' && { license }),
  };
}
