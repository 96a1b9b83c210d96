import { parseKnownLine, wrapped } from './any-line.js';
import { goesOnWith } from './application-log.js';
import type { FlatEvent } from './event.js';
import { type HistoryFormat, HistoryLines } from './history.js';
import { parseJsonEvents } from './json-line.js';
import { LogClock } from './log-clock.js';
import type { ByteSource } from './source.js';
import { readTextLines, type TextLine } from './text-lines.js';
import { lineEvent, type LineEvent, type LineParser, plainLine, quote, type TextLogOptions } from './text-log.js';
import { isW3cDirective, W3cRows } from './w3c.js';
import { isZeekDirective, ZeekRows } from './zeek.js';

/** A record that goes on for longer is cut: its next lines are lines of their own. */
export const maxRecordLines = 1000;
const maxRecordUnits = 256 * 1024;

/** How the lines of a log are read; without any of these as whatever each of them is. */
export interface LineLogKind {
  /** The one form that lines are read as. */
  readonly parse?: LineParser;
  readonly history?: HistoryFormat;
  /** Nothing is read of a line but its text. */
  readonly isPlain?: boolean;
}

/**
 * The events of a text, a line each, but for what goes on over lines (a stack trace behind the record of an application), which
 * is one event with all its lines. Each line is read for itself: the head of syslog and what the program behind it wrote, a
 * row of the table whose header stands above it, an object of JSON, a line of any other known form. No line is lost: one of
 * no known form is an event with `message` alone, at the time of the line before it.
 */
export async function* readLines(
  source: ByteSource,
  options: TextLogOptions,
  kind: LineLogKind = {},
): AsyncGenerator<FlatEvent[]> {
  const { report } = options;
  const log = new LineLog(options, kind);
  for await (const lines of readTextLines(source, report)) {
    const batch = log.push(lines);
    report.events += batch.length;
    if (batch.length > 0) yield batch;
  }
  const batch = log.end();
  report.events += batch.length;
  if (batch.length > 0) yield batch;
}

/** A record that may go on. */
interface OpenRecord {
  readonly event: LineEvent;
  readonly first: TextLine;
  readonly lines: string[];
  units: number;
}

class LineLog {
  readonly #options: TextLogOptions;
  readonly #clock: LogClock;
  readonly #kind: LineLogKind;
  readonly #history: HistoryLines | null;
  /** The table whose rows come now. */
  #table: W3cRows | ZeekRows | null = null;
  readonly #w3c: W3cRows;
  readonly #zeek = new ZeekRows();
  #open: OpenRecord | null = null;
  #lastMs: number | null = null;
  #batch: FlatEvent[] = [];

  constructor(options: TextLogOptions, kind: LineLogKind) {
    this.#options = options;
    this.#clock = options.clock ?? new LogClock();
    this.#kind = kind;
    this.#history = kind.history === undefined ? null : new HistoryLines(kind.history);
    this.#w3c = new W3cRows(this.#clock);
  }

  push(lines: readonly TextLine[]): FlatEvent[] {
    for (const line of lines) this.#line(line);
    return this.#take();
  }

  end(): FlatEvent[] {
    this.#close();
    return this.#take();
  }

  #take(): FlatEvent[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  #line(line: TextLine): void {
    const { text } = line;
    if (this.#open !== null) {
      if (this.#goesOn(this.#open, text)) return;
      this.#close();
    }
    if (this.#kind.isPlain === true) {
      this.#emit(plainLine(text), line);
      return;
    }
    if (this.#history !== null) {
      const event = this.#history.push(text);
      if (event !== null) this.#found(event, line);
      return;
    }
    if (text.charCodeAt(0) === 0x23 && this.#directive(text)) return;
    const row = this.#table?.isReady ? this.#table.row(text) : null;
    if (row !== null) {
      this.#found(row, line);
      return;
    }
    if (this.#kind.parse === undefined && text.charCodeAt(0) === 0x7b) {
      const events = parseJsonEvents(text);
      if (events !== null && events.length > 0) {
        for (const event of events) this.#found(this.#unwrapped(event), line);
        return;
      }
    }
    const known = this.#kind.parse ? this.#kind.parse(text, this.#clock) : parseKnownLine(text, this.#clock);
    const isOther = known?.logSource != null && this.#kind.parse === undefined;
    if (!isOther && (this.#table !== null || known === null)) this.#tellMissing(line);
    this.#found(known ?? plainLine(text), line);
  }

  /** Docker keeps a line of a container as the `log` of an object. */
  #unwrapped(event: LineEvent): LineEvent {
    const log = event.values[event.names.indexOf('log')];
    if (typeof log !== 'string' || !event.names.includes('stream')) return event;
    const around = event.names.flatMap((name, at) => (name === 'log' ? [] : [[name, event.values[at] ?? null] as const])); // prettier-ignore
    return wrapped(log, around, event.timeMs, this.#clock);
  }

  #directive(text: string): boolean {
    const table = isZeekDirective(text) ? this.#zeek : isW3cDirective(text) ? this.#w3c : null;
    if (table === null) return false;
    this.#table = table;
    table.directive(text);
    return true;
  }

  /** A line that is no row of its table, or not of the form that somebody has named, is read all the same. */
  #tellMissing({ text, number, offset }: TextLine): void {
    const table = this.#table;
    if (table === null) {
      if (this.#kind.parse === undefined) return;
      this.#options.report.skip('line-syntax', offset, `line ${number}: expected the format that was asked for, got ${quote(text)}`, number); // prettier-ignore
      return;
    }
    const isZeek = table instanceof ZeekRows;
    const code = isZeek ? 'zeek-columns' : table.isReady ? 'w3c-columns' : 'w3c-fields';
    const expected = table.isReady ? `${table.columns} columns as in the header` : 'a header with #fields before it';
    this.#options.report.skip(code, offset, `line ${number}: expected ${expected}, got ${quote(text)}`, number);
  }

  #found(event: LineEvent, line: TextLine): void {
    if (event.timeMs !== null) this.#lastMs = event.timeMs;
    if (event.goesOn === true) this.#open = { event, first: line, lines: [line.text], units: line.text.length };
    else this.#emit(event, line);
  }

  #goesOn(open: OpenRecord, text: string): boolean {
    if (!goesOnWith(text) || open.lines.length >= maxRecordLines || open.units + text.length > maxRecordUnits) return false; // prettier-ignore
    open.lines.push(text);
    open.units += text.length;
    return true;
  }

  #close(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const { event, first, lines } = open;
    if (lines.length === 1) {
      this.#emit(event, first);
      return;
    }
    const text = lines.join('\n');
    const at = event.names.indexOf('message');
    const message = event.values[at];
    const values = event.values.with(at < 0 ? 0 : at, typeof message === 'string' ? `${message}\n${lines.slice(1).join('\n')}` : (event.values[at < 0 ? 0 : at] ?? null)); // prettier-ignore
    const timeMs = event.timeMs ?? (this.#history === null ? null : HistoryLines.timeOf(text));
    this.#emit({ ...event, values, timeMs }, { ...first, text });
  }

  #emit({ names, values, timeMs, logSource }: LineEvent, line: TextLine): void {
    const { shapes, name } = this.#options;
    const isUntimed = timeMs === null && names.length === 1 && names[0] === 'message';
    const ms = isUntimed ? this.#lastMs : timeMs;
    this.#batch.push(lineEvent(shapes.layoutOf(names), values, ms, name, line, logSource ?? null));
  }
}
