import { isUtf8 } from 'node:buffer';
import { encodingOf } from './encoding.js';
import type { ReadReport } from './report.js';
import { type ByteSource, prefixedSource, streamSource, utf8OfUtf16 } from './source.js';

/** A line of a text log. */
export interface TextLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the file, or in the decoded text of a UTF-16 file. */
  readonly offset: number;
}

/** A longer line is read in pieces, so that a file without line ends costs time and no memory. */
export const maxLineBytes = 1024 * 1024;

/** Little enough for what becomes of a piece to be gone before the collector comes by. */
const bytesAtOnce = 128 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;
const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines of a text, a batch for each piece of the file read, with any of the three line ends. UTF-8 or UTF-16, with or
 * without its mark. Mixed encodings happen where logs are put together: a line that is not UTF-8 is read as Windows-1252,
 * and counted. NULs are left out, and empty lines, which are counted as lines.
 */
export async function* readTextLines(source: ByteSource, report: ReadReport): AsyncGenerator<TextLine[]> {
  const reader = new LineReader(report);
  const buffer = Buffer.alloc(bytesAtOnce);
  const decoded = await decodedSource(source);
  for (let filled = buffer.length; filled === buffer.length;) {
    filled = await decoded.read(buffer);
    report.bytes += filled;
    const lines = reader.push(buffer.subarray(0, filled), filled < buffer.length);
    if (lines.length > 0) yield lines;
  }
}

/** UTF-8 bytes without a mark, from whatever encoding the start tells. */
async function decodedSource(source: ByteSource): Promise<ByteSource> {
  const buffer = Buffer.alloc(256);
  const head = buffer.subarray(0, await source.read(buffer));
  const encoding = encodingOf(head);
  const whole = prefixedSource(head.subarray(0, 3).equals(utf8Mark) ? head.subarray(3) : head, source);
  return encoding === 'utf-8' ? whole : streamSource(utf8OfUtf16(whole, encoding));
}

class LineReader {
  readonly #report: ReadReport;
  readonly #windows1252 = new TextDecoder('windows-1252');
  #newline: number | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #number = 1;
  /** Of the line in hand, or of what is left of it. */
  #start = 0;
  #isCut = false;

  constructor(report: ReadReport) {
    this.#report = report;
  }

  push(bytes: Buffer, isLast: boolean): TextLine[] {
    const lines: TextLine[] = [];
    // Very old systems end lines with CR alone.
    this.#newline ??= !bytes.includes(newline) && bytes.includes(carriageReturn) ? carriageReturn : newline;
    // Then each line is so, but for the first and last, which may be cut.
    const isPlain = isUtf8(bytes) && !bytes.includes(0);
    let from = 0;
    for (let at = bytes.indexOf(this.#newline); at >= 0; at = bytes.indexOf(this.#newline, from)) {
      if (isPlain && this.#heldBytes === 0 && !this.#isCut && at - from <= maxLineBytes)
        this.#add(bytes, from, at, lines);
      else this.#end(bytes.subarray(from, at), lines);
      from = at + 1;
    }
    const rest = bytes.subarray(from);
    if (isLast) this.#end(rest, lines);
    else if (rest.length > 0) this.#hold(rest, lines);
    return lines;
  }

  /** A line that is whole and known to be UTF-8. */
  #add(bytes: Buffer, from: number, to: number, lines: TextLine[]): void {
    const end = bytes[to - 1] === carriageReturn && to > from ? to - 1 : to;
    if (end > from) lines.push({ text: bytes.toString('utf8', from, end), number: this.#number, offset: this.#start });
    this.#number++;
    this.#start += to - from + 1;
  }

  #hold(rest: Buffer, lines: TextLine[]): void {
    let from = 0;
    // A hole of NULs, which a log has after it was emptied under its writer, takes no memory.
    if (this.#heldBytes === 0) while (from < rest.length && rest[from] === 0) from++;
    this.#start += from;
    if (from === rest.length) return;
    this.#heldBytes += rest.length - from;
    this.#held.push(Buffer.from(rest.subarray(from)));
    if (this.#heldBytes <= maxLineBytes) return;
    const bytes = this.#takeHeld(Buffer.alloc(0));
    this.#cut(bytes.length);
    this.#push(bytes, lines);
    this.#start += bytes.length;
  }

  #takeHeld(tail: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? tail : Buffer.concat([...this.#held, tail]);
    this.#held = [];
    this.#heldBytes = 0;
    return bytes;
  }

  #cut(length: number): void {
    if (this.#isCut) return;
    this.#isCut = true;
    const message = `line ${this.#number}: expected at most ${maxLineBytes} bytes, got ${length} and more, read in pieces`;
    this.#report.skip('line-too-long', this.#start, message, this.#number);
  }

  #end(tail: Buffer, lines: TextLine[]): void {
    const bytes = this.#takeHeld(tail);
    for (let from = 0; from < bytes.length; from += maxLineBytes) {
      if (bytes.length > maxLineBytes) this.#cut(bytes.length);
      const piece = bytes.subarray(from, from + maxLineBytes);
      this.#push(piece.at(-1) === carriageReturn && from + maxLineBytes >= bytes.length ? piece.subarray(0, -1) : piece, lines); // prettier-ignore
      this.#start += piece.length;
    }
    this.#start++;
    this.#number++;
    this.#isCut = false;
  }

  #push(line: Buffer, lines: TextLine[]): void {
    const place = { number: this.#number, offset: this.#start };
    let text: string;
    if (isUtf8(line)) text = line.toString('utf8');
    else {
      const message = `line ${place.number}: expected UTF-8, got bytes that are not, read as Windows-1252`;
      this.#report.skip('utf8-invalid', place.offset, message, place.number);
      text = this.#windows1252.decode(line);
    }
    if (text.includes('\0')) text = text.replaceAll('\0', '');
    if (text !== '') lines.push({ text, ...place });
  }
}
