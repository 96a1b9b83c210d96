import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { concatBytes } from '../../base/bytes.js';
import { parseJson } from '../../base/json.js';
import { ServerError } from '../error.js';
import { parseInput } from '../input/parse.js';

export interface BodyLimits {
  readonly maxBytes: number;
  readonly totalMs: number;
}

/**
 * A JSON body that fits `schema`. Depth and duplicate members are refused before parsing; what does not fit is named by
 * the path of its member.
 *
 * @throws ServerError `request-media-type`, `request-too-large`, `request-truncated`, `request-timeout`, `request-body`;
 * BaseError `json-*`, `utf8-invalid`
 */
export async function readJson<S extends z.ZodType>(
  request: IncomingMessage,
  schema: S,
  limits: BodyLimits,
): Promise<z.output<S>> {
  requireJsonMediaType(request);
  return parseInput(schema, parseJson(await readBody(request, limits), 'body'));
}

/** @throws ServerError `request-media-type` */
export function requireJsonMediaType(request: IncomingMessage): void {
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json')
    throw new ServerError('request-media-type', `body: expected application/json, got ${mediaType ?? 'none'}`);
}

/** @throws ServerError `request-too-large`, `request-truncated`, `request-timeout` */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBytes, totalMs } = limits;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (outcome: Uint8Array | ServerError) => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut);
      if (outcome instanceof ServerError) reject(outcome);
      else resolve(outcome);
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxBytes)
        settle(new ServerError('request-too-large', `body: expected at most ${maxBytes} bytes, got more`));
    };
    const onEnd = () => settle(concatBytes(...chunks));
    const onCut = () =>
      settle(new ServerError('request-truncated', `body: expected it whole, got ${length} bytes and an end`));
    const timer = setTimeout(() => {
      settle(new ServerError('request-timeout', `body: expected it within ${totalMs} ms, got ${length} bytes by then`));
    }, totalMs);
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > maxBytes) {
      settle(new ServerError('request-too-large', `body: expected at most ${maxBytes} bytes, got ${declared}`));
      return;
    }
    request.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut);
  });
}
