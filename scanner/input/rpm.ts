import type { Member } from './archive.js';
import { ElementError } from './diagnostic.js';

/** Bytes of the lead, of the fixed part of a header and of each of its entries (rpm's doc/manual/format). */
const leadBytes = 96;
const introBytes = 16;
const entryBytes = 16;
const headerMagic = 0x8eade801;

/** Both headers together. The largest packages have some MB. */
const maxHeaderBytes = 256 * 1024 * 1024;

/**
 * The payload of an RPM package, which is a compressed cpio archive behind a lead and two headers.
 *
 * @throws ElementError `archive-damaged`
 */
export async function* rpmMembers(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Member> {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const take = async (bytes: number): Promise<Buffer> => {
    const pieces = [held];
    let length = held.length;
    while (length < bytes) {
      const next = await iterator.next();
      if (next.done === true) throw damagedHeader(path, 'its end');
      pieces.push(next.value);
      length += next.value.length;
    }
    const all = Buffer.concat(pieces);
    held = all.subarray(bytes);
    return all.subarray(0, bytes);
  };
  const takeHeader = async (isPadded: boolean): Promise<void> => {
    const intro = await take(introBytes);
    if (intro.readUInt32BE(0) !== headerMagic) throw damagedHeader(path, 'other bytes');
    const bytes = intro.readUInt32BE(8) * entryBytes + intro.readUInt32BE(12);
    if (bytes > maxHeaderBytes) throw damagedHeader(path, `one of ${bytes} bytes`);
    await take(isPadded ? Math.ceil(bytes / 8) * 8 : bytes);
  };
  try {
    await take(leadBytes);
    await takeHeader(true); // of signatures
    await takeHeader(false);
    const rest = async function* (): AsyncGenerator<Buffer> {
      if (held.length > 0) yield held;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    };
    yield { name: 'payload', link: null, modifiedMs: null, diagnostic: null, open: () => Promise.resolve(rest()) };
  } finally {
    await iterator.return?.();
  }
}

function damagedHeader(path: string, got: string): ElementError {
  return new ElementError('archive-damaged', `${path}: expected the header of a package, got ${got}`);
}
