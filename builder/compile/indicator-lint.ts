import type { Fault } from '../../rules/fault.js';
import { indicatorId, isExpired, type Indicator } from '../../rules/ioc/indicator.js';
import { maxFaults } from '../../rules/ioc/text-list.js';
import type { LintCode, WarningList } from '../../rules/ioc/warning-list.js';
import type { CompiledItem } from '../../rules/item.js';

/** What the lint refuses in an indicator: it stays out of the pack, and the rest of its list goes in. */
const refusals: readonly LintCode[] = [
  'address-reserved',
  'resolver-public',
  'network-wide',
  'site-top',
  'domain-shared',
  'domain-suffix',
  'domain-reserved',
  'hash-common',
  'key-common',
];

export function isRefusal({ code, severity }: Pick<Fault, 'code' | 'severity'>): boolean {
  return severity === 'error' && refusals.some((refusal) => refusal === code);
}

export interface Judgement {
  readonly faults: readonly Fault[];
  /** Why an item stays out of a pack, by its id. */
  readonly reasons: ReadonlyMap<string, string>;
}

/** Judges the indicators of one file by the warning list, and by the time at which the pack is built. */
export function judgeIndicators(
  items: readonly CompiledItem[],
  file: string,
  now: Date,
  warningList: WarningList,
): Judgement {
  const indicators = items.filter(({ kind }) => kind === 'ioc').map(({ value }) => value as unknown as Indicator);
  const faults: Fault[] = [];
  const reasons = new Map<string, string>();
  for (const indicator of indicators)
    if (isExpired(indicator, now)) reasons.set(indicatorId(indicator), `expired at ${indicator.expiresAt ?? ''}`);
  let leftOut = 0;
  for (const { code, message, severity, indicator } of warningList.lint(indicators, now)) {
    const id = indicatorId(indicator);
    if (severity === 'error' && !reasons.has(id)) reasons.set(id, `${message} (${code})`);
    if (faults.length < maxFaults) faults.push({ code, message, severity, place: { file } });
    else leftOut++;
  }
  if (leftOut > 0) {
    const message = `file: expected at most ${maxFaults} faults of indicators, got ${leftOut} more`;
    faults.push({ code: 'faults-left-out', message, place: { file }, severity: 'warning' });
  }
  return { faults, reasons };
}
