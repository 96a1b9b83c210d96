import { Router } from 'express';
import { keysJsonPath } from '../../../keys/keys-json.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { authorizeFeature } from '../../licensing/feature-gate.js';
import { recordDownload } from '../../reports/received.js';
import { immutableCaching, type Representation, send } from '../send.js';
import { onlyMethods } from './method.js';

/** Targets by path, with the hash in front of the last segment (TUF specification 6.2). */
export function targetRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/repository/targets/:file')
    .get(async (request, response) => {
      const { sha256, name } = splitFile(request.params.file);
      if (name !== keysJsonPath) throw absent(name);
      await send(request, response, await findTarget(deps, keysJsonPath, sha256, immutableCaching));
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/repository/targets/:feature/:pack/:file')
    .get(async (request, response) => {
      const { feature, pack, file } = request.params;
      const { hostId } = await authorizeFeature(deps, request.headers.authorization, feature);
      const { sha256, name } = splitFile(file);
      await send(
        request,
        response,
        await findTarget(deps, `${feature}/${pack}/${name}`, sha256, 'private, max-age=31536000, immutable'),
      );
      if (hostId !== null && request.method === 'GET' && response.statusCode === 200)
        await recordDownload(deps, hostId, `${feature}/${pack}/${name}`, sha256);
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}

function splitFile(file: string): { sha256: string; name: string } {
  const [, sha256, name] = /^([0-9a-f]{64})\.([a-z0-9.-]+)$/.exec(file) ?? [];
  if (sha256 === undefined || name === undefined) throw absent(file);
  return { sha256, name };
}

/** Only what a role listed is served; a blob that was merely uploaded is not. */
async function findTarget(
  { records, blobs }: ServerDeps,
  path: string,
  sha256: string,
  cacheControl: string,
): Promise<Representation> {
  const row = await records
    .selectFrom('targets')
    .select(['length'])
    .where('path', '=', path)
    .where('sha256', '=', sha256)
    .executeTakeFirst();
  if (!row) throw absent(`${path} with SHA-256 ${sha256}`);
  return {
    length: row.length,
    etag: sha256,
    mediaType: path === keysJsonPath ? 'application/json' : 'application/octet-stream',
    cacheControl,
    read: (range) => blobs.read(sha256, range),
  };
}

function absent(got: string): ServerError {
  return new ServerError('not-found', `target: expected one that a role lists, got ${got}`);
}
