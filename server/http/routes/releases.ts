import { Router } from 'express';
import type { ServerDeps } from '../../deps.js';
import { listPage, type ListSpec } from '../../input/listing.js';
import { loadRepository } from '../../repository/repository.js';
import { lists } from './call.js';
import { slug } from '../../input/fields.js';
import { onlyMethods } from './method.js';

const releaseList: ListSpec = {
  id: 'packs.path',
  sorts: { committedAt: 'targets.committedAt' },
  filters: { feature: slug, pack: slug, channel: slug },
};

/** The packs that are served now, one entry a target, by path unless asked otherwise. */
export function releaseRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/releases')
    .get(
      lists(deps, 'releases:read', releaseList, async (_actor, list) => {
        const { feature, pack, channel } = list.filters;
        const repository = await loadRepository(deps.records);
        let query = deps.records
          .selectFrom('targets')
          .innerJoin('packs', (join) =>
            join.onRef('packs.path', '=', 'targets.path').onRef('packs.sha256', '=', 'targets.sha256'),
          )
          .select(['packs.path', 'packs.sha256', 'packs.feature', 'packs.pack', 'packs.channel', 'packs.kind'])
          .select(['packs.version', 'packs.epoch', 'packs.sequence', 'packs.keyCommitment'])
          .select(['targets.length', 'targets.committedAt'])
          .where('targets.current', '=', 1);
        if (feature !== undefined) query = query.where('packs.feature', '=', feature);
        if (pack !== undefined) query = query.where('packs.pack', '=', pack);
        if (channel !== undefined) query = query.where('packs.channel', '=', channel);
        return listPage(query, list, releaseList, {
          idOf: ({ path }) => path,
          valueOf: (row, column) => (column === 'targets.committedAt' ? row.committedAt : row.path),
          show: (row) => {
            const role = repository?.roles.get(row.feature)?.signed;
            return { ...row, roleVersion: role?.version ?? null, expiresAt: role?.expires ?? null };
          },
        });
      }),
    )
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
