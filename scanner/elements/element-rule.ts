import type { Indicator } from '../../rules/ioc/indicator.js';
import type { Pool } from '../../rules/pools/pool.js';
import type { MergedRule } from '../merge/merged-rule.js';
import type { Column } from '../findings/element-table.js';

/** A rule that elements are looked at for, and where it is from. */
export type ElementRule = Extract<MergedRule, { readonly kind: 'ioc' | 'pool' }>;

/** What such a rule looks for. */
export type Sought = Indicator | Pool;

export function soughtBy(rule: ElementRule): Sought {
  return rule.kind === 'ioc' ? rule.indicator : rule.pool;
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
