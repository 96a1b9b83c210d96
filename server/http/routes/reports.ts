import { shown } from '../../../base/shown.js';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type RequestHandler, Router } from 'express';
import { authorizeActor } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { refusal } from '../../error.js';
import { parseListQuery } from '../../input/listing.js';
import { reportFile, reportMediaTypes, type ReportName, reportNames, reports } from '../../reports/report.js';
import { onlyMethods } from './method.js';

/** What an admin sends on: a page as JSON, or the whole as CSV. */
export function reportRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const name of reportNames)
    router.route(`/v1/reports/${name}`).get(report(deps, name)).all(onlyMethods('GET', 'HEAD'));
  return router;
}

function report(deps: ServerDeps, name: ReportName): RequestHandler {
  return async (request, response) => {
    const actor = await authorizeActor(deps, request.headers.authorization, 'reports:read');
    const { format = 'json', ...query } = request.query;
    if (format !== 'json' && format !== 'csv')
      throw refusal('request-url', { path: ['format'], expected: 'json or csv', got: shown(format) });
    if (format === 'json') {
      const { spec, read } = reports[name];
      response.json(await read(deps, actor, parseListQuery(query, spec)));
      return;
    }
    const text = reportFile(deps, actor, name, 'csv', query);
    response.setHeader('Content-Type', reportMediaTypes.csv);
    response.set('Content-Disposition', `attachment; filename="${name}.csv"`);
    await pipeline(Readable.from(text), response);
  };
}
