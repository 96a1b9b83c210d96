import type { Json } from '../../base/json.js';
import { EventsError } from '../error.js';
import type { FieldValue } from '../event.js';
import type { ReadReport } from '../report.js';
import type { ByteSource } from '../source.js';
import { BinXmlReader, isElement, type Element, type Part, type Substitution } from './binxml.js';
import { decodeRecords } from './chunk.js';
import { readChunks } from './file.js';
import { Fragments, type Instance } from './fragment.js';
import { maxJoinedUnits } from './record.js';
import { maxFields, type Context } from './template.js';
import { readFileTime, readGuid, readValue, valueType } from './value.js';

/** The objects of an EVTX file, an array a chunk; faults are reported as when reading flat events. */
export function readEvtxJson(source: ByteSource, report: ReadReport): AsyncGenerator<Json[]> {
  return readChunks(source, report, (chunk, offset) => {
    const renderer = new JsonRenderer(chunk);
    return decodeRecords(
      chunk,
      (record) => renderer.event(record.at, record.end),
      (code, at, message) => report.skip(code, offset + at, message),
    );
  });
}

/**
 * Events in the JSON shape of the `evtx_dump` tool: attributes under `#attributes`, text beside them under `#text`, a
 * `Data` element under its `Name`, unnamed ones together, an empty element as null. GUIDs come without braces and times
 * with microseconds, as that tool writes them.
 */
export class JsonRenderer {
  readonly #bytes: Buffer;
  readonly #fragments: Fragments;
  #elements = 0;
  #units = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#fragments = new Fragments(new BinXmlReader(bytes));
  }

  /** @throws EventsError as for flat events */
  event(at: number, end: number): Json {
    this.#elements = this.#units = 0;
    const members = new Members();
    this.#fragment(at, end, 'event', 0, members);
    return Object.fromEntries(members.entries());
  }

  #fragment(at: number, end: number, context: Context, depth: number, members: Members): void {
    for (const instance of this.#fragments.read(at, end, context, depth))
      this.#element(instance.root, instance, depth, members);
  }

  #element(element: Element, instance: Instance, depth: number, members: Members): void {
    if (++this.#elements > maxFields)
      throw new EventsError('record-too-large', `event: expected at most ${maxFields} elements, got more`);
    const attributes: [string, Json][] = [];
    for (const { name, parts } of element.attributes) {
      const value = this.#content(parts, instance);
      if (value !== null) attributes.push([name, value]);
    }
    const children = new Members();
    const parts: Part[] = [];
    for (const child of element.children) {
      if (isElement(child)) this.#element(child, instance, depth, children);
      else if (typeof child !== 'string' && instance.types[child.index] === valueType.binXml) {
        const start = instance.starts[child.index] ?? 0;
        this.#fragment(start, start + (instance.sizes[child.index] ?? 0), 'section', depth + 1, children);
      } else parts.push(child);
    }
    const text = this.#content(parts, instance);
    const inner = children.entries();
    const name = element.name === 'Data' ? attributes.find(([attribute]) => attribute === 'Name')?.[1] : undefined;
    if (typeof name === 'string') members.add(name, text);
    else if (element.name === 'Data' && attributes.length === 0 && inner.length === 0) members.addUnnamed(text);
    else members.add(element.name, join(attributes, inner, text));
  }

  #content(parts: readonly Part[], instance: Instance): FieldValue {
    const [only] = parts;
    if (only === undefined) return null;
    if (parts.length === 1) return this.#part(only, instance);
    let text = '';
    for (const part of parts) {
      const value = this.#part(part, instance);
      if (value !== null) text += Array.isArray(value) ? value.join(',') : String(value);
    }
    return text;
  }

  /** A template may name the same value any number of times, so what comes of it is counted. */
  #part(part: Part, instance: Instance): FieldValue {
    const value = typeof part === 'string' ? part : this.#value(part, instance);
    this.#units += typeof part === 'string' ? part.length : (instance.sizes[part.index] ?? 0);
    if (this.#units > maxJoinedUnits)
      throw new EventsError('record-too-large', `event: expected at most ${maxJoinedUnits} units of text, got more`);
    return value;
  }

  #value({ index }: Substitution, { types, starts, sizes }: Instance): FieldValue {
    const type = types[index] ?? valueType.null;
    const start = starts[index] ?? 0;
    const size = sizes[index] ?? 0;
    if (type === valueType.guid && size >= 16) return readGuid(this.#bytes, start);
    if (type === valueType.fileTime && size >= 8) return readFileTime(this.#bytes, start, 6);
    return readValue(this.#bytes, type, start, size);
  }
}

/** The members of an element: a name that comes several times gets a list, unnamed data one `Data` for all. */
class Members {
  readonly #lists = new Map<string, Json[]>();
  readonly #unnamed: Json[] = [];

  add(name: string, value: Json): void {
    const list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, [value]);
    else list.push(value);
  }

  addUnnamed(text: Json): void {
    if (Array.isArray(text)) for (const entry of text as Json[]) this.#unnamed.push(entry);
    else this.#unnamed.push(text);
  }

  entries(): [string, Json][] {
    if (this.#unnamed.length > 0) this.add('Data', { '#text': single(this.#unnamed) });
    return [...this.#lists].map(([name, list]) => [name, single(list)]);
  }
}

function single(list: Json[]): Json {
  return list.length === 1 ? (list[0] ?? null) : list;
}

function join(attributes: [string, Json][], children: [string, Json][], text: Json): Json {
  if (attributes.length === 0 && children.length === 0) return text;
  const members: [string, Json][] = [];
  if (attributes.length > 0) members.push(['#attributes', Object.fromEntries(attributes)]);
  if (text !== null && text !== '') members.push(['#text', text]);
  return Object.fromEntries([...members, ...children]);
}
