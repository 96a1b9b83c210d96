import { type FieldValue, FlatEvent } from './event.js';
import { LogClock } from './log-clock.js';
import type { LogSource } from './log-source.js';
import { objectSource } from './object-sources.js';
import type { ReadReport } from './report.js';
import { arrange, type Layout, type ShapeTable } from './shapes.js';

/** What every reader of a text log is given. */
export interface TextLogOptions {
  readonly shapes: ShapeTable;
  readonly report: ReadReport;
  /** What the events name as their source. */
  readonly name: string;
  /** What time stamps leave out; without it they are in the zone of this computer, and none without a year is a time. */
  readonly clock?: LogClock;
}

/** What a line says. */
export interface LineEvent {
  readonly names: readonly string[];
  readonly values: readonly FieldValue[];
  readonly timeMs: number | null;
  /** What the line is out of; null or left out when it does not tell, and the names of its fields may. */
  readonly logSource?: LogSource | null;
  /** Whether lines that go on with the record (a stack trace) may follow. */
  readonly goesOn?: boolean;
}

/** Null for a line of another kind. */
export type LineParser = (line: string, clock: LogClock) => LineEvent | null;

export type Field = readonly [name: string, value: FieldValue];

export function lineOf(
  fields: readonly (readonly [name: string, value: FieldValue | null | undefined])[],
  timeMs: number | null,
  logSource: LogSource | null = null,
): LineEvent {
  const names: string[] = [];
  const values: FieldValue[] = [];
  for (const [name, value] of fields) {
    if (value === undefined || value === null) continue;
    names.push(name);
    values.push(value);
  }
  return { names, values, timeMs, logSource };
}

/** A line with more fields behind its own; one that the line has already stays as it is. */
export function withFields(event: LineEvent, fields: readonly Field[], timeMs: number | null = null): LineEvent {
  const added = fields.filter(([name]) => !event.names.includes(name));
  return {
    ...event,
    names: [...event.names, ...added.map(([name]) => name)],
    values: [...event.values, ...added.map(([, value]) => value)],
    timeMs: event.timeMs ?? timeMs,
  };
}

/** What no reader knows: a line of text, for keywords. */
export function plainLine(line: string, timeMs: number | null = null): LineEvent {
  return { names: ['message'], values: [line], timeMs };
}

export function lineEvent(
  layout: Layout,
  values: readonly (FieldValue | undefined)[],
  timeMs: number | null,
  source: string,
  { text, number }: { readonly text: string | null; readonly number: number | null },
  logSource: LogSource | null = null,
): FlatEvent {
  const arranged = arrange(layout, values);
  const told = logSource ?? objectSource(layout.shape, arranged);
  return new FlatEvent(layout.shape, arranged, timeMs, source, text, number, told);
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
