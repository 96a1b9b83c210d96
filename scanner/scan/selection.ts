import { Correlator } from '../../rules/sigma/correlator.js';
import { sourceWords } from '../../rules/sigma/known-sources.js';
import { isMapped, type LogSourceTable } from '../../rules/sigma/logsource.js';
import { type Level, levels } from '../../rules/sigma/metadata.js';
import { levelOf } from '../merge/level.js';
import { type MergedRule, reachOf } from '../merge/merged-rule.js';
import type { RuleLine, RuleOf } from './detector.js';

/** A rule whose log source no log is known to be of. */
export interface UnmappedRule {
  readonly ruleId: string;
  readonly title: string;
  /** `product=windows, service=sysmom` */
  readonly logSource: string;
}

type SigmaItem = Extract<MergedRule, { readonly kind: 'sigma' }>;

/**
 * The rules that report at `minLevel` and above, and what these need: the filters that narrow them and the rules that
 * their correlations count. A rule that a correlation counts is silent unless the correlation says `generate`, whether
 * the correlation itself reports or not.
 */
export function selectRules(rules: readonly MergedRule[], minLevel: Level): RuleLine[] {
  const sigma = rules.filter((rule) => rule.kind === 'sigma');
  const entries = sigma.map((item) => ({ item, rule: item.rule, pack: reachOf(item) }));
  const correlator = new Correlator(entries);
  const reporting = new Set(
    entries.filter((entry) => isAtLeast(levelOf(entry.item), minLevel) && !correlator.isSilent(entry)),
  );
  const needed = withCounted(sigma, new Set([...reporting].map(({ item }) => item)));
  const numbers = new Map(rules.map((rule, number) => [rule, number]));
  return entries.flatMap((entry): RuleLine[] => {
    const { item, pack } = entry;
    if (!('filter' in item.rule) && !needed.has(item)) return [];
    const isReported = reporting.has(entry) && !('filter' in item.rule);
    return [{ rule: numbers.get(item) ?? -1, kind: 'sigma', line: item.line, pack, isReported }];
  });
}

/** Finds the rule of a line among those that the lines were selected from. */
export function ruleIn(rules: readonly MergedRule[]): RuleOf {
  return ({ rule: number, line }) => {
    const merged = rules[number];
    return merged?.kind === 'sigma' ? merged.rule : (JSON.parse(line) as SigmaItem['rule']);
  };
}

/** The rules that no log can be of, whatever is scanned. */
export function unmappedRules(lines: readonly RuleLine[], ruleOf: RuleOf, table: LogSourceTable): UnmappedRule[] {
  return lines.flatMap((line) => {
    const rule = ruleOf(line);
    if (!('detection' in rule) || isMapped(rule.logsource, table)) return [];
    return [{ ruleId: rule.id, title: rule.title, logSource: sourceWords(rule.logsource) }];
  });
}

/** Correlations refer to rules by id or name; those of other packs that have them too cost little. */
function withCounted(sigma: readonly SigmaItem[], wanted: ReadonlySet<SigmaItem>): ReadonlySet<SigmaItem> {
  const all = new Set(wanted);
  for (const { rule } of all) {
    if (!('correlation' in rule)) continue;
    const references = new Set(rule.correlation.rules);
    for (const other of sigma)
      if (references.has(other.id) || references.has(other.rule.name ?? other.id)) all.add(other);
  }
  return all;
}

function isAtLeast(level: Level, minLevel: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(minLevel);
}
