import type { FileHandle } from 'node:fs/promises';

/** Bytes in order, from a file or from a pipe. */
export interface ByteSource {
  /** Fills `into` from its start; fewer bytes than its length only at the end. */
  read(into: Buffer): Promise<number>;
}

/**
 * The bytes that the file has when reading starts: a log that others append to is read up to there, and one that is
 * moved away by rotation is read to its end through the handle.
 *
 * @param onShrunk is told the offset when the file has become shorter meanwhile
 */
export function fileSource(
  handle: FileHandle,
  range: { readonly start: number; readonly end: number },
  onShrunk: (offset: number) => void,
): ByteSource {
  let offset = range.start;
  return {
    async read(into) {
      const wanted = Math.min(into.length, range.end - offset);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(into, filled, wanted - filled, offset);
        if (bytesRead === 0) {
          onShrunk(offset);
          range = { start: offset, end: offset };
          break;
        }
        filled += bytesRead;
        offset += bytesRead;
      }
      return filled;
    },
  };
}

export function streamSource(stream: AsyncIterable<Uint8Array>): ByteSource {
  const pieces = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  return {
    async read(into) {
      let filled = 0;
      while (filled < into.length) {
        if (rest.length === 0) {
          const next = await pieces.next();
          if (next.done === true) break;
          rest = next.value;
          continue;
        }
        const taken = Math.min(rest.length, into.length - filled);
        into.set(rest.subarray(0, taken), filled);
        rest = rest.subarray(taken);
        filled += taken;
      }
      return filled;
    },
  };
}

/** As `source`, after bytes that were read from it already. */
export function prefixedSource(prefix: Buffer, source: ByteSource): ByteSource {
  let rest = prefix;
  return {
    async read(into) {
      const taken = rest.copy(into);
      rest = rest.subarray(taken);
      return taken === into.length ? taken : taken + (await source.read(into.subarray(taken)));
    },
  };
}

/** UTF-16 text, which Windows PowerShell writes into files, as UTF-8. */
export async function* utf8OfUtf16(
  source: ByteSource,
  encoding: 'utf-16le' | 'utf-16be' = 'utf-16le',
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  const buffer = Buffer.alloc(256 * 1024);
  for (let filled = buffer.length; filled === buffer.length;) {
    filled = await source.read(buffer);
    yield Buffer.from(decoder.decode(buffer.subarray(0, filled), { stream: filled === buffer.length }), 'utf8');
  }
}
