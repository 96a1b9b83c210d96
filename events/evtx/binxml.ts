import { EventsError } from '../error.js';
import { readText, valueType } from './value.js';

/** A place of a template that each event fills; `optional`: absent with its element or attribute when it is null. */
export interface Substitution {
  readonly index: number;
  readonly type: number;
  readonly optional: boolean;
}

/** Content in order: fixed text, places to fill, and (in elements only) elements. */
export type Part = string | Substitution;

export interface Attribute {
  readonly name: string;
  readonly parts: readonly Part[];
}

export interface Element {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly children: readonly (Part | Element)[];
}

export function isElement(child: Part | Element): child is Element {
  return typeof child !== 'string' && 'children' in child;
}

/** Elements nested deeper are refused; real events stay below ten. */
export const maxElementDepth = 64;
/** UTF-16 units of an element or attribute name. */
export const maxNameUnits = 1024;

const token = {
  endOfStream: 0x00,
  openStartElement: 0x01,
  closeStartElement: 0x02,
  closeEmptyElement: 0x03,
  endElement: 0x04,
  value: 0x05,
  attribute: 0x06,
  cdata: 0x07,
  characterReference: 0x08,
  entityReference: 0x09,
  processingTarget: 0x0a,
  processingData: 0x0b,
  templateInstance: 0x0c,
  substitution: 0x0d,
  optionalSubstitution: 0x0e,
  fragmentHeader: 0x0f,
} as const;

export const templateInstanceToken = token.templateInstance;

/** More elements, attributes and text follow this token; only the element's and attribute's flag is of use here. */
const moreFlag = 0x40;

const entities = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * Reads the tokens of one chunk's BinXML (MS-EVEN6 section 2.2.12). Names are shared within the chunk and kept by their
 * offset. Every read is bounded by the region given to {@link BinXmlReader.open}.
 */
export class BinXmlReader {
  readonly bytes: Buffer;
  /** Where the next token starts, from the chunk's start. */
  at = 0;
  #end = 0;
  readonly #names = new Map<number, string>();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  open(at: number, end: number): void {
    this.at = at;
    this.#end = end;
  }

  /** The token at the cursor without its flag; the end of the region reads as the end of the stream. */
  peekToken(): number {
    return this.at < this.#end ? (this.bytes[this.at] ?? 0) & ~moreFlag : token.endOfStream;
  }

  /** Steps over fragment headers and processing instructions, which say nothing about an event. */
  skipProlog(): void {
    for (;;) {
      const next = this.peekToken();
      if (next === token.fragmentHeader) this.skip(4);
      else if (next === token.processingTarget || next === token.processingData) this.#processing(next);
      else return;
    }
  }

  /**
   * The element at the cursor, or null at the end of the stream.
   *
   * @throws EventsError `binxml-token`, `binxml-truncated`, `binxml-name`, `binxml-depth`, `value-type`
   */
  element(depth = 0): Element | null {
    this.skipProlog();
    const next = this.peekToken();
    if (next === token.endOfStream) return null;
    if (next !== token.openStartElement) throw this.#unexpected('an element', next);
    if (depth === maxElementDepth)
      throw new EventsError('binxml-depth', `element: expected at most ${maxElementDepth} levels, got more`);
    const hasAttributes = this.#byte() !== next;
    this.#elementSize();
    const name = this.#name();
    const attributes: Attribute[] = [];
    if (hasAttributes) this.skip(4);
    while (this.peekToken() === token.attribute) {
      this.#byte();
      attributes.push({ name: this.#name(), parts: this.#parts() });
    }
    const close = this.#byte();
    if (close === token.closeEmptyElement) return { name, attributes, children: [] };
    if (close !== token.closeStartElement) throw this.#unexpected('the end of a start tag', close);
    const children: (Part | Element)[] = [];
    for (;;) {
      children.push(...this.#parts());
      const following = this.peekToken();
      if (following === token.endElement) break;
      if (following === token.processingTarget || following === token.processingData) {
        this.#processing(following);
        continue;
      }
      const child = this.element(depth + 1);
      if (child === null) throw new EventsError('binxml-truncated', `element ${name}: expected its end, got none`);
      children.push(child);
    }
    this.#byte();
    return { name, attributes, children };
  }

  /**
   * Fragments inside substitution values leave out the dependency identifier (two bytes before the size) that template
   * definitions have. The size tells: read at the wrong place it does not fit.
   */
  #elementSize(): void {
    const withIdentifier = this.#fits(this.at + 2);
    if (withIdentifier || !this.#fits(this.at)) this.skip(2);
    this.skip(4);
  }

  #fits(at: number): boolean {
    if (at + 4 > this.#end) return false;
    return this.bytes.readUInt32LE(at) <= this.#end - at - 4;
  }

  /** Text, references and substitutions up to any other token; adjacent text is one part. */
  #parts(): Part[] {
    const parts: Part[] = [];
    for (;;) {
      const next = this.peekToken();
      switch (next) {
        case token.value:
          this.#byte();
          this.#expectString();
          addText(parts, this.#countedText());
          break;
        case token.cdata:
          this.#byte();
          addText(parts, this.#countedText());
          break;
        case token.characterReference:
          this.#byte();
          addText(parts, String.fromCharCode(this.#uint16()));
          break;
        case token.entityReference: {
          this.#byte();
          const name = this.#name();
          addText(parts, entities.get(name) ?? `&${name};`);
          break;
        }
        case token.substitution:
        case token.optionalSubstitution: {
          this.#byte();
          const index = this.#uint16();
          parts.push({ index, type: this.#byte(), optional: next === token.optionalSubstitution });
          break;
        }
        default:
          return parts;
      }
    }
  }

  #expectString(): void {
    const type = this.#byte();
    if (type !== valueType.string)
      throw new EventsError('value-type', `text at ${this.at - 1}: expected a string (1), got type ${type}`);
  }

  #processing(kind: number): void {
    this.#byte();
    if (kind === token.processingTarget) this.#name();
    else this.#countedText();
  }

  #countedText(): string {
    const size = 2 * this.#uint16();
    const at = this.at;
    this.skip(size);
    return readText(this.bytes, at, size);
  }

  /** A name stands where it is first used; later uses give its offset in the chunk. */
  #name(): string {
    const offset = this.#uint32();
    const isHere = offset === this.at;
    let name = this.#names.get(offset);
    if (name === undefined) {
      if (offset + 8 > this.bytes.length)
        throw new EventsError('binxml-name', `name: expected an offset inside the chunk, got ${offset}`);
      const units = this.bytes.readUInt16LE(offset + 6);
      if (units > maxNameUnits)
        throw new EventsError('binxml-name', `name at ${offset}: expected at most ${maxNameUnits} units, got ${units}`);
      if (offset + 8 + 2 * units > this.bytes.length)
        throw new EventsError('binxml-name', `name at ${offset}: expected ${units} units in the chunk, got its end`);
      name = readText(this.bytes, offset + 8, 2 * units);
      this.#names.set(offset, name);
    }
    if (isHere) this.skip(8 + 2 * this.bytes.readUInt16LE(offset + 6) + 2);
    return name;
  }

  #byte(): number {
    const at = this.at;
    this.skip(1);
    return this.bytes[at] ?? 0;
  }

  #uint16(): number {
    const at = this.at;
    this.skip(2);
    return this.bytes.readUInt16LE(at);
  }

  #uint32(): number {
    const at = this.at;
    this.skip(4);
    return this.bytes.readUInt32LE(at);
  }

  /** @throws EventsError `binxml-truncated` */
  skip(size: number): void {
    if (size > this.#end - this.at)
      throw new EventsError(
        'binxml-truncated',
        `binxml at ${this.at}: expected ${size} more bytes, got ${this.#end - this.at}`,
      );
    this.at += size;
  }

  #unexpected(expected: string, got: number): EventsError {
    return new EventsError(
      'binxml-token',
      `binxml at ${this.at}: expected ${expected}, got token 0x${got.toString(16)}`,
    );
  }
}

function addText(parts: Part[], text: string): void {
  const last = parts.at(-1);
  if (typeof last === 'string') parts[parts.length - 1] = last + text;
  else if (text !== '') parts.push(text);
}
