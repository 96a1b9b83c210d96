import { Router } from 'express';
import type { ServerDeps } from '../../deps.js';
import {
  createPlan,
  getPlan,
  listPlans,
  newPlanSchema,
  planChangeSchema,
  planList,
  updatePlan,
} from '../../licensing/plans.js';
import { changed, created, lists, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

export function planRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/plans')
    .get(lists(deps, 'plans:read', planList, (actor, list) => listPlans(deps, actor, list)))
    .post(
      takes(deps, 'plans:write', newPlanSchema, async (actor, input) => created(await createPlan(deps, actor, input))),
    )
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/plans/:id')
    .get(shows(deps, 'plans:read', (actor, id) => getPlan(deps, actor, id)))
    .patch(
      takes(deps, 'plans:write', planChangeSchema, async (actor, change, id, request) =>
        changed(await updatePlan(deps, actor, id, change, request.headers['if-match'])),
      ),
    )
    .all(onlyMethods('GET', 'HEAD', 'PATCH'));
  return router;
}
