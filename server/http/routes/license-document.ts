import { Router } from 'express';
import { licensePayloadType } from '../../../packs/license.js';
import { authorize } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { issueDocument } from '../../licensing/grants.js';
import { representationOf, send } from '../send.js';
import { onlyMethods } from './method.js';

/** The host's own license document with its grants. */
export function licenseDocumentRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/license')
    .get(async (request, response) => {
      const { hostId } = await authorize(deps, request.headers.authorization, ['host']);
      const held = (request.headers['if-none-match'] ?? '').match(/(?<=")[0-9a-f]{64}(?=")/g) ?? [];
      const bytes = await issueDocument(deps, hostId ?? '', held);
      await send(request, response, representationOf(bytes, licensePayloadType, 'private, no-cache'));
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
