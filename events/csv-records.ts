import { parse } from 'csv-parse/sync';
import type { ReadReport } from './report.js';
import type { TextLine } from './text-lines.js';

export interface CsvRecord {
  readonly fields: readonly string[];
  /** The first line of the record, from 1. */
  readonly line: number;
  readonly offset: number;
  readonly text: string;
}

/** A whole record; `fields` where no parser is needed to split it. */
interface Unsplit {
  readonly text: string;
  readonly line: number;
  readonly offset: number;
  readonly fields: readonly string[] | null;
}

/** A quoted field that goes on for longer was not meant to: its record's first line is given up, the next is tried. */
export const maxRecordLines = 100;

/**
 * Puts lines together into the records of RFC 4180, and has csv-parse split each. Lines are put together here, and not by
 * the parser, so that a quote that nobody closes costs one line and not the rest of the file.
 */
export class CsvRecords {
  readonly #delimiter: string;
  readonly #report: ReadReport;
  /** Of a record whose last field is still open. */
  #open: TextLine[] = [];

  constructor(delimiter: string, report: ReadReport) {
    this.#delimiter = delimiter;
    this.#report = report;
  }

  /** @param isLast no more lines come */
  push(lines: readonly TextLine[], isLast: boolean): CsvRecord[] {
    const whole: Unsplit[] = [];
    const waiting = [...lines].reverse();
    for (let next = waiting.pop(); next !== undefined || this.#open.length > 0; next = waiting.pop()) {
      const simple = next !== undefined && this.#open.length === 0 ? splitSimple(next.text, this.#delimiter) : null;
      if (next !== undefined && simple !== null) {
        whole.push({ text: next.text, line: next.number, offset: next.offset, fields: simple });
        continue;
      }
      if (next !== undefined) this.#open.push(next);
      const [first] = this.#open;
      if (first === undefined) break;
      const text = this.#open.map((line) => line.text).join('\n');
      const quoting = quotingOf(text, this.#delimiter);
      if (quoting === 'closed') {
        whole.push({ text, line: first.number, offset: first.offset, fields: null });
        this.#open = [];
      } else if (quoting === 'broken' || this.#open.length >= maxRecordLines || (next === undefined && isLast)) {
        const got = quoting === 'broken' ? 'a quote inside a quoted field' : 'a quoted field without end';
        this.#refuse(first.number, first.offset, `expected RFC 4180 quoting, got ${got}`);
        waiting.push(...this.#open.slice(1).reverse());
        this.#open = [];
      } else if (next === undefined) break;
    }
    return this.#split(whole);
  }

  #split(records: readonly Unsplit[]): CsvRecord[] {
    const parsed = this.#parseAll(records.filter(({ fields }) => fields === null));
    let at = 0;
    return records.flatMap(({ text, line, offset, fields }) => {
      const split = fields ?? (parsed === null ? this.#parse({ text, line, offset }) : (parsed[at++] ?? null));
      return split === null ? [] : [{ text, line, offset, fields: split }];
    });
  }

  /** Null when one of them is broken, so that each must be tried by itself. */
  #parseAll(records: readonly { readonly text: string }[]): string[][] | null {
    if (records.length === 0) return [];
    try {
      const fields = split(records.map(({ text }) => text).join('\n'), this.#delimiter);
      return fields.length === records.length ? fields : null;
    } catch {
      return null;
    }
  }

  #parse({ text, line, offset }: Omit<Unsplit, 'fields'>): string[] | null {
    try {
      const records = split(text, this.#delimiter);
      const [fields] = records;
      if (fields !== undefined && records.length === 1) return fields;
      this.#refuse(line, offset, `expected one record, got ${records.length}`);
    } catch (error) {
      this.#refuse(line, offset, `expected RFC 4180 quoting, got: ${(error as Error).message.split('\n', 1)[0] ?? ''}`);
    }
    return null;
  }

  #refuse(line: number, offset: number, said: string): void {
    this.#report.skip('csv-quote', offset, `line ${line}: ${said}`, line);
  }
}

/** The fields of a line without quotes, or with each field in quotes and none inside; null for any other. */
function splitSimple(text: string, delimiter: string): string[] | null {
  if (!text.includes('"')) return text.split(delimiter);
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return null;
  const fields = text.slice(1, -1).split(`"${delimiter}"`);
  return fields.some((field) => field.includes('"')) ? null : fields;
}

function split(text: string, delimiter: string): string[][] {
  return parse(text, { delimiter, record_delimiter: '\n', relax_column_count: true, relax_quotes: true });
}

/**
 * Whether the last field of the text is quoted and still open, or a quoted field goes on after its end. A quote opens a
 * field only at its start; elsewhere in a bare field it is a character as any other.
 */
function quotingOf(text: string, delimiter: string): 'closed' | 'open' | 'broken' {
  for (let at = 0; at < text.length;) {
    if (text[at] === '"') {
      let close = text.indexOf('"', at + 1);
      while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
      if (close < 0) return 'open';
      at = close + 1;
      if (at < text.length && text[at] !== delimiter && text[at] !== '\n') return 'broken';
    }
    const next = text.indexOf(delimiter, at);
    const lineEnd = text.indexOf('\n', at);
    if (next < 0 && lineEnd < 0) break;
    at = next < 0 || (lineEnd >= 0 && lineEnd < next) ? lineEnd + 1 : next + 1;
  }
  return 'closed';
}
