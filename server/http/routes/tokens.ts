import { Router } from 'express';
import {
  activationTokenList,
  createActivationToken,
  createToken,
  deleteActivationToken,
  deleteToken,
  listActivationTokens,
  listTokens,
  newActivationTokenSchema,
  newTokenSchema,
  rotateToken,
  rotationSchema,
  tokenList,
} from '../../access/api-tokens.js';
import type { ServerDeps } from '../../deps.js';
import { lists, removes, takes } from './call.js';
import { onlyMethods } from './method.js';

export function tokenRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/tokens')
    .post(
      takes(deps, 'tokens:write', newTokenSchema, async (actor, input) => ({
        status: 201,
        body: await createToken(deps, actor, input),
      })),
    )
    .get(lists(deps, 'tokens:read', tokenList, (actor, list) => listTokens(deps, actor, list)))
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/tokens/:id')
    .delete(removes(deps, 'tokens:write', (actor, id) => deleteToken(deps, actor, id)))
    .all(onlyMethods('DELETE'));
  router
    .route('/v1/tokens/:id/rotate')
    .post(
      takes(deps, 'tokens:write', rotationSchema, async (actor, input, id) => ({
        status: 201,
        body: await rotateToken(deps, actor, id, input),
      })),
    )
    .all(onlyMethods('POST'));
  router
    .route('/v1/activation-tokens')
    .get(
      lists(deps, 'activation-tokens:write', activationTokenList, (actor, list) =>
        listActivationTokens(deps, actor, list),
      ),
    )
    .post(
      takes(deps, 'activation-tokens:write', newActivationTokenSchema, async (actor, input) => ({
        status: 201,
        body: await createActivationToken(deps, actor, input),
      })),
    )
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/activation-tokens/:id')
    .delete(removes(deps, 'activation-tokens:write', (actor, id) => deleteActivationToken(deps, actor, id)))
    .all(onlyMethods('DELETE'));
  return router;
}
