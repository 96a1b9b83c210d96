import { type FileHandle, open } from 'node:fs/promises';
import { shownBytes } from '../../base/shown.js';
import { extract, type Header } from 'tar-stream';
import { pipeline, Readable } from 'node:stream';
import { decodeUtf8 } from '../../base/bytes.js';
import { BaseError, systemCode } from '../../base/error.js';
import { fileKind } from '../../base/files.js';
import { bundleMark, entryMaxBytes, maxBundleBytes, maxBundleEntries } from '../../packs/bundle-entry.js';
import { PackError } from '../../packs/error.js';

/** Where the bytes of an entry lie in the file. */
interface Extent {
  readonly offset: number;
  readonly length: number;
}

const blockBytes = 512;
/** Two blocks of zeros end a tar. */
const endBytes = 2 * blockBytes;
const chunkBytes = 1024 * 1024;

/**
 * A bundle whose outline was checked: a tar of plain files with the names that a bundle has, sorted, each once, and
 * nothing between or behind them. What is in the files nobody has looked at yet; they are read one at a time.
 */
export class Bundle {
  readonly #file: FileHandle;
  readonly #entries: ReadonlyMap<string, Extent>;

  private constructor(file: FileHandle, entries: ReadonlyMap<string, Extent>) {
    this.#file = file;
    this.#entries = entries;
  }

  /**
   * Opens a bundle; close it in the end.
   *
   * @throws PackError `bundle-format`, `bundle-entry`, `bundle-too-large`; BaseError `file-missing`, `file-unreadable`
   */
  static async open(path: string): Promise<Bundle> {
    const file = await open(path, 'r').catch((cause: unknown) => {
      throw new BaseError(
        systemCode(cause) === 'ENOENT' ? 'file-missing' : 'file-unreadable',
        `${path}: expected a bundle, got ${(cause as Error).message}`,
        { cause },
      );
    });
    try {
      const bundle = new Bundle(file, await readOutline(file, path));
      const mark = await bundle.read(bundleMark.name);
      if (mark === null || decodeUtf8(mark, bundleMark.name) !== bundleMark.content)
        throw new PackError(
          'bundle-format',
          `${path}: expected a bundle of format 1, got ${mark === null ? 'no mark of one' : shownBytes(mark)}`,
          {
            hint: 'a newer yms may have written it',
          },
        );
      return bundle;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The bytes of an entry; null when the bundle has none of that name. */
  async read(name: string, maxBytes = entryMaxBytes(name)): Promise<Uint8Array | null> {
    const extent = this.#entries.get(name);
    if (!extent) return null;
    const { offset, length } = extent;
    if (length > maxBytes)
      throw new PackError(
        'bundle-too-large',
        `bundle entry ${name}: expected at most ${maxBytes} bytes, got ${length}`,
      );
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length;) {
      const { bytesRead } = await this.#file.read(bytes, at, length - at, offset + at);
      if (bytesRead === 0)
        throw new PackError('bundle-format', `bundle entry ${name}: expected ${length} bytes, got ${at}`);
      at += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readOutline(file: FileHandle, path: string): Promise<Map<string, Extent>> {
  const info = await file.stat();
  if (!info.isFile()) throw new BaseError('file-unreadable', `${path}: expected a regular file, got ${fileKind(info)}`);
  if (info.size > maxBundleBytes)
    throw new PackError('bundle-too-large', `${path}: expected at most ${maxBundleBytes} bytes, got ${info.size}`);
  const entries = new Map<string, Extent>();
  const tar = extract();
  pipeline(Readable.from(chunksOf(file)), tar, () => undefined); // its failure ends the loop below
  let [last, end] = ['', 0];
  try {
    for await (const entry of tar) {
      const header = entry.header as PlacedHeaders;
      end = placeEntry(header, entries, last, end);
      await requireBare(file, header, end);
      last = entries.size === 1 ? '' : header.name; // the mark stands before all others
      entry.resume();
    }
  } catch (cause) {
    if (cause instanceof PackError) throw cause;
    throw new PackError('bundle-format', `${path}: expected a whole tar, got ${(cause as Error).message}`, {
      cause,
    });
  }
  if (info.size !== end + endBytes)
    throw new PackError('bundle-format', `${path}: expected ${end + endBytes} bytes, got ${info.size}`);
  return entries;
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Offset and end of the prefix in a ustar header, and what follows it: nothing, as names are short. */
const prefixAt = 345;

/** tar-stream looks at neither: a name's prefix, and the bytes behind an entry's content in its last block. */
async function requireBare(file: FileHandle, { name, size, byteOffset }: PlacedHeaders, end: number): Promise<void> {
  const headerAt = byteOffset - blockBytes;
  for (const [from, to] of [
    [headerAt + prefixAt, byteOffset],
    [byteOffset + size, end],
  ] as const) {
    const bytes = Buffer.alloc(to - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    if (bytesRead === bytes.length && bytes.every((byte) => byte === 0)) continue;
    throw new PackError(
      'bundle-format',
      `bundle entry ${name}: expected zeros at ${from} to ${to}, got bytes that are not`,
    );
  }
}

/** What tar-stream says of an entry; its types leave out where the bytes begin. */
type PlacedHeaders = Header & { readonly byteOffset: number };

/** Adds one entry and answers where its last block ends. tar-stream hands links, `..` and extensions through untouched. */
function placeEntry(header: PlacedHeaders, entries: Map<string, Extent>, last: string, end: number): number {
  const { name, type, size, byteOffset } = header;
  const quoted = `bundle entry ${JSON.stringify(name.slice(0, 200))}`;
  if (type !== 'file') throw new PackError('bundle-entry', `${quoted}: expected a file, got ${type}`);
  const maxBytes = entryMaxBytes(name);
  if (size > maxBytes)
    throw new PackError('bundle-too-large', `${quoted}: expected at most ${maxBytes} bytes, got ${size}`);
  if (byteOffset !== end + blockBytes)
    throw new PackError(
      'bundle-format',
      `${quoted}: expected it right behind the entry before, got blocks between them`,
    );
  if (entries.size === 0 ? name !== bundleMark.name : name === bundleMark.name || name <= last)
    throw new PackError('bundle-entry', `${quoted}: expected ${bundleMark.name}, then sorted names, each once`);
  if (entries.size === maxBundleEntries)
    throw new PackError('bundle-too-large', `bundle: expected at most ${maxBundleEntries} entries, got more`);
  entries.set(name, { offset: byteOffset, length: size });
  return byteOffset + Math.ceil(size / blockBytes) * blockBytes;
}
