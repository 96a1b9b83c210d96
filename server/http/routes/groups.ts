import { Router } from 'express';
import type { ServerDeps } from '../../deps.js';
import {
  createGroup,
  deleteGroup,
  getGroup,
  groupChangeSchema,
  groupList,
  listGroups,
  newGroupSchema,
  updateGroup,
} from '../../licensing/groups.js';
import { changed, created, lists, removes, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

export function groupRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/groups')
    .get(lists(deps, 'hosts:read', groupList, (actor, list) => listGroups(deps, actor, list)))
    .post(
      takes(deps, 'hosts:write', newGroupSchema, async (actor, input) =>
        created(await createGroup(deps, actor, input)),
      ),
    )
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/groups/:id')
    .get(shows(deps, 'hosts:read', (actor, id) => getGroup(deps, actor, id)))
    .patch(
      takes(deps, 'hosts:write', groupChangeSchema, async (actor, change, id, request) =>
        changed(await updateGroup(deps, actor, id, change, request.headers['if-match'])),
      ),
    )
    .delete(removes(deps, 'hosts:write', (actor, id, ifMatch) => deleteGroup(deps, actor, id, ifMatch)))
    .all(onlyMethods('GET', 'HEAD', 'PATCH', 'DELETE'));
  return router;
}
