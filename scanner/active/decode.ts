import type { CodedError } from '../../base/error.js';
import { type Json, parseJson } from '../../base/json.js';
import type { RuleKind } from '../../base/rule-kind.js';
import type { Item, ItemKind } from '../../packs/item.js';
import { decodeIndicator, type Indicator, indicatorId } from '../../rules/ioc/indicator.js';
import { decodePool, type Pool, poolId } from '../../rules/pools/pool.js';
import { decodeSigma } from '../../rules/sigma/normal-form.js';
import type { SigmaRule } from '../../rules/sigma/rule.js';
import { decodeTriage, type TriageDocument, triageId } from '../../rules/triage/matrix.js';
import { refusedOrThrow, ScannerError } from '../error.js';

/** What the line of an item of each kind says, in the normal form of docs/spec/sigma.md and docs/spec/indicators.md. */
interface Decoded extends Record<ItemKind, object> {
  readonly sigma: { readonly rule: SigmaRule };
  readonly ioc: { readonly indicator: Indicator };
  readonly pool: { readonly pool: Pool };
  readonly triage: { readonly document: TriageDocument };
  readonly attribution: { readonly value: Json };
}

type DecodedOf<K extends ItemKind> = K extends ItemKind
  ? { readonly kind: K; readonly id: string; readonly line: string } & Decoded[K]
  : never;

export type DecodedItem = DecodedOf<ItemKind>;
export type RuleItem = DecodedOf<RuleKind>;

/** What a pack says about the sources of its rules is no rule. */
export function isRule(item: DecodedItem): item is RuleItem {
  return item.kind !== 'attribution';
}

/**
 * All items of a pack, or none: a pack that holds something that this version cannot use is not for it.
 *
 * @throws ScannerError `pack-unloadable`
 */
export function decodeItems(items: readonly Item[], subject: string): DecodedItem[] {
  return items.map((item) => {
    try {
      return decodeItem(item);
    } catch (error) {
      const cause: CodedError = refusedOrThrow(error);
      throw new ScannerError('pack-unloadable', `${subject} ${item.kind} ${item.id}: ${cause.message}`, { cause });
    }
  });
}

function decodeItem({ kind, id, line }: Item): DecodedItem {
  const value = parseJson(line);
  switch (kind) {
    case 'sigma':
      return { kind, id, line, rule: decodeSigma(value) };
    case 'ioc': {
      const indicator = decodeIndicator(withoutId(value));
      requireId(id, indicatorId(indicator));
      return { kind, id, line, indicator };
    }
    case 'pool': {
      const pool = decodePool(withoutId(value));
      requireId(id, poolId(pool));
      return { kind, id, line, pool };
    }
    case 'triage': {
      const document = decodeTriage(withoutId(value));
      requireId(id, triageId(document));
      return { kind, id, line, document };
    }
    case 'attribution':
      return { kind, id, line, value };
  }
}

/** The line of a pack names its item; the normal form of indicators and pools gets its id from its other members. */
function withoutId(value: Json): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'id'));
}

function requireId(id: string, derived: string): void {
  if (id !== derived) throw new ScannerError('pack-unloadable', `id: expected ${derived}, got ${id}`);
}
