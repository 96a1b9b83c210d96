import type { ReadReport } from './report.js';
import type { TextLine } from './text-lines.js';

export interface CsvRecord {
  /** Null for a line that is not CSV: its quotes do not fit. */
  readonly fields: readonly string[] | null;
  /** The first line of the record, from 1. */
  readonly line: number;
  readonly offset: number;
  readonly text: string;
}

/**
 * A quoted field that goes on for longer was not meant to: its record's first line is given up, the next is tried. Script
 * blocks and messages have thousands of lines.
 */
export const maxRecordLines = 20_000;
const maxRecordUnits = 4 * 1024 * 1024;

/** Puts lines together into the records of RFC 4180, so that a quote that nobody closes costs no line of the file. */
export class CsvRecords {
  readonly #delimiter: string;
  readonly #report: ReadReport;
  /** Of a record whose last field is still open. */
  #open: TextLine[] = [];
  #openUnits = 0;

  constructor(delimiter: string, report: ReadReport) {
    this.#delimiter = delimiter;
    this.#report = report;
  }

  /** @param isLast no more lines come */
  push(lines: readonly TextLine[], isLast: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    const waiting = lines.toReversed();
    for (;;) {
      const next = waiting.pop();
      if (next !== undefined) {
        if (this.#open.length === 0) this.#begin(next, records);
        else this.#goOn(next, records, waiting);
      } else if (isLast && this.#open.length > 0) this.#giveUp('a quoted field without end', records, waiting);
      else return records;
    }
  }

  #begin(line: TextLine, records: CsvRecord[]): void {
    const fields = splitRecord(line.text, this.#delimiter);
    if (fields === 'open') {
      this.#open.push(line);
      this.#openUnits = line.text.length;
    } else if (fields === 'broken') this.#refuse(line, 'a quote inside a quoted field', records);
    else records.push({ fields, line: line.number, offset: line.offset, text: line.text });
  }

  /** Inside a quoted field, a line with an even number of quotes leaves it open, so that each line is looked at once. */
  #goOn(line: TextLine, records: CsvRecord[], waiting: TextLine[]): void {
    this.#open.push(line);
    this.#openUnits += line.text.length;
    const [first = line] = this.#open;
    const text = quotesIn(line.text) % 2 === 1 ? this.#open.map((each) => each.text).join('\n') : null;
    const fields = text === null ? 'open' : splitRecord(text, this.#delimiter);
    if (fields === 'broken') this.#giveUp('a quote inside a quoted field', records, waiting);
    else if (fields !== 'open') {
      records.push({ fields, line: first.number, offset: first.offset, text: text ?? '' });
      this.#open = [];
    } else if (this.#open.length >= maxRecordLines || this.#openUnits > maxRecordUnits)
      this.#giveUp('a quoted field without end', records, waiting);
  }

  /** The lines after the first one are records of their own, for all that is known. */
  #giveUp(got: string, records: CsvRecord[], waiting: TextLine[]): void {
    const [first, ...others] = this.#open;
    this.#open = [];
    if (first !== undefined) this.#refuse(first, got, records);
    for (const line of others.reverse()) waiting.push(line);
  }

  #refuse({ number, offset, text }: TextLine, got: string, records: CsvRecord[]): void {
    this.#report.skip('csv-quote', offset, `line ${number}: expected RFC 4180 quoting, got ${got}`, number);
    records.push({ fields: null, line: number, offset, text });
  }
}

function quotesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++;
  return count;
}

/**
 * The fields of a record; `open` when its last one is quoted and goes on in the next line, `broken` when a quoted one
 * goes on after its end. A quote opens a field only at its start; elsewhere in a bare field it is a character as any other.
 */
function splitRecord(text: string, delimiter: string): string[] | 'open' | 'broken' {
  if (!text.includes('"')) return text.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    let end: number;
    if (text[at] === '"') {
      const start = at + 1;
      end = text.indexOf('"', start);
      const isDoubled = end >= 0 && text[end + 1] === '"';
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) return 'open';
      const inside = text.slice(start, end);
      fields.push(isDoubled ? inside.replaceAll('""', '"') : inside);
      end++;
      if (end < text.length && text[end] !== delimiter) return 'broken';
    } else {
      end = text.indexOf(delimiter, at);
      if (end < 0) end = text.length;
      fields.push(text.slice(at, end));
    }
    if (end === text.length) return fields;
    at = end;
  }
}
