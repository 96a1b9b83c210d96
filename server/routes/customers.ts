import { Router } from 'express';
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { appendAudit } from '../audit.js';
import { authorize } from '../auth.js';
import { readJson } from '../body.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { idPattern, newId } from '../ids.js';
import { displayName } from './fields.js';
import { onlyMethods } from './method.js';
import { pageAnswer, requestedPage } from './page.js';

const body = z.strictObject({ name: displayName });

export function customerRoutes(deps: ServerDeps): Router {
  const { records, clock, config } = deps;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/customers')
    .post(async (request, response) => {
      const { actor } = await authorize(deps, request.headers.authorization, ['admin']);
      const { name } = await readJson(request, body, { maxBytes: config.maxJsonBytes, totalMs: config.jsonBodyMs });
      const customer = { id: newId('cus', clock), name, createdAt: formatSeconds(clock.now()) };
      await records.transaction().execute(async (trx) => {
        await trx.insertInto('customers').values(customer).execute();
        await appendAudit(trx, clock, { actor, action: 'customer.create', subject: customer.id, details: { name } });
      });
      response.status(201).json(customer);
    })
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin']);
      const { limit, cursor } = requestedPage(request, idPattern);
      const rows = await records
        .selectFrom('customers')
        .selectAll()
        .where('id', '>', cursor ?? '')
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      response.json(
        pageAnswer(
          rows,
          limit,
          ({ id }) => id,
          (row) => row,
        ),
      );
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/customers/:id')
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin']);
      const row = await records
        .selectFrom('customers')
        .selectAll()
        .where('id', '=', request.params.id)
        .executeTakeFirst();
      if (!row) throw new ServerError('not-found', 'customer: expected a known id, got another');
      response.json(row);
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
