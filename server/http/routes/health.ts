import { Router } from 'express';
import { formatSeconds } from '../../../base/clock.js';
import { authorizeActor } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { observeExpiry } from '../../repository/expiry.js';
import { loadContract, referencePolicy, renderReference } from '../reference.js';
import { currentRole } from '../../repository/repository.js';
import { onlyMethods } from './method.js';

/** For those who watch the server: whether it lives, whether it can serve, what it counts, what it speaks. */
export function healthRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/healthz')
    .get((_request, response) => {
      response.json({ status: 'ok' });
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/readyz')
    .get(async (_request, response) => {
      const timestamp = await currentRole(deps.records, 'timestamp');
      if (timestamp === null)
        throw new ServerError('not-ready', 'repository: expected a first commit of root and targets, got none');
      if (timestamp.signed.expires <= formatSeconds(deps.clock.now()))
        throw new ServerError('not-ready', `timestamp: expected an expiry after now, got ${timestamp.signed.expires}`);
      response.json({ status: 'ok', timestamp: timestamp.signed.version });
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/metrics')
    .get(async (request, response) => {
      const { 'x-forwarded-for': forwardedFor, forwarded } = request.headers;
      if (!isLoopback(request.socket.remoteAddress) || forwardedFor !== undefined || forwarded !== undefined)
        await authorizeActor(deps, request.headers.authorization, 'metrics:read');
      await observeExpiry(deps);
      response.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics());
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/openapi.yaml')
    .get(async (_request, response) => {
      response.type('application/yaml').send(await loadContract());
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/reference')
    .get(async (_request, response) => {
      response.set('Content-Security-Policy', referencePolicy);
      response.type('html').send(renderReference(await loadContract()));
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}

/** A proxy on this machine is not the caller: what it forwards says so in a header, and needs a token. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:127\.|::1$|::ffff:127\.)/.test(address);
}
