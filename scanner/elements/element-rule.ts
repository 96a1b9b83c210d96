import type { RuleKind } from '../../base/rule-kind.js';
import type { Indicator } from '../../rules/ioc/indicator.js';
import type { Pool } from '../../rules/pools/pool.js';
import type { MergedRule } from '../merge/merged-rule.js';
import type { Column } from '../findings/element-table.js';

/** What rules of each kind are applied to: the events of logs, or every element of a host (docs/elements.md). */
const targets = {
  sigma: 'events',
  triage: 'events',
  ioc: 'elements',
  pool: 'elements',
} as const satisfies Record<RuleKind, 'events' | 'elements'>;

type ElementRuleKind = { [K in RuleKind]: (typeof targets)[K] extends 'elements' ? K : never }[RuleKind];

/** A rule that elements are looked at for, and where it is from. */
export type ElementRule = Extract<MergedRule, { readonly kind: ElementRuleKind }>;

export function isElementKind(kind: RuleKind): kind is ElementRuleKind {
  return targets[kind] === 'elements';
}

export function isElementRule(rule: MergedRule): rule is ElementRule {
  return isElementKind(rule.kind);
}

/** What such a rule looks for. */
export type Sought = Indicator | Pool;

export function soughtBy(rule: ElementRule): Sought {
  switch (rule.kind) {
    case 'ioc':
      return rule.indicator;
    case 'pool':
      return rule.pool;
  }
}

export function columnOf(sought: Sought): Column {
  return isIndicator(sought) ? sought.type : `pool ${sought.match}`;
}

export function isIndicator(sought: Sought): sought is Indicator {
  return 'type' in sought;
}

export function isTrusted(sought: Sought): sought is Indicator {
  return isIndicator(sought) && sought.role === 'trusted';
}

/** What a rule adds to its element; what is trusted takes away. */
export function scoreOf(sought: Sought): number {
  return isTrusted(sought) ? -Math.abs(sought.score) : sought.score;
}
