import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { fromBufferPromise, fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { type Compression, innerNameOf } from './archive-format.js';
import { type Content, peek, readLater } from './content.js';
import { decompress } from './decompress.js';
import { ElementError } from './diagnostic.js';

/** What stands in an archive under a name. */
export interface Member {
  /** As the archive has it; `..` and absolute names too, because nothing is ever written. */
  readonly name: string;
  /** Where a link leads. */
  readonly link: string | null;
  /** Null for what has no content, or none that can be read: then `diagnostic` says why. */
  readonly open: (() => Promise<AsyncIterable<Buffer>>) | null;
  readonly diagnostic: ElementError | null;
  /** When it was written last, in milliseconds since 1970; null where the archive does not say. */
  readonly modifiedMs: number | null;
}

/** The one member of a compressed file, called as the file without its ending. */
export async function* compressedMember(format: Compression, { chunks, name, path }: Content): AsyncGenerator<Member> {
  const inner = innerNameOf(format, name);
  const { head, whole } = await peek(chunks, 8);
  try {
    yield {
      name: inner,
      link: null,
      diagnostic: null,
      // gzip's header has the time (RFC 1952, section 2.3.1); 0 means that there is none
      modifiedMs: format === 'gzip' && head.length >= 8 ? head.readUInt32LE(4) * 1000 || null : null,
      open: () => Promise.resolve(decompress(format, whole, `${path}!${inner}`)),
    };
  } finally {
    await whole.return(undefined);
  }
}

/** @throws ElementError `archive-damaged` */
export async function* tarMembers(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Member> {
  const tar = extract();
  let failure: unknown = null;
  const feeding = pipeline(chunks, tar).catch((error: unknown) => (failure = error));
  try {
    for await (const entry of tar) {
      const { name, type, linkname } = entry.header;
      const isLink = type === 'symlink' || type === 'link';
      const stream = entry as unknown as AsyncIterable<Buffer>;
      yield {
        name,
        link: isLink ? linkname : null,
        open: type === 'file' ? () => Promise.resolve(stream) : null,
        diagnostic: null,
        modifiedMs: entry.header.mtime.getTime(),
      };
      entry.resume();
    }
  } catch (cause) {
    throw damaged(path, cause);
  } finally {
    tar.destroy();
    await feeding;
  }
  if (failure !== null) throw damaged(path, failure);
}

class FileReader extends RandomAccessReader {
  readonly #fd: number;

  constructor(fd: number) {
    super();
    this.#fd = fd;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#range(start, end));
  }

  async *#range(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end;) {
      const buffer = Buffer.allocUnsafe(Math.min(65_536, end - at));
      const { bytesRead } = await readLater(this.#fd, buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error('unexpected end of file');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

const zipOptions = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true } as const;

/**
 * The members of a ZIP file as its central directory tells. Sizes that lie are found out while reading.
 *
 * @throws ElementError `archive-damaged`
 */
export async function* zipMembers(
  source: { readonly fd: number; readonly size: number } | Buffer,
  path: string,
): AsyncGenerator<Member> {
  let zip: ZipFile | null = null;
  try {
    zip = Buffer.isBuffer(source)
      ? await fromBufferPromise(source, zipOptions)
      : await fromRandomAccessReaderPromise(new FileReader(source.fd), source.size, zipOptions);
    for await (const entry of zip.eachEntry()) yield zipMember(zip, entry, path);
  } catch (cause) {
    throw damaged(path, cause);
  } finally {
    zip?.close();
  }
}

/** Bits of a Unix mode, as ZIP keeps it in the upper half of the external attributes. */
const typeMask = 0o170000;
const linkType = 0o120000;

function zipMember(zip: ZipFile, entry: Entry, path: string): Member {
  const raw = entry.fileNameRaw;
  const name = isUtf8(raw) ? raw.toString('utf8') : raw.toString('latin1');
  const isLink = ((entry.externalFileAttributes >>> 16) & typeMask) === linkType;
  const modifiedMs = modifiedOf(entry);
  if (name.endsWith('/')) return { name, link: null, open: null, diagnostic: null, modifiedMs };
  const said = entry.isEncrypted()
    ? (['archive-encrypted', 'a member without a password, got an encrypted one'] as const)
    : entry.canDecodeFileData()
      ? null
      : (['archive-method', `a member that is stored or deflated, got method ${entry.compressionMethod}`] as const);
  if (said !== null)
    return {
      name,
      link: null,
      open: null,
      modifiedMs,
      diagnostic: new ElementError(said[0], `${path}!${name}: expected ${said[1]}`),
    };
  return {
    name,
    link: isLink ? '' : null,
    open: async () => (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>,
    diagnostic: null,
    modifiedMs,
  };
}

function modifiedOf(entry: Entry): number | null {
  const timeMs = entry.getLastModDate().getTime();
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** What the archive says about its bytes; what keeps them from being read is another matter. */
export function damaged(path: string, cause: unknown): ElementError {
  if (cause instanceof ElementError) return cause;
  return new ElementError('archive-damaged', `${path}: expected a whole archive, got ${(cause as Error).message}`, {
    cause,
  });
}
