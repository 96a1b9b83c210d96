import { Router } from 'express';
import type { ServerDeps } from '../../deps.js';
import {
  cancelMove,
  createMove,
  getMove,
  listMoves,
  moveList,
  newMoveSchema,
  previewMove,
} from '../../licensing/feature-moves.js';
import { entityTag } from '../../input/entity-tag.js';
import { lists, removes, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

export function featureMoveRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/feature-moves')
    .get(lists(deps, 'plans:read', moveList, (actor, list) => listMoves(deps, actor, list)))
    .post(
      takes(deps, 'plans:write', newMoveSchema, async (actor, input) => ({
        status: 201,
        body: await createMove(deps, actor, input),
      })),
    )
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/feature-moves/preview')
    .post(
      takes(deps, 'plans:read', newMoveSchema, async (actor, input) => ({
        status: 200,
        body: await previewMove(deps, actor, input),
      })),
    )
    .all(onlyMethods('POST'));
  router
    .route('/v1/feature-moves/:id')
    .get(
      shows(deps, 'plans:read', async (actor, id) => {
        const shown = await getMove(deps, actor, id);
        return { shown, tag: entityTag({ ...shown, fromPlans: [...shown.fromPlans], toPlans: [...shown.toPlans] }) };
      }),
    )
    .delete(removes(deps, 'plans:write', (actor, id) => cancelMove(deps, actor, id)))
    .all(onlyMethods('GET', 'HEAD', 'DELETE'));
  return router;
}
