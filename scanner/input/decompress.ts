import { pipeline } from 'node:stream/promises';
import { Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Compression } from './archive-format.js';
import { ElementError } from './diagnostic.js';

/** What of a compressed file is decoded at a time. */
const sliceBytes = 64 * 1024;

/**
 * What one slice may decode to, for decoders that give all of it at once: a bomb is told from a log long before the memory is
 * full. bzip2 comes to 45 MB in 45 bytes, zstd to 128 KiB in 4.
 */
export const maxBurstBytes = 256 * 1024 * 1024;

/**
 * The bytes of a compressed file, members of it that follow one another as one. All that could be decoded comes before the
 * error that says what could not.
 *
 * @throws ElementError `archive-damaged`, `archive-method`, `archive-too-large`; what `chunks` throws
 */
export function decompress(format: Compression, chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  switch (format) {
    case 'gzip':
      return outputOf(createGunzip(), chunks, path);
    case 'bzip2':
      return decodeSlices(chunks, path, openBzip2);
    case 'xz':
      return unxz(chunks, path);
    case 'zstd':
      return decodeSlices(chunks, path, openZstd);
  }
}

/** An async iterator of Node.js drops what a stream holds when it breaks; this one gives it first. */
async function* outputOf(stream: Transform, chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const ends: unknown[] = []; // null, or an error
  let wake = (): void => undefined;
  const finish = (error: unknown): void => {
    ends.push(error);
    wake();
  };
  stream.on('readable', () => wake());
  stream.on('end', () => finish(null));
  stream.on('error', finish);
  const feeding = pipeline(chunks, stream).catch(finish);
  try {
    for (;;) {
      const chunk = stream.read() as Buffer | null;
      if (chunk !== null) yield chunk;
      else if (ends.length > 0) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stream.destroy();
    await feeding;
  }
  const [error] = ends;
  if (error !== null) throw damagedBy(error, path);
}

/** Takes compressed bytes and calls back with others, at once. */
interface SyncDecoder {
  push(slice: Buffer): void;
  end(): void;
}

type OpenDecoder = (give: (bytes: Uint8Array) => void, fail: (error: Error) => void) => Promise<SyncDecoder>;

async function* decodeSlices(chunks: AsyncIterable<Buffer>, path: string, open: OpenDecoder): AsyncGenerator<Buffer> {
  let decoded: Buffer[] = [];
  let burst = 0;
  const faults: Error[] = [];
  const give = (bytes: Uint8Array): void => {
    burst += bytes.length;
    if (burst > maxBurstBytes) {
      const said = `expected at most ${maxBurstBytes} bytes out of ${sliceBytes}, got more`;
      faults.push(new ElementError('archive-too-large', `${path}: ${said}`));
      throw new Error(said); // ends the work of the decoder
    }
    if (bytes.length > 0) decoded.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  };
  const decoder = await open(give, (error) => void faults.push(error));
  const take = (work: () => void): Buffer[] => {
    decoded = [];
    burst = 0;
    try {
      work();
    } catch (error) {
      faults.push(error as Error);
    }
    return decoded;
  };
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length && faults.length === 0; at += sliceBytes)
      yield* take(() => decoder.push(chunk.subarray(at, at + sliceBytes)));
  if (faults.length === 0) yield* take(() => decoder.end());
  const [fault] = faults;
  if (fault !== undefined) throw damagedBy(fault, path);
}

const openBzip2: OpenDecoder = async (give, fail) => {
  const { default: unbzip2 } = await import('unbzip2-stream');
  const decoder = unbzip2();
  decoder.on('data', give);
  decoder.on('error', fail);
  return { push: (slice) => void decoder.write(slice), end: () => void decoder.end() };
};

const openZstd: OpenDecoder = async (give) => {
  const { Decompress } = await import('fzstd');
  const decoder = new Decompress(give);
  return {
    push: (slice) => {
      decoder.push(slice);
    },
    end: () => {
      decoder.push(new Uint8Array(), true);
    },
  };
};

/** What xz-embedded says to filters and checks that it does not know. */
const xzOptions = 'error code 6';

async function* unxz(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const { default: xz } = await import('xz-decompress');
  let foreign: unknown = null;
  const watched = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
    } catch (error) {
      foreign = error; // what keeps the bytes from being read, and no fault of theirs
    }
  };
  const stream = new xz.XzReadableStream(Readable.toWeb(Readable.from(watched())));
  letOthersIn(xz.XzReadableStream);
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { buffer, byteOffset, length } = next.value;
      if (length > 0) yield Buffer.from(buffer, byteOffset, length);
    }
  } catch (cause) {
    if (foreign !== null) throw foreign as Error;
    if (!(cause as Error).message.includes(xzOptions)) throw damagedBy(cause, path);
    const said = 'expected LZMA2 with CRC32 or CRC64, got a filter or check besides these';
    throw new ElementError('archive-method', `${path}: ${said}`, { cause });
  } finally {
    await reader.cancel().catch(() => undefined); // it has let go of its memory already where it came to its end
  }
  if (foreign !== null) throw foreign as Error;
}

/** The library lets one stream at a time decode; ours stand inside one another, and the outer one would wait for ever. */
function letOthersIn(stream: unknown): void {
  (stream as { readonly _contextMutex?: { release(): void } })._contextMutex?.release();
}

function damagedBy(error: unknown, path: string): Error {
  if (error instanceof ElementError) return error;
  // A decoder that runs out of bytes trips over a value that is not there.
  const got = error instanceof TypeError ? 'its end in the middle' : (error as Error).message;
  return new ElementError('archive-damaged', `${path}: expected a whole compressed file, got ${got}`, { cause: error });
}
