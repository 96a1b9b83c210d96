import { Router } from 'express';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { findMetadata } from '../../repository/repository.js';
import { immutableCaching, representationOf, send } from '../send.js';
import { onlyMethods } from './method.js';

/** How long caches may keep the timestamp: an update is seen within this many seconds. */
const timestampCaching = 'public, max-age=10';

/** Public, never limited and never 403: TUF clients read 403 and 404 on a root as "there is no newer one". */
export function metadataRoutes({ records }: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/repository/metadata/:name')
    .get(async (request, response) => {
      const { name } = request.params;
      const bytes = await findMetadata(records, name);
      if (bytes === null)
        throw new ServerError('not-found', `metadata: expected a file of the repository, got ${JSON.stringify(name)}`);
      const caching = name === 'timestamp.json' ? timestampCaching : immutableCaching;
      await send(request, response, representationOf(bytes, 'application/json', caching));
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
