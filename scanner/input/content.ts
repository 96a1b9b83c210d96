import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { systemCode } from '../../base/error.js';
import { ElementError, type Diagnostics } from './diagnostic.js';

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
  /** Of a file on a disk: its descriptor, to read it at any place. */
  readonly fd: number | null;
  /** When it was written last, in milliseconds since 1970; of a member without a time that of its archive. */
  readonly modifiedMs: number | null;
  /** What ended its bytes before their end; to be asked for when they have been read. */
  readonly fault: () => ElementError | null;
}

/** Of contents whose faults are thrown while they are read. */
export const noFault = (): null => null;

/** What comes through a pipe. */
export function streamContent(path: string, chunks: AsyncIterable<Buffer>): Content {
  return { path, name: path, isMember: false, size: null, chunks, fd: null, modifiedMs: null, fault: noFault };
}

const chunkBytes = 1024 * 1024;

/** A file of the kernel's own says that it is empty. It is read to its end all the same, up to here. */
const maxUnsizedBytes = 16 * 1024 * 1024;
const unsizedChunkBytes = 64 * 1024;

export interface FileToRead {
  readonly path: string;
  /** Whether a link may stand there: where somebody named it, and not where a file was seen before. */
  readonly followsLink: boolean;
}

/**
 * Opens a regular file and nothing else: a name that has become a pipe, a device or a link meanwhile is refused, and opening
 * never waits for another process. It is read up to the length it has now; what changes while `use` reads is a diagnostic.
 *
 * @throws ElementError `file-missing`, `file-special`, `file-unreadable`
 */
export async function withFile(
  file: FileToRead,
  diagnostics: Diagnostics,
  use: (content: Content) => Promise<void>,
): Promise<void> {
  for await (const content of contentOfFile(file, diagnostics)) await use(content);
}

/** As {@link withFile}: the one content, and the file is open until the next is asked for. */
// eslint-disable-next-line @typescript-eslint/require-await -- who takes the content waits
export async function* contentOfFile(
  { path, followsLink }: FileToRead,
  diagnostics: Diagnostics,
): AsyncGenerator<Content> {
  const fd = openFile(path, followsLink);
  try {
    const before = fstatSync(fd);
    if (!before.isFile())
      throw new ElementError('file-special', `${path}: expected a regular file, got a folder, device, pipe or socket`);
    const reading = new FileReading(fd, before.size, path, diagnostics);
    const { size, mtimeMs: modifiedMs } = before;
    yield {
      ...{ path, name: path, isMember: false, size, chunks: reading.chunks(), fd },
      ...{ modifiedMs, fault: noFault },
    };
    const after = fstatSync(fd);
    if (after.size > before.size)
      diagnostics.add('file-grown', path, `${path}: expected ${before.size} bytes, got ${after.size} in the end`);
    else if (after.mtimeMs !== before.mtimeMs && !reading.isCut)
      diagnostics.add('file-changed', path, `${path}: expected the same bytes to the end, got some written meanwhile`);
  } finally {
    closeSync(fd);
  }
}

/** The first bytes of a file, as many as there are; none where they cannot be read, which whoever opens it is told. */
export function headOfFile(path: string, bytes: number): Buffer {
  const head = Buffer.alloc(bytes);
  try {
    const fd = openFile(path, true);
    try {
      return head.subarray(0, readSync(fd, head, 0, bytes, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return head.subarray(0, 0);
  }
}

function openFile(path: string, followsLink: boolean): number {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants; // Windows knows the first alone, and undefined is no bit
  try {
    return openSync(path, O_RDONLY | O_NONBLOCK | (followsLink ? 0 : O_NOFOLLOW));
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT')
      throw new ElementError('file-missing', `${path}: expected the file that was there, got none`, { cause });
    if ((code === 'ELOOP' && !followsLink) || code === 'ENXIO')
      throw new ElementError('file-special', `${path}: expected a regular file, got a link or a socket`, { cause });
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): Error {
  if (systemCode(cause) === undefined) return cause as Error;
  return new ElementError('file-unreadable', `${path}: expected a readable file, got ${(cause as Error).message}`, {
    cause,
  });
}

/** Waits for a disk without keeping the thread from everything else; ten times as slow as {@link readSync} where the disk does not. */
export const readLater = promisify(read);

/**
 * The bytes of a file, in chunks of their own memory: what reads them may keep them. The first chunk is read at once, as it is
 * all of most files.
 */
class FileReading {
  /** Whether it ended before the length that it had. */
  isCut = false;
  readonly #fd: number;
  readonly #size: number;
  readonly #path: string;
  readonly #diagnostics: Diagnostics;

  constructor(fd: number, size: number, path: string, diagnostics: Diagnostics) {
    this.#fd = fd;
    this.#size = size;
    this.#path = path;
    this.#diagnostics = diagnostics;
  }

  /** @throws ElementError `file-unreadable` */
  async *chunks(): AsyncGenerator<Buffer> {
    const isSized = this.#size > 0;
    const end = isSized ? this.#size : maxUnsizedBytes;
    for (let at = 0; at < end;) {
      const buffer = Buffer.allocUnsafe(Math.min(isSized ? chunkBytes : unsizedChunkBytes, end - at));
      const bytes = await this.#read(buffer, at);
      if (bytes === 0) {
        if (isSized) this.#tellCut(at);
        return;
      }
      at += bytes;
      yield buffer.subarray(0, bytes);
    }
    if (!isSized) this.#tellEndless();
  }

  async #read(buffer: Buffer, at: number): Promise<number> {
    try {
      if (at === 0) return readSync(this.#fd, buffer, 0, buffer.length, at);
      return (await readLater(this.#fd, buffer, 0, buffer.length, at)).bytesRead;
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
  }

  #tellCut(at: number): void {
    this.isCut = true;
    this.#diagnostics.add('file-shrunk', this.#path, `${this.#path}: expected ${this.#size} bytes, got ${at}`);
  }

  #tellEndless(): void {
    const said = `expected at most ${maxUnsizedBytes} bytes in a file without a length, got more`;
    this.#diagnostics.add('file-too-large', this.#path, `${this.#path}: ${said}`);
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

/** Passes chunks on and shows each of them to `see`, which it waits for; {@link drain} takes the rest where the reader stops. */
export class Tee {
  readonly #iterator: AsyncIterator<Buffer>;
  readonly #see: (chunk: Buffer) => Promise<void> | undefined;
  #isOver = false;

  constructor(chunks: AsyncIterable<Buffer>, see: (chunk: Buffer) => Promise<void> | undefined) {
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
    await this.#see(next.value);
    return next.value;
  }
}
