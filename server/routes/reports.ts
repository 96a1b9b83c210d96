import { type RequestHandler, Router } from 'express';
import type { Actor } from '../actor.js';
import { authorizeActor } from '../auth.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { type Listed, type ListQuery, type ListSpec, parseListQuery } from '../listing.js';
import { type CsvCell, encodeCsvRow } from '../reports/csv.js';
import {
  documentColumns,
  documentList,
  documentsReport,
  downloadColumns,
  downloadList,
  downloadsReport,
} from '../reports/received.js';
import { seatsColumns, seatsList, seatsReport } from '../reports/seats.js';
import { usageColumns, usageList, usageReport } from '../reports/usage.js';
import { onlyMethods } from './method.js';

/** What an admin sends on: a page as JSON, or the whole as CSV. */
export function reportRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/reports/usage')
    .get(report(deps, usageList, usageColumns, usageReport))
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/v1/reports/seats')
    .get(report(deps, seatsList, seatsColumns, seatsReport))
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/v1/reports/documents')
    .get(report(deps, documentList, documentColumns, documentsReport))
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/v1/reports/downloads')
    .get(report(deps, downloadList, downloadColumns, downloadsReport))
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}

function report<C extends string, T extends Readonly<Record<C, CsvCell>>>(
  deps: ServerDeps,
  spec: ListSpec,
  columns: readonly C[],
  read: (deps: ServerDeps, actor: Actor, list: ListQuery) => Promise<Listed<T>>,
): RequestHandler {
  return async (request, response) => {
    const actor = await authorizeActor(deps, request.headers.authorization, 'reports:read');
    const { format = 'json', ...query } = request.query;
    if (format !== 'json' && format !== 'csv')
      throw new ServerError('request-url', 'query format: expected json or csv, got another text');
    const list = parseListQuery(query, spec);
    if (format === 'json') {
      response.json(await read(deps, actor, list));
      return;
    }
    response.setHeader('Content-Type', 'text/csv; charset=utf-8; header=present');
    response.set('Content-Disposition', 'attachment; filename="report.csv"');
    response.write(encodeCsvRow(columns));
    for await (const row of allRows(deps, actor, spec, query, read))
      response.write(encodeCsvRow(columns.map((column): CsvCell => row[column])));
    response.end();
  };
}

async function* allRows<T>(
  deps: ServerDeps,
  actor: Actor,
  spec: ListSpec,
  query: Readonly<Record<string, unknown>>,
  read: (deps: ServerDeps, actor: Actor, list: ListQuery) => Promise<Listed<T>>,
): AsyncGenerator<T> {
  const { cursor, ...others } = query;
  for (let at = cursor; at !== null;) {
    const page = { ...others, limit: '500', ...(at === undefined ? {} : { cursor: at }) };
    const { items, next } = await read(deps, actor, parseListQuery(page, spec));
    yield* items;
    at = next;
  }
}
