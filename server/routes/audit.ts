import { Router } from 'express';
import { auditEntry } from '../audit.js';
import { authorize } from '../auth.js';
import type { ServerDeps } from '../deps.js';
import { onlyMethods } from './method.js';
import { pageAnswer, requestedPage } from './page.js';

/** The audit log from its beginning, so that a reader can follow the chain of hashes. */
export function auditRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/audit')
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin', 'auditor']);
      const { limit, cursor } = requestedPage(request, /^[1-9]\d{0,14}$/);
      const rows = await deps.records
        .selectFrom('audit')
        .selectAll()
        .where('sequence', '>', Number(cursor ?? 0))
        .orderBy('sequence')
        .limit(limit + 1)
        .execute();
      response.json(pageAnswer(rows, limit, ({ sequence }) => String(sequence), auditEntry));
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
