import { shown } from '../../../base/shown.js';
import { Router } from 'express';
import { parseSeconds } from '../../../base/clock.js';
import { feedFormatOf, feedMediaType, feedPath, type FeedPath } from '../../../packs/feed.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { authorizeFeature } from '../../licensing/feature-gate.js';
import { type Representation, send } from '../send.js';
import { onlyMethods } from './method.js';

/** The committed feeds under names that stay, for resolvers and firewalls that poll one address (docs/feeds.md). */
export function feedRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/feeds/:feature/:pack/:channel/:name')
    .get(async (request, response) => {
      await authorizeFeature(deps, request.headers.authorization, request.params.feature);
      await send(request, response, await findFeed(deps, request.params));
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}

/** What the role lists now; a feed of an earlier release is not served under this name. */
async function findFeed({ records, blobs }: ServerDeps, path: FeedPath): Promise<Representation> {
  const format = feedFormatOf(path.name);
  const row = await records
    .selectFrom('targets')
    .select(['sha256', 'length', 'committedAt'])
    .where('path', '=', feedPath(path))
    .where('current', '=', 1)
    .executeTakeFirst();
  if (format === null || !row)
    throw new ServerError('not-found', `feed: expected one that a role lists, got ${shown(feedPath(path))}`);
  const modifiedAt = parseSeconds(row.committedAt);
  return {
    length: row.length,
    etag: row.sha256,
    mediaType: feedMediaType(format),
    cacheControl: 'private, no-cache',
    ...(modifiedAt && { modifiedAt }),
    read: (range) => blobs.read(row.sha256, range),
  };
}
