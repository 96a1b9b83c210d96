/** What an admin sends on: pages for those who look, and whole files. */
import type { Actor } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { type Listed, type ListQuery, type ListSpec, parseListQuery } from '../input/listing.js';
import { type CsvCell, encodeCsvRow } from './csv.js';
import {
  documentColumns,
  documentList,
  documentsReport,
  downloadColumns,
  downloadList,
  downloadsReport,
} from './received.js';
import { seatsColumns, seatsList, seatsReport } from './seats.js';
import { usageColumns, usageList, usageReport } from './usage.js';

type Read<T> = (deps: ServerDeps, actor: Actor, list: ListQuery) => Promise<Listed<T>>;

export interface Report {
  readonly spec: ListSpec;
  readonly columns: readonly string[];
  readonly read: Read<object>;
  /** The same rows, in the order of the columns. */
  readonly readCells: Read<readonly CsvCell[]>;
}

function report<C extends string, T extends Readonly<Record<C, CsvCell>>>(
  spec: ListSpec,
  columns: readonly C[],
  read: Read<T>,
): Report {
  return {
    spec,
    columns,
    read,
    readCells: async (deps, actor, list) => {
      const { items, next } = await read(deps, actor, list);
      return { items: items.map((row) => columns.map((column): CsvCell => row[column])), next };
    },
  };
}

export const reports = {
  usage: report(usageList, usageColumns, usageReport),
  seats: report(seatsList, seatsColumns, seatsReport),
  documents: report(documentList, documentColumns, documentsReport),
  downloads: report(downloadList, downloadColumns, downloadsReport),
} as const satisfies Readonly<Record<string, Report>>;

export type ReportName = keyof typeof reports;
export const reportNames = Object.keys(reports) as readonly ReportName[];

export const reportFormats = ['csv', 'json'] as const;
export type ReportFormat = (typeof reportFormats)[number];

export const reportMediaTypes: Readonly<Record<ReportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
};

/**
 * All rows from a query on, as the text of a file in pieces. The query is checked at once, rows are read as they are
 * asked for. As JSON it is `{"items":[…],"next":null}`, which is what a page is.
 *
 * @throws ServerError `request-url`, `request-cursor`; while rows are read, `scope-missing`
 */
export function reportFile(
  deps: ServerDeps,
  actor: Actor,
  name: ReportName,
  format: ReportFormat,
  query: Readonly<Record<string, unknown>>,
): AsyncIterable<string> {
  const { spec, columns, read, readCells } = reports[name];
  parseListQuery(query, spec);
  return format === 'csv'
    ? csvText(columns, allRows(deps, actor, spec, query, readCells))
    : jsonText(allRows(deps, actor, spec, query, read));
}

async function* csvText(columns: readonly string[], rows: AsyncIterable<readonly CsvCell[]>): AsyncGenerator<string> {
  yield encodeCsvRow(columns);
  for await (const row of rows) yield encodeCsvRow(row);
}

async function* jsonText(rows: AsyncIterable<object>): AsyncGenerator<string> {
  let separator = '{"items":[';
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(row)}`;
    separator = ',';
  }
  yield separator === ',' ? '],"next":null}' : '{"items":[],"next":null}';
}

async function* allRows<T>(
  deps: ServerDeps,
  actor: Actor,
  spec: ListSpec,
  { cursor, ...others }: Readonly<Record<string, unknown>>,
  read: Read<T>,
): AsyncGenerator<T> {
  for (let at = cursor; at !== null;) {
    const page = { ...others, limit: '500', ...(at === undefined ? {} : { cursor: at }) };
    const { items, next } = await read(deps, actor, parseListQuery(page, spec));
    yield* items;
    at = next;
  }
}
