import { shown } from '../../base/shown.js';
import type { Request, Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { sha256Hex } from '../../base/bytes.js';
import { ServerError } from '../error.js';

/** Bytes with a name of their own, to be sent whole or in part. */
export interface Representation {
  readonly length: number;
  /** Strong, without quotes. */
  readonly etag: string;
  readonly mediaType: string;
  readonly cacheControl: string;
  /** For readers that know no ETag (RFC 9110 section 8.8.2). */
  readonly modifiedAt?: Date;
  read(range?: { readonly start: number; readonly end: number }): Readable;
}

/** What never changes under its name may be kept for ever. */
export const immutableCaching = 'public, max-age=31536000, immutable';

export function representationOf(bytes: Uint8Array, mediaType: string, cacheControl: string): Representation {
  return {
    length: bytes.length,
    etag: sha256Hex(bytes),
    mediaType,
    cacheControl,
    read: (range) => Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes]),
  };
}

/**
 * Answers GET and HEAD (RFC 9110): 304 for a known ETag, 206 for one range, 416 for one outside, otherwise 200. Several
 * ranges at once get the whole.
 *
 * @throws ServerError `range-not-satisfiable`
 */
export async function send(request: Request, response: Response, what: Representation): Promise<void> {
  response.set({
    ETag: `"${what.etag}"`,
    'Cache-Control': what.cacheControl,
    'Accept-Ranges': 'bytes',
    ...(what.modifiedAt && { 'Last-Modified': what.modifiedAt.toUTCString() }),
  });
  if (isCurrent(request, what)) {
    response.status(304).end();
    return;
  }
  const range = requestedRange(request, what);
  if (range === 'outside') {
    response.removeHeader('ETag');
    response.set({ 'Content-Range': `bytes */${what.length}`, 'Cache-Control': 'no-store' });
    throw new ServerError(
      'range-not-satisfiable',
      `range: expected one within ${what.length} bytes, got ${shown(request.headers.range)}`,
    );
  }
  response.setHeader('Content-Type', what.mediaType); // express would add a charset
  response.set({
    'Content-Length': String(range ? range.end - range.start + 1 : what.length),
    ...(range ? { 'Content-Range': `bytes ${range.start}-${range.end}/${what.length}` } : {}),
  });
  response.status(range ? 206 : 200);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(range ? what.read(range) : what.read(), response);
}

/**
 * Whether a client holds these bytes already (RFC 9110 section 13.1.2). Express's own answer would also heed a request's
 * `Cache-Control: no-cache`, which fetch sends along with every If-None-Match. A time must be the very one that we gave:
 * a release that was taken back has the older file as its newer one.
 */
function isCurrent({ headers }: Request, { etag, modifiedAt }: Representation): boolean {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch === undefined)
    return modifiedAt !== undefined && headers['if-modified-since'] === modifiedAt.toUTCString();
  return ifNoneMatch.split(',').some((tag) => ['*', `"${etag}"`, `W/"${etag}"`].includes(tag.trim()));
}

function requestedRange(request: Request, what: Representation): { start: number; end: number } | null | 'outside' {
  const condition = request.headers['if-range'];
  if (request.method !== 'GET' || (condition !== undefined && condition !== `"${what.etag}"`)) return null;
  const ranges = request.range(what.length);
  if (ranges === -1) return 'outside';
  if (ranges === undefined || ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return null;
  return ranges[0] ?? null;
}
