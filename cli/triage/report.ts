import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Grade } from '../../rules/triage/grade.js';
import { printable, table } from '../output.js';
import { csvHeader, csvRow } from './csv.js';
import { htmlEnd, htmlHead, htmlRow } from './html.js';
import type { RankedRows } from './ranked-rows.js';
import { gradeWords, pointsOf, type TriageRow, whatOf, whereOf, whomOf } from './row.js';

export const reportFormats = ['table', 'csv', 'json', 'html'] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** What the files came to. */
export interface TriageTally {
  readonly counts: Readonly<Record<Grade, number>>;
  /** Events that no matrix is for. */
  readonly other: number;
  readonly skipped: number;
  readonly fieldsSeen: readonly string[];
}

export interface ReportOptions {
  readonly format: ReportFormat;
  readonly files: readonly string[];
  readonly origin: string;
  readonly tally: TriageTally;
  /** Rows at most. */
  readonly limit: number;
  readonly madeAt: string;
}

/** Rows are put together to so much text before they are written. */
const pieceUnits = 64 * 1024;

/** Rows at most, where nobody says. */
export const defaultLimits: Readonly<Record<ReportFormat, number>> = {
  table: 50,
  html: 1000,
  csv: Infinity,
  json: Infinity,
};

/** Writes the rows, the most relevant first, in pieces, so that a report of a million rows takes little memory. */
export async function writeReport(out: Writable, rows: RankedRows, options: ReportOptions): Promise<void> {
  const shown = Math.min(options.limit, rows.size);
  const taken = take(rows.rows(), shown);
  switch (options.format) {
    case 'table':
      return writeTable(out, taken, rows.size - shown);
    case 'csv':
      return writeAll(out, csvHeader, taken, csvRow, '');
    case 'json':
      return writeJson(out, taken, options);
    case 'html':
      return writeAll(
        out,
        htmlHead({ ...options, ...options.tally, shown, total: rows.size }),
        taken,
        htmlRow,
        htmlEnd,
      );
  }
}

async function writeTable(out: Writable, rows: AsyncIterable<TriageRow>, left: number): Promise<void> {
  const lines: string[][] = [];
  for await (const row of rows) {
    const cells = [
      gradeWords[row.grade],
      String(row.points),
      row.time ?? '-',
      whomOf(row),
      cut(whatOf(row), 90),
      whereOf(row),
    ];
    lines.push([...cells.map(printable), printable(pointsOf(row))]);
  }
  if (lines.length > 0) {
    const header = ['GRADE', 'POINTS', 'TIME', 'WHO', 'WHAT', 'WHERE', 'COUNTED'];
    await write(out, `${table([header, ...lines])}\n`);
  }
  if (left > 0) await write(out, `… and ${left} more; --limit, --format csv or --format html show them\n`);
}

async function writeJson(out: Writable, rows: AsyncIterable<TriageRow>, options: ReportOptions): Promise<void> {
  const { files, origin, madeAt, tally } = options;
  const { counts, other, skipped } = tally;
  const head = JSON.stringify({ files, origin, madeAt, counts, other, skipped });
  let divider = '';
  const format = (row: TriageRow): string => {
    const text = `${divider}\n${JSON.stringify(row)}`;
    divider = ',';
    return text;
  };
  await writeAll(out, `${head.slice(0, -1)},"events":[`, rows, format, '\n]}\n');
}

async function writeAll(
  out: Writable,
  head: string,
  rows: AsyncIterable<TriageRow>,
  format: (row: TriageRow) => string,
  end: string,
): Promise<void> {
  let text = head;
  for await (const row of rows) {
    text += format(row);
    if (text.length < pieceUnits) continue;
    await write(out, text);
    text = '';
  }
  await write(out, text + end);
}

async function write(out: Writable, text: string): Promise<void> {
  if (text !== '' && !out.write(text)) await once(out, 'drain');
}

async function* take(rows: AsyncIterable<TriageRow>, count: number): AsyncGenerator<TriageRow> {
  if (count === 0) return;
  let taken = 0;
  for await (const row of rows) {
    yield row;
    if (++taken >= count) return;
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
