import { Router } from 'express';
import { authorizeActor } from '../auth.js';
import type { ServerDeps } from '../deps.js';
import { loadRepository } from '../repository.js';
import { onlyMethods } from './method.js';
import { pageAnswer, requestedPage } from './page.js';

/** The packs that are served now, one entry a target, by path. */
export function releaseRoutes(deps: ServerDeps): Router {
  const { records } = deps;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/releases')
    .get(async (request, response) => {
      await authorizeActor(deps, request.headers.authorization, 'releases:read');
      const { limit, cursor } = requestedPage(request, /^[a-z0-9./-]{1,300}$/);
      const repository = await loadRepository(records);
      const rows = await records
        .selectFrom('targets')
        .innerJoin('packs', (join) =>
          join.onRef('packs.path', '=', 'targets.path').onRef('packs.sha256', '=', 'targets.sha256'),
        )
        .select([
          'packs.path',
          'packs.sha256',
          'packs.feature',
          'packs.pack',
          'packs.channel',
          'packs.kind',
          'packs.version',
        ])
        .select(['packs.sequence', 'packs.keyCommitment', 'targets.length', 'targets.committedAt'])
        .where('targets.current', '=', 1)
        .where('packs.path', '>', cursor ?? '')
        .orderBy('packs.path')
        .limit(limit + 1)
        .execute();
      response.json(
        pageAnswer(
          rows,
          limit,
          ({ path }) => path,
          (row) => {
            const role = repository?.roles.get(row.feature)?.signed;
            return {
              ...row,

              roleVersion: role?.version ?? null,
              expiresAt: role?.expires ?? null,
            };
          },
        ),
      );
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
