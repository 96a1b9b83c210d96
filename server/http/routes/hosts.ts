import { Router } from 'express';
import type { ServerDeps } from '../../deps.js';
import { getHost, hostChangeSchema, hostList, listHosts, removeHost, updateHost } from '../../licensing/hosts.js';
import { changed, lists, removes, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

export function hostRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/hosts')
    .get(lists(deps, 'hosts:read', hostList, (actor, list) => listHosts(deps, actor, list)))
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/v1/hosts/:id')
    .get(shows(deps, 'hosts:read', (actor, id) => getHost(deps, actor, id)))
    .patch(
      takes(deps, 'hosts:write', hostChangeSchema, async (actor, change, id, request) =>
        changed(await updateHost(deps, actor, id, change, request.headers['if-match'])),
      ),
    )
    .delete(removes(deps, 'hosts:write', (actor, id, ifMatch) => removeHost(deps, actor, id, ifMatch)))
    .all(onlyMethods('GET', 'HEAD', 'PATCH', 'DELETE'));
  return router;
}
