import type { Json } from '../base/json.js';
import type { RuleKind } from '../base/rule-kind.js';
import type { Fault } from './fault.js';

/**
 * A rule ready for a pack: `value` is its normal form (docs/spec), whose canonical JSON is the item's line.
 * Ids: a Sigma rule's `id`, an indicator's `<type>:<normalised value>`, a pool's `<kind>:<pattern>`,
 * a triage document's `triage:<name>`.
 */
export interface CompiledItem {
  readonly kind: RuleKind;
  readonly id: string;
  readonly value: Json;
}

/** How bad an id is that an earlier file has: lists of indicators and pools overlap, documents that people write do not. */
export const takenIdSeverity: Readonly<Record<RuleKind, Fault['severity']>> = {
  sigma: 'error',
  triage: 'error',
  ioc: 'warning',
  pool: 'warning',
};
