import { utf8 } from '../base/bytes.js';
import { CodedError } from '../base/error.js';
import { canonicalJson, type Json, parseCanonicalJson } from '../base/json.js';
import { PackError } from './error.js';

/** In the order of the content digest: sorted by UTF-8 bytes. */
export const itemKinds = ['attribution', 'ioc', 'pool', 'sigma', 'triage'] as const;
export type ItemKind = (typeof itemKinds)[number];

/** One rule as packs carry it: known by kind and id, otherwise opaque. */
export interface Item {
  readonly kind: ItemKind;
  readonly id: string;
  /** Canonical JSON of an object whose member `id` is `id`, without line feed. */
  readonly line: string;
}

export const maxLineBytes = 1_048_576;
export const maxIdBytes = 4096;

const lineFeed = 0x0a;

/**
 * The item of a value. An object gets the member `id` if it lacks it, so that every line says by itself what it is.
 *
 * @throws PackError `item-malformed` when the value is no object, has another id, or is too long or too deep
 */
export function encodeItem(kind: ItemKind, id: string, value: Json): Item {
  const line = canonicalJson(isObject(value) && !('id' in value) ? { ...value, id } : value);
  const item = parseItem(kind, utf8(line), `${kind} ${id}`);
  if (item.id !== id)
    throw new PackError('item-malformed', `${kind} ${id}: expected this id in the value, got "${item.id}"`);
  return item;
}

/**
 * The items sorted by kind and id.
 *
 * @throws PackError `item-duplicate` for a (kind, id) that comes twice
 */
export function sortItems(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: Buffer.from(`${item.kind}\0${item.id}`) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  keyed.forEach(({ item, key }, i) => {
    if (keyed[i - 1]?.key.equals(key))
      throw new PackError('item-duplicate', `${item.kind} items: expected each id once, got "${item.id}" twice`);
  });
  return keyed.map(({ item }) => item);
}

/** The content of an item file: sorted lines of one kind, each with its line feed. */
export function encodeLines(items: readonly Item[]): Uint8Array {
  return utf8(items.map(({ line }) => `${line}\n`).join(''));
}

/**
 * Reads an item file.
 *
 * @throws PackError `item-malformed`, `item-duplicate`, `item-order`, with the file and line as its place
 */
export function parseLines(kind: ItemKind, bytes: Uint8Array, file: string): Item[] {
  if (bytes.at(-1) !== lineFeed)
    throw new PackError('item-malformed', `${file}: expected lines that end in a line feed, got none at the end`);
  const items: Item[] = [];
  let previous: Buffer | null = null;
  for (let start = 0, end; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(lineFeed, start);
    const place = { file, line: items.length + 1 };
    const item = parseItem(kind, bytes.subarray(start, end), `${file} line ${place.line}`, place);
    const key = Buffer.from(item.id);
    const order = previous === null ? -1 : Buffer.compare(previous, key);
    if (order === 0)
      throw new PackError('item-duplicate', `${file}: expected each id once, got "${item.id}" twice`, { place });
    if (order > 0)
      throw new PackError('item-order', `${file}: expected sorted ids, got "${item.id}" too late`, { place });
    previous = key;
    items.push(item);
  }
  return items;
}

/** @throws PackError `item-malformed` */
export function parseItem(
  kind: ItemKind,
  line: Uint8Array,
  subject: string = kind,
  place?: { file: string; line: number },
): Item {
  const details = place ? { place } : {};
  if (line.length > maxLineBytes)
    throw new PackError(
      'item-malformed',
      `${subject}: expected at most ${maxLineBytes} bytes, got ${line.length}`,
      details,
    );
  let value: Json;
  try {
    value = parseCanonicalJson(line, subject);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new PackError('item-malformed', cause.message, { ...details, cause });
  }
  const id = isObject(value) && Object.hasOwn(value, 'id') ? value['id'] : undefined;
  if (typeof id !== 'string' || !isItemId(id))
    throw new PackError(
      'item-malformed',
      `${subject}: expected an object with an id of 1 to ${maxIdBytes} bytes without control characters, got another`,
      details,
    );
  return { kind, id, line: Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8') };
}

function isItemId(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= maxIdBytes && !/\p{Cc}/u.test(id);
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
