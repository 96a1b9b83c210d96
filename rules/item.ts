import type { Json } from '../base/json.js';

export type CompiledKind = 'sigma' | 'ioc' | 'pool' | 'triage';

/**
 * A rule ready for a pack: `value` is its normal form (docs/spec), whose canonical JSON is the item's line.
 * Ids: a Sigma rule's `id`, an indicator's `<type>:<normalised value>`, a pool's `<kind>:<pattern>`,
 * a triage document's `triage:<name>`.
 */
export interface CompiledItem {
  readonly kind: CompiledKind;
  readonly id: string;
  readonly value: Json;
}
