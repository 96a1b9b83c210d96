import { FlatEvent, type FieldValue } from './event.js';
import type { LogSource } from './log-source.js';
import { objectSource } from './object-sources.js';
import type { ReadReport } from './report.js';
import { arrange, type Layout, type ShapeTable } from './shapes.js';
import type { ByteSource } from './source.js';
import { readTextLines, type TextLine } from './text-lines.js';

/** What every reader of a text log is given. */
export interface TextLogOptions {
  readonly shapes: ShapeTable;
  readonly report: ReadReport;
  /** What the events name as their source. */
  readonly name: string;
}

/** What a line gave: an event's names and values, why it gave none, or null for a line that is no event by design. */
export type ParsedLine =
  | {
      readonly names: readonly string[];
      readonly values: readonly FieldValue[];
      readonly timeMs: number | null;
      /** What the line is out of; null when it does not tell. Left out, the names of its fields say it. */
      readonly logSource?: LogSource | null;
    }
  | { readonly expected: string }
  | null;

/** The events of a log of one event a line; a line that is none is counted, named and left out. */
export async function* readLineLog(
  source: ByteSource,
  { shapes, report, name }: TextLogOptions,
  parse: (line: string) => ParsedLine,
): AsyncGenerator<FlatEvent[]> {
  for await (const lines of readTextLines(source, report)) {
    const batch: FlatEvent[] = [];
    for (const line of lines) {
      const parsed = parse(line.text);
      if (parsed === null) continue;
      if ('expected' in parsed) {
        const message = `line ${line.number}: expected ${parsed.expected}, got ${quote(line.text)}`;
        report.skip('line-syntax', line.offset, message, line.number);
      } else {
        const { names, values, timeMs, logSource } = parsed;
        batch.push(lineEvent(shapes.layoutOf(names), values, timeMs, name, line, logSource));
      }
    }
    report.events += batch.length;
    if (batch.length > 0) yield batch;
  }
}

export function lineEvent(
  layout: Layout,
  values: readonly (FieldValue | undefined)[],
  timeMs: number | null,
  source: string,
  { text, number }: Pick<TextLine, 'text' | 'number'>,
  logSource?: LogSource | null,
): FlatEvent {
  const arranged = arrange(layout, values);
  const told = logSource === undefined ? objectSource(layout.shape, arranged) : logSource;
  return new FlatEvent(layout.shape, arranged, timeMs, source, text, number, told);
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
