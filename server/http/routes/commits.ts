import { Router } from 'express';
import { z } from 'zod';
import { decodeBase64 } from '../../../base/bytes.js';
import { requirePermission } from '../../actor/actor.js';
import { authorizeActor } from '../../access/auth.js';
import { readJson } from '../body.js';
import { commit } from '../../repository/commit/commit.js';
import type { ServerDeps } from '../../deps.js';
import { slug } from '../../input/fields.js';
import { onlyMethods } from './method.js';

/** TUF clients read no longer files of these roles. */
const maxRootBytes = 512_000;
const maxTargetsBytes = 5_000_000;
/** tuf-js follows no longer chain of roots. */
const maxRoots = 256;

const file = (maxBytes: number) =>
  z
    .string()
    .min(4)
    .max(Math.ceil(maxBytes / 3) * 4);

const body = z.strictObject({
  roots: z.array(file(maxRootBytes)).max(maxRoots).optional(),
  targets: file(maxTargetsBytes).optional(),
  roles: z.record(slug, file(maxTargetsBytes)).optional(),
});

/** Publishing: role files by a publisher; roots and targets, which come from the ceremony, by an admin. */
export function commitRoutes(deps: ServerDeps): Router {
  const { maxCommitBytes, jsonBodyMs } = deps.config;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/commits')
    .post(async (request, response) => {
      const actor = await authorizeActor(deps, request.headers.authorization, 'releases:publish');
      const {
        roots = [],
        targets,
        roles = {},
      } = await readJson(request, body, { maxBytes: maxCommitBytes, totalMs: jsonBodyMs });
      if (roots.length > 0 || targets !== undefined) requirePermission(actor, 'releases:root');
      const files = {
        roots: roots.map((text, i) => decodeBase64(text, undefined, `body at /roots/${i}`)),
        targets: targets === undefined ? null : decodeBase64(targets, undefined, 'body at /targets'),
        roles: new Map(
          Object.entries(roles).map(([name, text]) => [name, decodeBase64(text, undefined, `body at /roles/${name}`)]),
        ),
      };
      const { changed, snapshot, timestamp } = await commit(deps, files, actor.name);
      response.status(changed ? 201 : 200).json({ snapshot, timestamp });
    })
    .all(onlyMethods('POST'));
  return router;
}
