import { Router } from 'express';
import { signAuditHead } from '../../audit/audit-head.js';
import { listAudit } from '../../audit/audit-log.js';
import { authorizeActor } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { auditWord, time } from '../../input/fields.js';
import { requireFilter } from '../../input/listing.js';
import { onlyMethods } from './method.js';
import { requestedPage } from './page.js';

/** The audit log from its beginning, so that a reader can follow the chain of hashes, and its signed head. */
export function auditRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/audit')
    .get(async (request, response) => {
      const actor = await authorizeActor(deps, request.headers.authorization, 'audit:read');
      const page = requestedPage(request, /^[1-9]\d{0,14}$/, ['actor', 'action', 'subject', 'since']);
      const filters = {
        actor: requireFilter('actor', auditWord, request.query['actor']),
        action: requireFilter('action', auditWord, request.query['action']),
        subject: requireFilter('subject', auditWord, request.query['subject']),
        since: requireFilter('since', time, request.query['since']),
      };
      response.json(await listAudit(deps, actor, { ...page, ...filters }));
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/v1/audit/head')
    .get(async (request, response) => {
      await authorizeActor(deps, request.headers.authorization, 'audit:read');
      response.setHeader('Content-Type', 'application/vnd.yms.audit-head+json');
      response.end(Buffer.from(await signAuditHead(deps)));
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
