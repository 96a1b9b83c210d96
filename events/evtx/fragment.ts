import { EventsError } from '../error.js';
import { templateInstanceToken, type BinXmlReader, type Element } from './binxml.js';
import { compilePlan, contexts, type Context, type Plan } from './template.js';

/** Fragments inside fragments; real events have two levels. */
export const maxFragmentDepth = 8;

/** Definitions do not overlap, so those of an honest chunk fit into one, even read in each of the three contexts. */
const maxDefinitionBytes = contexts.length * 65536;

const definitionHeaderSize = 24;
const descriptorSize = 4;

export interface Definition {
  readonly root: Element;
  readonly plan: Plan;
}

/** A template with the values of its places still as bytes, by index; an element without a template has no places. */
export interface Instance extends Definition {
  readonly types: readonly number[];
  /** From the start of the chunk. */
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
}

/** Reads BinXML fragments of one chunk and keeps its template definitions, each read once a context. */
export class Fragments {
  readonly #reader: BinXmlReader;
  readonly #definitions = new Map<number, Definition>();
  #definitionBytes = 0;

  constructor(reader: BinXmlReader) {
    this.#reader = reader;
  }

  /**
   * The template instances and bare elements of the region [at, end), in order; mostly one.
   *
   * @throws EventsError any code that starts with `binxml-` or `template-`
   */
  read(at: number, end: number, context: Context, depth: number): Instance[] {
    if (depth === maxFragmentDepth)
      throw new EventsError('binxml-depth', `fragment: expected at most ${maxFragmentDepth} levels, got more`);
    const reader = this.#reader;
    const found: Instance[] = [];
    reader.open(at, end);
    for (;;) {
      reader.skipProlog();
      if (reader.peekToken() === templateInstanceToken) {
        found.push(this.#instance(end, context));
        continue;
      }
      const root = reader.element();
      if (root === null) return found;
      found.push({ root, plan: compilePlan(root, context), types: [], starts: [], sizes: [] });
    }
  }

  /** Token, one byte, template id, offset of the definition, perhaps the definition itself; then the values. */
  #instance(end: number, context: Context): Instance {
    const reader = this.#reader;
    const { bytes } = reader;
    reader.skip(10);
    const offset = bytes.readUInt32LE(reader.at - 4);
    let after = reader.at;
    if (offset === after) {
      reader.skip(definitionHeaderSize);
      reader.skip(bytes.readUInt32LE(offset + 20));
      after = reader.at;
    }
    const { root, plan } = this.#definition(offset, context);
    reader.open(after, end);
    reader.skip(4);
    const count = bytes.readUInt32LE(after);
    let descriptor = reader.at;
    if (count > (end - descriptor) / descriptorSize)
      throw new EventsError(
        'template-index',
        `template instance at ${after}: expected room for its values, got ${count}`,
      );
    reader.skip(count * descriptorSize);
    const types = new Array<number>(count);
    const starts = new Array<number>(count);
    const sizes = new Array<number>(count);
    let at = reader.at;
    for (let index = 0; index < count; index++) {
      const size = bytes.readUInt16LE(descriptor);
      types[index] = bytes.readUInt8(descriptor + 2);
      starts[index] = at;
      sizes[index] = size;
      at += size;
      descriptor += descriptorSize;
    }
    reader.skip(at - reader.at);
    return { root, plan, types, starts, sizes };
  }

  #definition(offset: number, context: Context): Definition {
    const key = offset * contexts.length + contexts.indexOf(context);
    let definition = this.#definitions.get(key);
    if (definition === undefined) {
      definition = this.#readDefinition(offset, context);
      this.#definitions.set(key, definition);
    }
    return definition;
  }

  #readDefinition(offset: number, context: Context): Definition {
    const reader = this.#reader;
    const { bytes } = reader;
    const start = offset + definitionHeaderSize;
    if (start > bytes.length)
      throw new EventsError('template-offset', `template: expected an offset inside the chunk, got ${offset}`);
    const size = bytes.readUInt32LE(offset + 20);
    if (size > bytes.length - start)
      throw new EventsError(
        'template-offset',
        `template at ${offset}: expected it to end in the chunk, got ${size} bytes`,
      );
    this.#definitionBytes += size;
    if (this.#definitionBytes > maxDefinitionBytes)
      throw new EventsError(
        'template-budget',
        `templates: expected at most ${maxDefinitionBytes} bytes a chunk, got more`,
      );
    reader.open(start, start + size);
    const root = reader.element();
    if (root === null) throw new EventsError('template-offset', `template at ${offset}: expected an element, got none`);
    return { root, plan: compilePlan(root, context) };
  }
}
