import { Router } from 'express';
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { appendAudit } from '../audit.js';
import { authorize } from '../auth.js';
import { readJson } from '../body.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { idPattern } from '../ids.js';
import type { TokenRow } from '../records/tables.js';
import { insertToken } from '../tokens.js';
import { displayName, id, time } from './fields.js';
import { onlyMethods } from './method.js';
import { pageAnswer, requestedPage } from './page.js';

const body = z
  .strictObject({
    name: displayName,
    scope: z.enum(['publisher', 'admin', 'auditor', 'feed']),
    licenseId: id.optional(),
    expiresAt: time.optional(),
  })
  .refine(({ scope, licenseId }) => (scope === 'feed') === (licenseId !== undefined), {
    error: 'expected a licence for scope feed, and only there',
    path: ['licenseId'],
  });

export function tokenRoutes(deps: ServerDeps): Router {
  const { records, clock, config } = deps;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/tokens')
    .post(async (request, response) => {
      const { actor } = await authorize(deps, request.headers.authorization, ['admin']);
      const {
        name,
        scope,
        licenseId = null,
        expiresAt = null,
      } = await readJson(request, body, {
        maxBytes: config.maxJsonBytes,
        totalMs: config.jsonBodyMs,
      });
      if (expiresAt !== null && expiresAt <= formatSeconds(clock.now()))
        throw new ServerError('request-body', `body at /expiresAt: expected a time after now, got ${expiresAt}`);
      const { row, token } = await records.transaction().execute(async (trx) => {
        if (
          licenseId !== null &&
          !(await trx.selectFrom('licenses').select('id').where('id', '=', licenseId).executeTakeFirst())
        )
          throw new ServerError('reference-unknown', 'body at /licenseId: expected a known licence, got another id');
        const made = await insertToken(trx, clock, { name, scope, licenseId, expiresAt });
        const details = { name, scope, licenseId, expiresAt };
        await appendAudit(trx, clock, { actor, action: 'token.create', subject: made.row.id, details });
        return made;
      });
      response.status(201).json({ ...shownToken(row), token });
    })
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin']);
      const { limit, cursor } = requestedPage(request, idPattern);
      const rows = await records
        .selectFrom('tokens')
        .selectAll()
        .where('id', '>', cursor ?? '')
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      response.json(pageAnswer(rows, limit, (row) => row.id, shownToken));
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/tokens/:id')
    .delete(async (request, response) => {
      const { actor } = await authorize(deps, request.headers.authorization, ['admin']);
      await records.transaction().execute(async (trx) => {
        const row = await trx
          .deleteFrom('tokens')
          .where('id', '=', request.params.id)
          .returningAll()
          .executeTakeFirst();
        if (!row) throw new ServerError('not-found', 'token: expected a known id, got another');
        const details = { name: row.name, scope: row.scope };
        await appendAudit(trx, clock, { actor, action: 'token.delete', subject: row.id, details });
      });
      response.status(204).end();
    })
    .all(onlyMethods('DELETE'));
  return router;
}

function shownToken({
  id: tokenId,
  name,
  scope,
  licenseId,
  hostId,
  createdAt,
  expiresAt,
  lastUsedAt,
}: TokenRow): object {
  return { id: tokenId, name, scope, licenseId, hostId, createdAt, expiresAt, lastUsedAt };
}
