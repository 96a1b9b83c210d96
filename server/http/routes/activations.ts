import { Router } from 'express';
import { z } from 'zod';
import { parsePublicKey } from '../../../keys/key.js';
import { activate } from '../../licensing/activation.js';
import { readJson } from '../body.js';
import type { ServerDeps } from '../../deps.js';
import { displayName } from '../../input/fields.js';
import { onlyMethods } from './method.js';

const body = z.strictObject({
  licenseKey: z.string().min(1).max(100),
  hostKey: z.unknown(),
  name: displayName,
  client: displayName,
});

/** Unsigned: the license key is the right to a seat, and the answer's sealed token proves possession of the host key. */
export function activationRoutes(deps: ServerDeps): Router {
  const limits = { maxBytes: deps.config.maxJsonBytes, totalMs: deps.config.jsonBodyMs };
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/activations')
    .post(async (request, response) => {
      const { hostKey, ...rest } = await readJson(request, body, limits);
      const key = parsePublicKey(hostKey, 'body at /hostKey', 'x25519');
      response.status(201).json(await activate(deps, { ...rest, hostKey: key }));
    })
    .all(onlyMethods('POST'));
  return router;
}
