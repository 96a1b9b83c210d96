import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { systemCode } from '../base/error.js';
import { PackError } from './error.js';

const outputChunkBytes = 262_144;

/** Brotli (RFC 7932) with parameters that are the same everywhere. */
export function compress(content: Uint8Array): Promise<Uint8Array> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 9,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return new Promise((resolve, reject) => {
    brotliCompress(content, { params, chunkSize: outputChunkBytes }, (error, compressed) =>
      error ? reject(error) : resolve(compressed),
    );
  });
}

/**
 * Decompresses to exactly `contentLength` bytes and stops there, however much more the stream would give.
 *
 * @throws PackError `compression`, `archive-too-large`, `archive-too-small`
 */
export async function decompress(compressed: Uint8Array, contentLength: number): Promise<Uint8Array> {
  const { content, readBytes } = await inflate(compressed, contentLength);
  if (readBytes !== compressed.length)
    throw new PackError(
      'compression',
      `payload: expected one brotli stream of ${compressed.length} bytes, got its end after ${readBytes}`,
    );
  if (content.length !== contentLength)
    throw new PackError('archive-too-small', `archive: expected ${contentLength} bytes, got ${content.length}`);
  return content;
}

interface Inflated {
  readonly content: Uint8Array;
  readonly readBytes: number;
}

function inflate(compressed: Uint8Array, maxBytes: number): Promise<Inflated> {
  const options = { maxOutputLength: maxBytes, chunkSize: outputChunkBytes, info: true };
  return new Promise((resolve, reject) => {
    // With `info`, the callback's second argument is an object that the type of this overload does not know.
    const done = (cause: Error | null, result: unknown): void => {
      if (cause === null) {
        const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } };
        resolve({ content: buffer, readBytes: engine.bytesWritten });
      } else if (systemCode(cause) === 'ERR_BUFFER_TOO_LARGE')
        reject(new PackError('archive-too-large', `archive: expected ${maxBytes} bytes, got more`, { cause }));
      else reject(new PackError('compression', `payload: expected a brotli stream, got ${cause.message}`, { cause }));
    };
    brotliDecompress(compressed, options, done);
  });
}
