import { shown } from '../../../base/shown.js';
import { type Request, Router } from 'express';
import { authorizeActor } from '../../access/auth.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { findBlob, receiveBlob } from '../../repository/uploads.js';
import { onlyMethods } from './method.js';

/** Uploads by hash. Nothing is served from here: a blob is a target only once a signed role lists it. */
export function blobRoutes(deps: ServerDeps): Router {
  const { config } = deps;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/blobs/:sha256')
    .head(async (request, response) => {
      await authorizeActor(deps, request.headers.authorization, 'releases:publish');
      const sha256 = requireHash(request.params.sha256);
      const length = await findBlob(deps, sha256);
      if (length === null) throw new ServerError('not-found', `blob: expected an uploaded one, got ${sha256}`);
      response.set({ 'Content-Type': 'application/octet-stream', 'Content-Length': String(length) }).end();
    })
    .put(async (request, response) => {
      const { name: actor } = await authorizeActor(deps, request.headers.authorization, 'releases:publish');
      const sha256 = requireHash(request.params.sha256);
      const announced = requireOctets(request, config.maxBlobBytes);
      if ((await findBlob(deps, sha256)) !== null) {
        response.status(200).json({ sha256 });
        return;
      }
      const created = await receiveBlob(deps, actor, sha256, chunksOf(request), announced).catch((cause: unknown) => {
        if (cause instanceof Error && request.readableAborted)
          throw new ServerError('request-truncated', 'blob: expected it whole, got an end before', { cause });
        throw cause;
      });
      response.status(created ? 201 : 200).json({ sha256 });
    })
    .all(onlyMethods('HEAD', 'PUT'));
  return router;
}

/** Leaves the connection open when the reader stops early: the sender is to read why. */
function chunksOf(request: Request): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

function requireHash(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new ServerError('not-found', `blob: expected 64 lower-case hex digits, got ${shown(text)}`);
  return text;
}

/** @returns how many bytes the sender announces, or null */
function requireOctets(request: Request, maxBytes: number): number | null {
  const mediaType = request.headers['content-type']?.toLowerCase();
  if (mediaType !== 'application/octet-stream')
    throw new ServerError('request-media-type', `blob: expected application/octet-stream, got ${mediaType ?? 'none'}`);
  const announced = request.headers['content-length'];
  const declared = Number(announced ?? 0);
  if (declared > maxBytes)
    throw new ServerError('request-too-large', `blob: expected at most ${maxBytes} bytes, got ${declared}`);
  return announced === undefined ? null : declared;
}
