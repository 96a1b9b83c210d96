import { shown } from '../../../base/shown.js';
import { Router } from 'express';
import { authorizeActor } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import {
  activateOffline,
  issueOfflineDocument,
  offlineActivationSchema,
  offlineDocumentSchema,
  offlinePack,
} from '../../licensing/offline.js';
import { send } from '../send.js';
import { takes } from './call.js';
import { onlyMethods } from './method.js';

/** For whoever carries files to hosts without a network. */
export function offlineRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/offline-activations')
    .post(
      takes(deps, 'hosts:write', offlineActivationSchema, async (actor, input) => ({
        status: 201,
        body: await activateOffline(deps, actor, input),
      })),
    )
    .all(onlyMethods('POST'));
  router
    .route('/v1/hosts/:id/offline-documents')
    .post(
      takes(deps, 'hosts:write', offlineDocumentSchema, async (actor, input, id) => ({
        status: 201,
        body: await issueOfflineDocument(deps, actor, id, input),
      })),
    )
    .all(onlyMethods('POST'));
  router
    .route('/v1/hosts/:id/packs/:sha256')
    .get(async (request, response) => {
      const actor = await authorizeActor(deps, request.headers.authorization, 'hosts:write');
      const { id, sha256 } = request.params;
      if (!/^[0-9a-f]{64}$/.test(sha256))
        throw new ServerError(
          'not-found',
          `pack: expected the SHA-256 of one, 64 lower-case hex digits, got ${shown(sha256)}`,
        );
      const { length } = await offlinePack(deps, actor, id, sha256);
      await send(request, response, {
        length,
        etag: sha256,
        mediaType: 'application/octet-stream',
        cacheControl: 'private, no-store',
        read: (range) => deps.blobs.read(sha256, range),
      });
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
