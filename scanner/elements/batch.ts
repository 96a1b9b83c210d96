import type { Found } from './walk.js';

/** What a thread takes at a time. */
export interface Batch {
  readonly found: readonly Found[];
  /** Of its files. */
  readonly bytes: number;
  /** A file that is a batch by itself, and is hashed by threads while it is searched. */
  readonly isLarge: boolean;
}

const batchBytes = 4 * 1024 * 1024;
const batchLength = 100;

/** In the order of the walk. */
export async function* batchesOf(walk: AsyncIterable<Found>, largeBytes: number): AsyncGenerator<Batch> {
  let found: Found[] = [];
  let bytes = 0;
  for await (const next of walk) {
    const size = next.kind === 'file' ? next.bytes : 0;
    if (found.length > 0 && (bytes + size > batchBytes || found.length >= batchLength)) {
      yield { found, bytes, isLarge: false };
      found = [];
      bytes = 0;
    }
    if (size >= largeBytes) yield { found: [next], bytes: size, isLarge: true };
    else {
      found.push(next);
      bytes += size;
    }
  }
  if (found.length > 0) yield { found, bytes, isLarge: false };
}
