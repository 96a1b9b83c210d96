import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemCode } from '../../base/error.js';
import { ElementError, type Troubles } from './trouble.js';

/** Bytes to be looked at once, from a file or from inside an archive. */
export interface Content {
  /** A file, or a member of an archive as `outer.zip!inner/name`. */
  readonly path: string;
  /** The archive's own name for it, or the path: what indicators of file names see. */
  readonly name: string;
  readonly isMember: boolean;
  /** Bytes, or null where nobody knows before the end. */
  readonly size: number | null;
  readonly chunks: AsyncIterable<Buffer>;
  /** Of a file on a disk: what reads it at any place. */
  readonly file: FileHandle | null;
}

const chunkBytes = 1024 * 1024;

/**
 * Opens a regular file and nothing else: a name that has become a pipe or a device meanwhile is refused, and opening never
 * waits for another process. It is read up to the length it has now.
 *
 * @throws ElementError `file-special`, `file-unreadable`
 */
export async function withFile(
  path: string,
  troubles: Troubles,
  use: (content: Content) => Promise<void>,
): Promise<void> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // the second is unknown to Windows, and undefined is no bit
    const before = await file.stat();
    if (!before.isFile())
      throw new ElementError('file-special', `${path}: expected a regular file, got a device, pipe or socket`);
    const chunks = chunksOf(file, before.size, path, troubles);
    await use({ path, name: path, isMember: false, size: before.size, chunks, file });
    const after = await file.stat();
    if (after.mtimeMs !== before.mtimeMs && after.size === before.size)
      troubles.add('file-changed', path, `${path}: expected the same bytes to the end, got others written meanwhile`);
  } catch (cause) {
    if (cause instanceof ElementError || systemCode(cause) === undefined) throw cause;
    throw new ElementError('file-unreadable', `${path}: expected a readable file, got ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    await file?.close();
  }
}

/** Chunks of their own memory: what reads them may keep them. */
async function* chunksOf(file: FileHandle, size: number, path: string, troubles: Troubles): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) {
      troubles.add('file-shrunk', path, `${path}: expected ${size} bytes, got ${at}`);
      return;
    }
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * The first bytes, and all of them once more: at least `wanted` in the first chunk where there are so many. What goes wrong
 * while they are read, goes wrong behind them.
 */
export async function peek(
  chunks: AsyncIterable<Buffer>,
  wanted: number,
): Promise<{ readonly head: Buffer; readonly whole: AsyncGenerator<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let bytes = 0;
  let end: { readonly error?: Error } | null = null;
  while (bytes < wanted && end === null) {
    try {
      const next = await iterator.next();
      if (next.done === true) end = {};
      else {
        first.push(next.value);
        bytes += next.value.length;
      }
    } catch (error) {
      end = { error: error as Error };
    }
  }
  const [only] = first;
  const head = first.length === 1 && only !== undefined ? only : Buffer.concat(first);
  return { head, whole: resume(head, iterator, end) };
}

async function* resume(
  head: Buffer,
  iterator: AsyncIterator<Buffer>,
  end: { readonly error?: Error } | null,
): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    if (end?.error !== undefined) throw end.error;
    if (end !== null) return;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

/** Passes chunks on and shows each of them to `see`; ends with the rest of them where the reader stops before the end. */
export class Tee {
  readonly #iterator: AsyncIterator<Buffer>;
  readonly #see: (chunk: Buffer) => void;
  #isOver = false;

  constructor(chunks: AsyncIterable<Buffer>, see: (chunk: Buffer) => void) {
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#see = see;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (let chunk = await this.#next(); chunk !== null; chunk = await this.#next()) yield chunk;
  }

  /** Reads what is left. */
  async drain(): Promise<void> {
    while ((await this.#next()) !== null);
  }

  async #next(): Promise<Buffer | null> {
    if (this.#isOver) return null;
    const next = await this.#iterator.next();
    if (next.done === true) {
      this.#isOver = true;
      return null;
    }
    this.#see(next.value);
    return next.value;
  }
}
