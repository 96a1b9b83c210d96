import { type Json, parseJson } from '../base/json.js';
import type { Item, ItemKind } from '../packs/item.js';
import { ScannerError } from './error.js';

/** An item of a pack as data: its normal form (docs/spec/sigma.md and the pages beside it). */
export interface DecodedItem {
  readonly kind: ItemKind;
  readonly id: string;
  readonly value: { readonly [member: string]: Json };
  /** Canonical JSON of `value`. */
  readonly line: string;
}

/** @throws ScannerError `pack-unloadable` for an item that this version of yms cannot use */
export function decodeItems(items: readonly Item[], subject: string): DecodedItem[] {
  return items.map(({ kind, id, line }) => {
    const value = parseJson(line, `${subject} ${kind} ${id}`);
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new ScannerError('pack-unloadable', `${subject} ${kind} ${id}: expected an object, got another value`);
    return { kind, id, line, value: value as DecodedItem['value'] };
  });
}
