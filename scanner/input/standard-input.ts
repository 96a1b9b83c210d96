import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { BaseError } from '../../base/error.js';

/** What is kept of the standard input for a second reader. */
const maxKeptBytes = 1024 * 1024 * 1024;

const chunkBytes = 1024 * 1024;

/**
 * The standard input, for one reader after the other: with more than one, what the first has read is kept in a file without
 * a name in the folder for temporary files. Ends when the signal comes, even if nothing more is written into the pipe.
 */
export class StandardInput {
  readonly #signal: AbortSignal;
  #chunks: AsyncIterator<Buffer> | null = null;
  #readersToCome: number;
  #kept: { readonly file: FileHandle; readonly path: string } | null = null;
  #isCut = false;
  #keptBytes = 0;
  #readBytes = 0;

  constructor(signal: AbortSignal, readers: number) {
    this.#signal = signal;
    this.#readersToCome = readers;
    signal.addEventListener('abort', this.#end);
  }

  /**
   * From its beginning.
   *
   * @throws BaseError `file-unreadable`; `file-too-large` for a second reader where more came than could be kept
   */
  async *read(): AsyncGenerator<Buffer> {
    this.#readersToCome--;
    for (let at = 0; ;) {
      const chunk = at < this.#readBytes ? await this.#readKept(at) : await this.#readNext();
      if (chunk === null) return;
      at += chunk.length;
      yield chunk;
    }
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#end);
    this.#end();
    await this.#kept?.file.close();
    if (this.#kept !== null) await rm(this.#kept.path, { force: true });
  }

  readonly #end = (): void => {
    if (this.#chunks !== null) process.stdin.destroy();
  };

  async #readNext(): Promise<Buffer | null> {
    const { aborted: isOver } = this.#signal;
    if (isOver) return null;
    try {
      this.#chunks ??= (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
      const next = await this.#chunks.next();
      if (next.done === true) return null;
      await this.#keep(next.value);
      this.#readBytes += next.value.length;
      return next.value;
    } catch (cause) {
      if (this.#signal.aborted) return null;
      const message = `standard input: expected bytes, got ${(cause as Error).message}`;
      throw new BaseError('file-unreadable', message, { cause });
    }
  }

  /** Once it cannot keep all, it keeps no more: the second reader then is told. */
  async #keep(chunk: Buffer): Promise<void> {
    if (this.#readersToCome === 0) return;
    this.#isCut ||= this.#keptBytes + chunk.length > maxKeptBytes;
    if (this.#isCut) return;
    try {
      this.#kept ??= await openNameless();
      for (let at = 0; at < chunk.length;)
        at += (await this.#kept.file.write(chunk, at, chunk.length - at, this.#keptBytes + at)).bytesWritten;
      this.#keptBytes += chunk.length;
    } catch {
      this.#isCut = true;
    }
  }

  async #readKept(at: number): Promise<Buffer> {
    const length = Math.min(chunkBytes, this.#keptBytes - at);
    if (this.#kept === null || length <= 0)
      throw new BaseError('file-too-large', `standard input: expected what could be kept to be read twice, got more`);
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#kept.file.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead);
  }
}

/** For this process alone. Where a file that is open cannot lose its name (Windows), it loses it in the end. */
async function openNameless(): Promise<{ readonly file: FileHandle; readonly path: string }> {
  const path = join(tmpdir(), `yms-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path, { force: true }).catch(() => undefined);
  return { file, path };
}
