import { type Request, Router } from 'express';
import type { z } from 'zod';
import { signAuditHead } from '../../audit/audit-head.js';
import { listAudit } from '../../audit/audit-log.js';
import { authorizeActor } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { auditWord, time } from '../../input/fields.js';
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
        actor: filter(request, 'actor', auditWord),
        action: filter(request, 'action', auditWord),
        subject: filter(request, 'subject', auditWord),
        since: filter(request, 'since', time),
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

function filter(request: Request, name: string, schema: z.ZodType<string>): string | undefined {
  const value = request.query[name];
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ServerError('request-url', `query ${name}: expected another form, got another text`);
  return parsed.data;
}
