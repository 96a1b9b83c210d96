import type { SkipCode } from './error.js';

/** A longer object is skipped, so that a line of a gigabyte costs time and no memory. */
export const maxObjectBytes = 16 * 1024 * 1024;
export const maxObjectDepth = 64;

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

export interface FrameSink {
  /** The bytes of one object, valid until the call returns. */
  object(bytes: Buffer, offset: number): void;
  skip(code: SkipCode, offset: number, message: string): void;
  /** What is no object, line by line. */
  text(bytes: Buffer, offset: number): void;
}

type Mode = 'between' | 'object' | 'garbage';

/**
 * Cuts a stream of bytes into its objects: one a line, in an array, or one after the other over many lines. Looks only at
 * braces, brackets and strings; whether an object is JSON is for the parser to say.
 *
 * After a cut-off object it starts again at the next line that begins with one, because no string goes over a line's end
 * and an object begins only after `:`, `,` or `[`.
 */
export class JsonFrames {
  readonly #sink: FrameSink;
  readonly #maxBytes: number;
  #mode: Mode = 'between';
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** The last byte outside strings that is no white space. */
  #significant = 0;
  #isLineStart = false;
  /** The object before ended on the line it began on, so the next one should too. */
  #isOneLine = false;
  #sawNewline = false;
  #tooLong = false;
  #tooDeep = false;
  #start = 0;
  /** Of the bytes pushed next, in the file. */
  #offset: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(sink: FrameSink, offset = 0, maxBytes = maxObjectBytes) {
    this.#sink = sink;
    this.#offset = offset;
    this.#maxBytes = maxBytes;
  }

  /** Takes the next bytes of the stream; what it keeps of them it copies. */
  push(bytes: Buffer): void {
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#mode === 'object') {
        at = this.#scanObject(bytes, at, from);
        if (at < 0) break;
        continue;
      }
      const byte = bytes[at];
      if (byte === openBrace && this.#mode === 'between') {
        this.#begin(this.#offset + at);
        from = at;
        continue;
      }
      if (this.#mode === 'garbage') {
        if (byte === newline) this.#endGarbage(bytes.subarray(from, at));
        else if (byte === openBrace && this.#significant === comma) {
          this.#endGarbage(bytes.subarray(from, at));
          continue;
        } else if (byte !== undefined && byte > 0x20) this.#significant = byte;
      } else if (!isSeparator(byte ?? 0)) {
        this.#mode = 'garbage';
        this.#start = this.#offset + at;
        this.#significant = byte ?? 0;
        this.#tooLong = false;
        from = at;
        this.#sink.skip('json-not-object', this.#offset + at, 'json: expected an object, got text outside of one');
      }
      at++;
    }
    if (this.#mode !== 'between') this.#hold(bytes.subarray(from));
    this.#offset += bytes.length;
  }

  /** The end of the stream. */
  end(): void {
    if (this.#mode === 'garbage') this.#endGarbage(Buffer.alloc(0));
    else if (this.#mode === 'object')
      this.#abandon('expected the end of an object, got the end of the file', Buffer.alloc(0));
  }

  #begin(offset: number): void {
    this.#mode = 'object';
    this.#start = offset;
    this.#depth = 0;
    this.#significant = comma;
    this.#isLineStart = this.#isInString = this.#isEscaped = this.#sawNewline = this.#tooLong = this.#tooDeep = false;
    this.#held = [];
    this.#heldBytes = 0;
  }

  /**
   * @param start where the object starts in `bytes`, or 0 when it started earlier
   * @returns the offset after the object, or where to go on after a broken one, or -1 when more bytes are needed
   */
  #scanObject(bytes: Buffer, from: number, start: number): number {
    let depth = this.#depth;
    let isInString = this.#isInString;
    let isEscaped = this.#isEscaped;
    let significant = this.#significant;
    let isLineStart = this.#isLineStart;
    for (let at = from; at < bytes.length; at++) {
      let byte = bytes[at] ?? 0;
      if (isInString) {
        if (!isEscaped) {
          while (byte !== quote && byte !== backslash && byte !== newline && ++at < bytes.length) byte = bytes[at] ?? 0;
          if (at === bytes.length) break;
        }
        if (byte === newline) {
          this.#abandon('expected the end of a string, got the end of the line', bytes.subarray(start, at));
          return at;
        }
        isInString = isEscaped || byte !== quote;
        isEscaped = !isEscaped && byte === backslash;
        continue;
      }
      switch (byte) {
        case quote:
          isInString = true;
          significant = quote;
          break;
        case openBrace:
        case openBracket:
          if (depth > 0 && byte === openBrace && isLineStart && this.#startsAnother(significant)) {
            this.#abandon('expected the end of an object, got the next one', bytes.subarray(start, at));
            return at;
          }
          if (++depth > maxObjectDepth) this.#tooDeep = true;
          significant = byte;
          break;
        case closeBrace:
        case closeBracket:
          significant = byte;
          if (--depth > 0) break;
          this.#finish(bytes.subarray(start, at + 1));
          return at + 1;
          break;
        case newline:
          this.#sawNewline = true;
          isLineStart = true;
          continue;
        default:
          if (byte > 0x20) significant = byte;
      }
      isLineStart = false;
    }
    this.#depth = depth;
    this.#isInString = isInString;
    this.#isEscaped = isEscaped;
    this.#significant = significant;
    this.#isLineStart = isLineStart;
    return -1;
  }

  #startsAnother(significant: number): boolean {
    return this.#isOneLine || (significant !== colon && significant !== comma && significant !== openBracket);
  }

  #finish(last: Buffer): void {
    const length = this.#heldBytes + last.length;
    this.#mode = 'between';
    this.#isOneLine = !this.#sawNewline;
    if (this.#tooLong || length > this.#maxBytes) {
      this.#drop();
      this.#sink.skip('json-too-long', this.#start, `json object: expected at most ${this.#maxBytes} bytes, got more`);
      return;
    }
    const bytes = this.#take(last);
    if (!this.#tooDeep) this.#sink.object(bytes, this.#start);
    else {
      this.#sink.skip('json-depth', this.#start, `json object: expected at most ${maxObjectDepth} levels, got more`);
      this.#sink.text(bytes, this.#start);
    }
  }

  /** @param last what belongs to the object of the bytes in hand */
  #abandon(message: string, last: Buffer): void {
    this.#mode = 'between';
    if (this.#tooLong) {
      this.#drop();
      this.#sink.skip('json-too-long', this.#start, `json object: expected at most ${this.#maxBytes} bytes, got more`);
      return;
    }
    this.#sink.skip('json-syntax', this.#start, `json object: ${message}`);
    this.#sink.text(this.#take(last), this.#start);
  }

  #endGarbage(last: Buffer): void {
    this.#mode = 'between';
    this.#isOneLine = false;
    if (this.#tooLong) this.#drop();
    else this.#sink.text(this.#take(last), this.#start);
  }

  #take(last: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#drop();
    return bytes;
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#maxBytes) {
      this.#tooLong = true;
      this.#held = [];
    } else this.#held.push(Buffer.from(bytes));
  }
}

/** White space, and what stands between the objects of an array. */
function isSeparator(byte: number): boolean {
  return (byte <= 0x20 && byte !== 0) || byte === comma || byte === openBracket || byte === closeBracket;
}
