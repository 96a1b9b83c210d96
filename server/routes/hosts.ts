import { Router } from 'express';
import type { Json } from '../../base/json.js';
import { appendAudit } from '../audit.js';
import { authorize } from '../auth.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { idPattern } from '../ids.js';
import type { HostRow } from '../records/tables.js';
import { onlyMethods } from './method.js';
import { pageAnswer, requestedPage } from './page.js';

export function hostRoutes(deps: ServerDeps): Router {
  const { records, clock } = deps;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/hosts')
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin']);
      const { limit, cursor } = requestedPage(request, idPattern, ['licenseId']);
      const { licenseId } = request.query;
      if (licenseId !== undefined && (typeof licenseId !== 'string' || !idPattern.test(licenseId)))
        throw new ServerError('request-url', 'query licenseId: expected an id of this server, got another text');
      const rows = await records
        .selectFrom('hosts')
        .selectAll()
        .where('id', '>', cursor ?? '')
        .$if(licenseId !== undefined, (query) => query.where('licenseId', '=', String(licenseId)))
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      response.json(pageAnswer(rows, limit, ({ id }) => id, shownHost));
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/v1/hosts/:id')
    .delete(async (request, response) => {
      const { actor } = await authorize(deps, request.headers.authorization, ['admin']);
      await records.transaction().execute(async (trx) => {
        const row = await trx.deleteFrom('hosts').where('id', '=', request.params.id).returningAll().executeTakeFirst();
        if (!row) throw new ServerError('not-found', 'host: expected a known id, got another');
        const details = { license: row.licenseId, keyid: row.keyid, name: row.name };
        await appendAudit(trx, clock, { actor, action: 'host.delete', subject: row.id, details });
      });
      response.status(204).end();
    })
    .all(onlyMethods('DELETE'));
  return router;
}

function shownHost({ id, licenseId, keyid, name, client, createdAt, status, statusAt }: HostRow): object {
  const report = status === null ? null : (JSON.parse(status) as Json);
  return { id, licenseId, keyid, name, client, createdAt, status: report, statusAt };
}
