import { isUtf8 } from 'node:buffer';
import type { ReadReport } from './report.js';
import { type ByteSource, prefixedSource, streamSource } from './source.js';

/** A line of a text log. */
export interface TextLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the file, or in the decoded text of a UTF-16 file. */
  readonly offset: number;
}

/** A longer line is skipped, so that a file without line ends costs time and no memory. */
export const maxLineBytes = 1024 * 1024;

/** Little enough for what becomes of a piece to be gone before the collector comes by. */
const bytesAtOnce = 128 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;
const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines of a text, a batch for each piece of the file read. UTF-8 with or without its mark, or UTF-16 that begins
 * with one. Mixed encodings happen where logs are put together: a line that is not UTF-8 is read as Windows-1252, and
 * counted. Empty lines are counted as lines and left out.
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

/** UTF-8 bytes without a mark, from whatever mark stands at the start. */
async function decodedSource(source: ByteSource): Promise<ByteSource> {
  const head = Buffer.alloc(3);
  const mark = head.subarray(0, await source.read(head));
  if (mark.equals(utf8Mark)) return source;
  const encoding =
    mark[0] === 0xff && mark[1] === 0xfe ? 'utf-16le' : mark[0] === 0xfe && mark[1] === 0xff ? 'utf-16be' : null;
  const whole = prefixedSource(Buffer.from(mark), source);
  return encoding === null ? whole : streamSource(utf8Of(whole, encoding));
}

async function* utf8Of(source: ByteSource, encoding: 'utf-16le' | 'utf-16be'): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  const buffer = Buffer.alloc(256 * 1024);
  for (let filled = buffer.length; filled === buffer.length;) {
    filled = await source.read(buffer);
    yield Buffer.from(decoder.decode(buffer.subarray(0, filled), { stream: filled === buffer.length }), 'utf8');
  }
}

class LineReader {
  readonly #report: ReadReport;
  readonly #windows1252 = new TextDecoder('windows-1252');
  #held: Buffer[] = [];
  #heldBytes = 0;
  #number = 1;
  /** Of the line in hand. */
  #start = 0;

  constructor(report: ReadReport) {
    this.#report = report;
  }

  push(bytes: Buffer, isLast: boolean): TextLine[] {
    const lines: TextLine[] = [];
    const isAllUtf8 = isUtf8(bytes); // then each line of it is, but for the first and last, which may be cut
    let from = 0;
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      if (isAllUtf8 && this.#heldBytes === 0 && at - from <= maxLineBytes) this.#add(bytes, from, at, lines);
      else this.#end(bytes.subarray(from, at), lines);
      from = at + 1;
    }
    const rest = bytes.subarray(from);
    if (isLast) this.#end(rest, lines);
    else if (rest.length > 0) {
      this.#heldBytes += rest.length;
      if (this.#heldBytes > maxLineBytes) this.#held = [];
      else this.#held.push(Buffer.from(rest));
    }
    return lines;
  }

  /** A line that is whole and known to be UTF-8. */
  #add(bytes: Buffer, from: number, to: number, lines: TextLine[]): void {
    const end = bytes[to - 1] === carriageReturn && to > from ? to - 1 : to;
    if (end > from) lines.push({ text: bytes.toString('utf8', from, end), number: this.#number, offset: this.#start });
    this.#number++;
    this.#start += to - from + 1;
  }

  #end(tail: Buffer, lines: TextLine[]): void {
    const length = this.#heldBytes + tail.length;
    const bytes = this.#held.length === 0 ? tail : Buffer.concat([...this.#held, tail]);
    const place = { number: this.#number++, offset: this.#start };
    this.#start += length + 1;
    this.#held = [];
    this.#heldBytes = 0;
    if (length > maxLineBytes) {
      const message = `line ${place.number}: expected at most ${maxLineBytes} bytes, got ${length}`;
      this.#report.skip('line-too-long', place.offset, message, place.number);
      return;
    }
    const line = bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
    if (line.length === 0) return;
    if (isUtf8(line)) lines.push({ text: line.toString('utf8'), ...place });
    else {
      const message = `line ${place.number}: expected UTF-8, got other bytes, read as Windows-1252`;
      this.#report.skip('utf8-invalid', place.offset, message, place.number);
      lines.push({ text: this.#windows1252.decode(line), ...place });
    }
  }
}
