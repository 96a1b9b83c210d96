import type { MatchedFields } from '../../rules/sigma/matcher.js';
import { titleOf } from '../merge/level.js';
import { reachOf } from '../merge/merged-rule.js';
import type { ElementRule } from './element-rule.js';
import type { Fact } from './observation.js';
import type { ElementReason } from '../findings/finding.js';

/** A rule that an element fulfils, the fact that shows it, and what it adds to the element's score. */
export interface Evidence {
  readonly rule: ElementRule;
  readonly fact: Fact;
  readonly score: number;
}

export interface Verdict {
  readonly score: number;
  /** The rule that weighs most. */
  readonly top: ElementRule;
  /** The heaviest first, at most {@link maxReasons}. */
  readonly reasons: readonly ElementReason[];
  /** How many rules there are reasons from. */
  readonly count: number;
  /** Names and values of the facts that show it; a list where several have one name. */
  readonly matched: MatchedFields;
}

/** Elements below are no findings. */
export const noticeScore = 40;

export const maxReasons = 50;
const maxFactLength = 2000;

/**
 * The score of an element. Each pack's items add up by themselves; local ones, which reach across packs, are added to
 * every pack's, good or bad. The highest sum is the element's. Null below {@link noticeScore}.
 */
export function weigh(evidence: ReadonlyMap<ElementRule, Evidence>): Verdict | null {
  if (evidence.size === 0) return null;
  const sums = new Map<string | null, number>();
  for (const { rule, score } of evidence.values()) if (score > 0) sums.set(reachOf(rule), 0);
  for (const { rule, score } of evidence.values()) {
    const reach = reachOf(rule);
    for (const [pack, sum] of sums) if (reach === null || reach === pack) sums.set(pack, sum + score);
  }
  const score = Math.max(...sums.values());
  if (score < noticeScore) return null;
  const counted = [...evidence.values()]
    .filter(
      ({ rule, score: own }) => own !== 0 && (reachOf(rule) === null || (sums.get(reachOf(rule)) ?? 0) >= noticeScore),
    )
    .sort((a, b) => b.score - a.score || (a.rule.id < b.rule.id ? -1 : 1));
  const inHighest = counted.filter(({ rule }) => reachOf(rule) === null || sums.get(reachOf(rule)) === score);
  const [top] = inHighest;
  if (top === undefined) return null;
  const reasons = counted.slice(0, maxReasons);
  return {
    score,
    top: top.rule,
    reasons: reasons.map(({ rule, fact, score: own }) => ({
      ruleId: rule.id,
      title: titleOf(rule),
      score: own,
      source: { pack: rule.source.pack, version: rule.source.version, file: rule.source.file },
      in: fact.name,
    })),
    count: counted.length,
    matched: matchedOf(reasons.map(({ fact }) => fact)),
  };
}

function matchedOf(facts: readonly Fact[]): MatchedFields {
  const values = new Map<string, Set<string>>();
  for (const { name, value } of facts) values.set(name, (values.get(name) ?? new Set()).add(cut(value)));
  return Object.fromEntries(
    [...values].map(([name, [first = '', ...more]]) => [name, more.length > 0 ? [first, ...more] : first]),
  );
}

function cut(text: string): string {
  return text.length > maxFactLength ? `${text.slice(0, maxFactLength).toWellFormed()}…` : text;
}
