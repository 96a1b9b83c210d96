import { utf8 } from '../base/bytes.js';
import { shown } from '../base/shown.js';
import { CodedError, type Place } from '../base/error.js';
import { canonicalJson, type Json, maxJsonDepth, parseCanonicalJson } from '../base/json.js';
import { ruleKinds } from '../base/rule-kind.js';
import { PackError } from './error.js';

/** What packs carry: rules, and who wrote them. In the order of the content digest: sorted by UTF-8 bytes. */
export const itemKinds = ['attribution', ...ruleKinds] as const;
export type ItemKind = (typeof itemKinds)[number];

/** One rule as packs carry it: known by kind and id, otherwise opaque. */
class Item {
  readonly kind: ItemKind;
  /** 1 to {@link maxIdBytes} bytes without control characters. */
  readonly id: string;
  /** Canonical JSON of an object whose member `id` is `id`, at most {@link maxLineBytes} long, without line feed. */
  readonly line: string;
  /** Makes the type one that no other object has, a changed copy of an item either. */
  readonly #checked = true;

  constructor(kind: ItemKind, id: string, line: string) {
    this.kind = kind;
    this.id = id;
    this.line = line;
  }

  static isItem(value: object): boolean {
    return #checked in value;
  }
}
/** Only the type leaves this file: an item is what {@link encodeItem}, {@link parseItem} or {@link parseLines} made. */
export type { Item };

export const maxLineBytes = 1_048_576;
export const maxIdBytes = 4096;

const lineFeed = 0x0a;

/**
 * The item of a value. An object gets the member `id` if it lacks it, so that every line says by itself what it is.
 *
 * @throws PackError `item-malformed` when the value is no object, has another id, or is too long or too deep
 */
export function encodeItem(kind: ItemKind, id: string, value: Json): Item {
  const subject = `${kind} ${id}`;
  if (!isObject(value))
    throw new PackError(
      'item-malformed',
      `${subject}: expected an object, got ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}`,
    );
  const own = Object.hasOwn(value, 'id') ? value['id'] : id;
  if (own !== id)
    throw new PackError('item-malformed', `${subject}: expected this id in the value, got ${JSON.stringify(own)}`);
  if (isDeeper(value, maxJsonDepth))
    throw new PackError('item-malformed', `${subject}: expected at most ${maxJsonDepth} levels, got more`);
  const line = canonicalJson(Object.hasOwn(value, 'id') ? value : { ...value, id });
  checkLength(Buffer.byteLength(line), subject);
  return itemOf(kind, id, line, subject);
}

/**
 * The items sorted by kind and id.
 *
 * @throws PackError `item-duplicate` for a (kind, id) that comes twice, `item-malformed` for one that was not made here
 */
export function sortItems(items: readonly Item[]): Item[] {
  const foreign = items.find((item) => !Item.isItem(item));
  if (foreign)
    throw new PackError('item-malformed', `${foreign.kind} ${foreign.id}: expected a checked item, got a copy of one`);
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
export function parseItem(kind: ItemKind, line: Uint8Array, subject: string = kind, place?: Place): Item {
  checkLength(line.length, subject, place);
  let value: Json;
  try {
    value = parseCanonicalJson(line, subject);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new PackError('item-malformed', cause.message, { ...(place && { place }), cause });
  }
  const id = isObject(value) && Object.hasOwn(value, 'id') ? value['id'] : undefined;
  return itemOf(kind, id, Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8'), subject, place);
}

function itemOf(kind: ItemKind, id: unknown, line: string, subject: string, place?: Place): Item {
  if (typeof id !== 'string' || !isItemId(id))
    throw new PackError(
      'item-malformed',
      `${subject}: expected an object with an id of 1 to ${maxIdBytes} bytes without control characters, got the id ${shown(id)}`,
      place && { place },
    );
  return new Item(kind, id, line);
}

function checkLength(lineBytes: number, subject: string, place?: Place): void {
  if (lineBytes > maxLineBytes)
    throw new PackError(
      'item-malformed',
      `${subject}: expected at most ${maxLineBytes} bytes, got ${lineBytes}`,
      place && { place },
    );
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

function isItemId(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= maxIdBytes && !/\p{Cc}/u.test(id);
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
