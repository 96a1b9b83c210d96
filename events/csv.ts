import { CsvRecords, type CsvRecord } from './csv-records.js';
import type { FlatEvent } from './event.js';
import type { Layout } from './shapes.js';
import type { ByteSource } from './source.js';
import { readTextLines, type TextLine } from './text-lines.js';
import { lineEvent, type TextLogOptions } from './text-log.js';
import { timeReader } from './text-time.js';

const delimiters = [',', ';', '\t', '|'] as const;
/** More columns than any export has; beyond, the header is no header. */
export const maxColumns = 2000;

/** How rows become events. */
interface Table {
  readonly layout: Layout;
  readonly columns: number;
  readonly timeOf: ReturnType<typeof timeReader>;
}

/**
 * The events of a CSV export with a header: divided by comma, semicolon, tab or `|`, whichever the header has most, or as
 * a first line `sep=;` says. A row with other columns than the header has, or with broken quotes, is counted, named by
 * its line and left out. Column names are field names; one that comes twice gives a list.
 */
export async function* readCsv(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const { report } = options;
  let reading: { records: CsvRecords; table: Table } | null = null;
  for await (const lines of readTextLines(source, report)) {
    let rest = lines;
    if (reading === null) {
      const delimiter = delimiterOf(rest);
      if (/^sep=.$/.test(rest[0]?.text ?? '')) rest = rest.slice(1);
      const records = new CsvRecords(delimiter, report);
      const [header, ...rows] = records.push(rest, false);
      if (header === undefined) {
        if (rest.length > 0) report.skip('csv-header', 0, 'line 1: expected a header, got none', 1);
        return;
      }
      const table = tableOf(header, delimiter, options);
      if (table === null) return;
      reading = { records, table };
      yield* eventsOf(rows, table, options);
      continue;
    }
    yield* eventsOf(reading.records.push(rest, false), reading.table, options);
  }
  if (reading !== null) yield* eventsOf(reading.records.push([], true), reading.table, options);
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

function tableOf(
  { fields, line, offset }: CsvRecord,
  delimiter: string,
  { shapes, report }: TextLogOptions,
): Table | null {
  const names = fields.map((field, at) => (field.trim() === '' ? `column${at + 1}` : field.trim()));
  if (names.length < 2 || names.length > maxColumns) {
    const divided = delimiter === '\t' ? 'a tab' : `"${delimiter}"`;
    const message = `line ${line}: expected 2 to ${maxColumns} columns divided by ${divided}, got ${names.length}`;
    report.skip('csv-header', offset, message, line);
    return null;
  }
  return { layout: shapes.layoutOf(names), columns: names.length, timeOf: timeReader(names) };
}

function* eventsOf(
  records: readonly CsvRecord[],
  { layout, columns, timeOf }: Table,
  { report, name }: TextLogOptions,
): Generator<FlatEvent[]> {
  const batch: FlatEvent[] = [];
  for (const { fields, line, offset, text } of records) {
    const extra = fields.length > columns && fields.slice(columns).every((field) => field === '');
    if (fields.length !== columns && !extra) {
      const message = `line ${line}: expected ${columns} columns as in the header, got ${fields.length}`;
      report.skip('csv-columns', offset, message, line);
      continue;
    }
    const values = extra ? fields.slice(0, columns) : fields;
    batch.push(lineEvent(layout, values, timeOf(values), name, { text, number: line }));
  }
  report.events += batch.length;
  if (batch.length > 0) yield batch;
}
