import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import { decodeUtf8 } from '../../base/bytes.js';
import { readBody } from '../http/body.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';

const maxFormBytes = 262_144;

/** Of a form with its file: what is uploaded here is a request of a few hundred bytes. */
const maxUploadBytes = 65_536;
const maxParts = 20;

/** @throws ServerError `request-media-type`, `request-too-large`, `request-truncated`, `request-timeout` */
export async function readForm(
  request: IncomingMessage,
  { config }: Pick<ServerDeps, 'config'>,
): Promise<URLSearchParams> {
  requireMediaType(request, 'application/x-www-form-urlencoded');
  const bytes = await readBody(request, { maxBytes: maxFormBytes, totalMs: config.jsonBodyMs });
  return new URLSearchParams(decodeUtf8(bytes, 'form'));
}

/**
 * A form of `multipart/form-data` (RFC 7578). A file counts as the text in it; bytes that are no UTF-8 become U+FFFD, so
 * that whoever reads the text says what is wrong with it.
 *
 * @throws ServerError `request-body`, and as {@link readForm}
 */
export async function readUpload(
  request: IncomingMessage,
  { config }: Pick<ServerDeps, 'config'>,
): Promise<URLSearchParams> {
  requireMediaType(request, 'multipart/form-data');
  const bytes = await readBody(request, { maxBytes: maxUploadBytes, totalMs: config.jsonBodyMs });
  return parseMultipart(request.headers['content-type'] ?? '', bytes);
}

function parseMultipart(contentType: string, bytes: Uint8Array): Promise<URLSearchParams> {
  const values = new URLSearchParams();
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown) =>
      reject(
        new ServerError(
          'request-body',
          'form: expected multipart/form-data as RFC 7578 has it, got bytes that end early or have no boundary',
          { cause },
        ),
      );
    try {
      new Busboy({
        headers: { 'content-type': contentType },
        limits: { parts: maxParts, fieldSize: maxUploadBytes },
        isPartAFile: () => false,
      })
        .on('field', (name, value) => values.append(name, value))
        .on('error', refuse)
        .on('finish', () => resolve(values))
        .end(bytes);
    } catch (error) {
      refuse(error);
    }
  });
}

function requireMediaType(request: IncomingMessage, expected: string): void {
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== expected)
    throw new ServerError('request-media-type', `form: expected a form of this site, got ${mediaType ?? 'none'}`);
}
