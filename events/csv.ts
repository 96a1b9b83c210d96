import type { FieldValue, FlatEvent } from './event.js';
import { CsvRecords, type CsvRecord } from './csv-records.js';
import { plainAliases } from './json-aliases.js';
import { jsonFields } from './json-fields.js';
import { LogClock } from './log-clock.js';
import type { Layout } from './shapes.js';
import type { ByteSource } from './source.js';
import { readTextLines, type TextLine } from './text-lines.js';
import { lineEvent, plainLine, type TextLogOptions } from './text-log.js';
import { parseTextTime, timeReader } from './text-time.js';

const delimiters = [',', ';', '\t', '|'] as const;
/** More columns than any export has; beyond, the header is no header. */
export const maxColumns = 2000;

/** How rows become events. */
interface Table {
  readonly names: readonly string[];
  /** Of the header and of what repeats its columns under another name. */
  readonly layout: Layout;
  readonly columns: number;
  /** For each name after those of the header, the column that it repeats. */
  readonly repeated: readonly number[];
  /** Whether rows are of EvtxECmd, whose payload is an object. */
  readonly isEvtxEcmd: boolean;
  readonly isEventViewer: boolean;
  readonly timeOf: ReturnType<typeof timeReader>;
}

/**
 * The events of a CSV export with a header: divided by comma, semicolon, tab or `|`, whichever the header has most, or as
 * a first line `sep=;` says; `#TYPE` of PowerShell and comments may stand before it. Column names are field names; one
 * that comes twice gives a list, and one more that rows have than the header is `Message` where the Event Viewer wrote them,
 * else `column7`. A row that is shorter has fewer fields. Where the first line is no header, columns are `column1`, … What
 * is no row of CSV is a line of text; it is counted and named.
 */
export async function* readCsv(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const { report } = options;
  let records: CsvRecords | null = null;
  const state: { table: Table | null; delimiter: string } = { table: null, delimiter: ',' };
  for await (const lines of readTextLines(source, report)) {
    let rest: readonly TextLine[] = lines;
    if (records === null) {
      while (/^sep=.$/.test(rest[0]?.text ?? '') || rest[0]?.text.startsWith('#')) {
        const named = /^sep=(.)$/.exec(rest[0]?.text ?? '')?.[1];
        if (named !== undefined) state.delimiter = named;
        rest = rest.slice(1);
        if (named !== undefined) break;
      }
      if (rest.length === 0) continue;
      if (!/^sep=.$/.test(lines[lines.length - rest.length - 1]?.text ?? '')) state.delimiter = delimiterOf(rest);
      records = new CsvRecords(state.delimiter, report);
    }
    yield* eventsOf(records.push(rest, false), state, options);
  }
  if (records !== null) yield* eventsOf(records.push([], true), state, options);
}

/** The delimiter that the first line names or has most of, outside quotes. */
export function delimiterOf([first]: readonly Pick<TextLine, 'text'>[]): string {
  const text = first?.text ?? '';
  const named = /^sep=(.)$/.exec(text)?.[1];
  if (named !== undefined) return named;
  const bare = text.replace(/"(?:[^"]|"")*"/g, '');
  const counts = delimiters.map((delimiter) => bare.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** Whether a line may hold the names of columns: none is a number, a time or a pair, or comes with a sentence. */
export function isCsvHeader(line: string, delimiter: string): boolean {
  return areNames(line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')));
}

function areNames(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => cell !== '');
  return (
    filled.length * 2 > cells.length &&
    filled.every(
      (cell) =>
        /[A-Za-z_\u00c0-\uffff]/.test(cell) &&
        cell.length <= 100 &&
        !cell.includes('=') &&
        parseTextTime(cell) === null,
    ) &&
    !filled.some((cell) => /^(?:\d{1,3}\.){3}\d{1,3}$|^\d{4}-\d\d-\d\d|^https?:/.test(cell))
  );
}

function tableOf({ fields, line, offset }: CsvRecord, delimiter: string, options: TextLogOptions): Table {
  const { shapes, report, clock = new LogClock() } = options;
  const cells = (fields ?? []).map((field) => field.trim());
  const isHeader = cells.length >= 2 && cells.length <= maxColumns && areNames(cells);
  if (!isHeader) {
    const divided = delimiter === '\t' ? 'a tab' : `"${delimiter}"`;
    const message = `line ${line}: expected a header of 2 to ${maxColumns} names divided by ${divided}, got a row of ${cells.length}`;
    report.skip('csv-header', offset, message, line);
  }
  const names = (isHeader ? cells : cells.slice(0, maxColumns)).map((cell, at) => (isHeader && cell !== '' ? cell : `column${at + 1}`)); // prettier-ignore
  const known = names.map((name) => name.replaceAll(' ', '').toLowerCase());
  const isEventViewer = known.includes('dateandtime') && known.includes('eventid') && known.includes('source');
  if (isEventViewer) names.push('Message');
  const isWindows = isEventViewer || known.includes('logname') || known.includes('providername') || known.includes('mapdescription'); // prettier-ignore
  const aliases = [...plainAliases, ...(isEventViewer ? ([['Source', 'Provider_Name']] as const) : []), ...(isWindows ? ([['Id', 'EventID']] as const) : [])]; // prettier-ignore
  const repeated: number[] = [];
  const all = [...names];
  for (const [from, to] of isWindows ? aliases : []) {
    const column = known.indexOf(from.toLowerCase());
    if (column < 0 || all.some((name) => name.replaceAll(' ', '').toLowerCase() === to.toLowerCase())) continue;
    all.push(to);
    repeated.push(column);
  }
  const isEvtxEcmd = known.includes('mapdescription') && known.includes('payload');
  return { names, layout: shapes.layoutOf(all), columns: names.length, repeated, isEvtxEcmd, isEventViewer, timeOf: timeReader(names, clock.exported) }; // prettier-ignore
}

function* eventsOf(
  records: readonly CsvRecord[],
  state: { table: Table | null; delimiter: string },
  options: TextLogOptions,
): Generator<FlatEvent[]> {
  const { report } = options;
  const batch: FlatEvent[] = [];
  for (const record of records) {
    if (state.table === null) {
      const skipped = report.skipped;
      state.table = tableOf(record, state.delimiter, options);
      if (report.skipped === skipped) continue;
    }
    batch.push(eventOf(record, state.table, options));
  }
  report.events += batch.length;
  if (batch.length > 0) yield batch;
}

function eventOf({ fields, line, offset, text }: CsvRecord, table: Table, options: TextLogOptions): FlatEvent {
  const { shapes, name, report } = options;
  const place = { text, number: line };
  const isShort = fields !== null && fields.length < table.columns - Number(table.isEventViewer);
  if (isShort || fields?.slice(table.columns).some((field) => field !== '')) {
    const message = `line ${line}: expected ${table.columns} columns as in the header, got ${fields.length}`;
    report.skip('csv-columns', offset, message, line);
  }
  if (fields === null || (fields.length === 1 && table.columns > 2)) {
    const { names, values } = plainLine(text);
    return lineEvent(shapes.layoutOf(names), values, null, name, place);
  }
  const { columns, layout, timeOf, repeated, isEvtxEcmd } = table;
  const timeMs = timeOf(fields);
  const more = fields.slice(columns);
  if (isEvtxEcmd) {
    const read = jsonFields(Object.fromEntries(table.names.map((key, at) => [key, fields[at] ?? ''])));
    return lineEvent(shapes.layoutOf([...read.fields.keys()]), [...read.fields.values()], timeMs, name, place);
  }
  const own: (FieldValue | undefined)[] = table.names.map((_, at) => fields[at]);
  const values = [...own, ...repeated.map((column) => fields[column])];
  if (more.every((field) => field === '')) return lineEvent(layout, values, timeMs, name, place);
  const names = [...layout.shape.names, ...more.map((_, at) => `column${columns + at + 1}`)];
  const arranged = lineEvent(layout, values, timeMs, name, place).values;
  return lineEvent(shapes.layoutOf(names), [...arranged, ...more], timeMs, name, place);
}
