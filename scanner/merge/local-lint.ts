import type { Fault } from '../../rules/fault.js';
import type { RuleFile } from '../../rules/folder.js';
import type { Indicator } from '../../rules/ioc/indicator.js';
import { maxFaults } from '../../rules/ioc/text-list.js';
import { type LintCode, WarningList } from '../../rules/ioc/warning-list.js';

/** So many are looked at in a moment; a longer list is a feed, which `yms lint` is for. */
export const maxLintedIndicators = 100_000;

/** What hits nobody by mistake: names and addresses for examples. */
const harmless: ReadonlySet<LintCode> = new Set<LintCode>(['address-documentation']);

/**
 * What the warning list says about local indicators. They count all the same, as a site may know why it looks for its own
 * printer, but nobody should wonder where a thousand findings come from.
 */
export function lintLocalFiles(files: readonly RuleFile[], now: Date): Fault[] {
  const warningList = new WarningList();
  const faults: Fault[] = [];
  let left = maxLintedIndicators;
  let unseen = 0;
  for (const { file, kind, items } of files) {
    if (kind !== 'ioc') continue;
    const seen = items.slice(0, left).map(({ value }) => value as unknown as Indicator);
    left -= seen.length;
    unseen += items.length - seen.length;
    for (const { code, severity, message } of warningList.lint(seen, now))
      if (!harmless.has(code) && !(code === 'domain-reserved' && severity === 'warning') && faults.length < maxFaults)
        faults.push({ code, severity: 'warning', message: `${message} (kept, as it is local)`, place: { file } });
  }
  if (unseen > 0)
    faults.push({
      code: 'indicators-unchecked',
      severity: 'warning',
      message: `lists: expected at most ${maxLintedIndicators} indicators to hold against the warning list, got ${unseen} more (yms lint looks at all)`,
      place: {},
    });
  return faults;
}
