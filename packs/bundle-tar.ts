import { pack, type Pack } from 'tar-stream';
import { concatBytes, utf8 } from '../base/bytes.js';
import { type BundleEntry, bundleMark, entryMaxBytes } from './bundle-entry.js';
import { PackError } from './error.js';

export interface BundleTar {
  /** The bytes of the file, while `fill` is under way; it fails with what makes `fill` fail. */
  readonly stream: Pack;
  /** Reads the entries and writes them into the stream. Answers the length of the file in bytes. */
  readonly fill: () => Promise<number>;
}

/**
 * A bundle as a tar: equal entries give equal bytes, in whatever order they come. They are read one at a time, in the order in
 * which they stand in the file, so that no more than one is in memory.
 *
 * @throws PackError `bundle-entry` at once; later, from `fill`, `bundle-too-large` and what `read` throws
 */
export function bundleTar(entries: readonly BundleEntry[]): BundleTar {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of sorted) entryMaxBytes(name);
  const stream = pack();
  return { stream, fill: () => fillTar(stream, sorted) };
}

/** A bundle in memory, for one that holds no packs. @throws as {@link bundleTar} */
export async function encodeBundle(entries: readonly BundleEntry[]): Promise<Uint8Array> {
  const { stream, fill } = bundleTar(entries);
  const read = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
    return concatBytes(...chunks);
  };
  const [bytes] = await Promise.all([read(), fill()]);
  return bytes;
}

async function fillTar(tar: Pack, entries: readonly BundleEntry[]): Promise<number> {
  try {
    let length = await addEntry(tar, bundleMark.name, utf8(bundleMark.content));
    for (const { name, read } of entries) length += await addEntry(tar, name, await read());
    tar.finalize();
    return length + 1024;
  } catch (error) {
    tar.destroy(error as Error);
    throw error;
  }
}

/** Answers how many bytes of the tar the entry takes. */
async function addEntry(tar: Pack, name: string, bytes: Uint8Array): Promise<number> {
  const maxBytes = entryMaxBytes(name);
  if (bytes.length > maxBytes)
    throw new PackError(
      'bundle-too-large',
      `bundle entry ${name}: expected at most ${maxBytes} bytes, got ${bytes.length}`,
    );
  const header = { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file', size: bytes.length } as const;
  await new Promise<void>((resolve, reject) => {
    const sink = tar.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
    sink.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  });
  return 512 + Math.ceil(bytes.length / 512) * 512;
}
