/** The only file that knows libarchive, which runs as WebAssembly and holds the archive in its memory. */
import type { LibarchiveWasm } from 'libarchive-wasm';
import type { Member } from './archive.js';
import { ElementError } from './diagnostic.js';

/** What comes out of a member at a time. */
const pieceBytes = 256 * 1024;

/** An instance with more memory than this is not kept: WebAssembly never gives any back. */
const maxKeptBytes = 64 * 1024 * 1024;

let kept: LibarchiveWasm | null = null;

/** Bits of a Unix mode. */
const kindOf: Readonly<Record<number, 'file' | 'folder' | 'link'>> = {
  0o100000: 'file',
  0o040000: 'folder',
  0o120000: 'link',
};

/**
 * The members of a 7z, RAR, CAB, cpio, ar or LHA archive, to be opened one after the other.
 *
 * @throws ElementError `archive-damaged`, `archive-encrypted`, `archive-method`
 */
export async function* libarchiveMembers(bytes: Buffer, path: string): AsyncGenerator<Member> {
  const lib = await instance();
  const heap = lib.module;
  kept = null; // ours until it is free again: the archive inside may be one too
  const data = heap._malloc(bytes.length);
  heap.HEAPU8.set(bytes, data);
  const archive = lib.read_new();
  try {
    lib.read_support_format_all(archive);
    attempt(lib, archive, path, () => lib.read_open_memory(archive, data, bytes.length));
    let members = 0;
    for (let entry = lib.read_next_entry(archive); entry !== 0; entry = lib.read_next_entry(archive))
      yield memberOf({ lib, archive, path }, entry, ++members);
    const said = lib.error_string(archive);
    if (said !== null && said !== '') throw faultOf(lib, archive, path, new Error(said));
    if (members === 0) throw faultOf(lib, archive, path, new Error('one without members')); // as it says of one cut off
  } finally {
    lib.read_free(archive);
    heap._free(data);
    if (heap.HEAPU8.length <= maxKeptBytes) kept = lib;
  }
}

async function instance(): Promise<LibarchiveWasm> {
  if (kept !== null) return kept;
  const { libarchiveWasm } = await import('libarchive-wasm');
  return libarchiveWasm();
}

interface OpenArchive {
  readonly lib: LibarchiveWasm;
  readonly archive: number;
  readonly path: string;
}

function memberOf({ lib, archive, path }: OpenArchive, entry: number, number: number): Member {
  // A name that does not fit its character set is none to the library.
  const name = (lib.entry_pathname(entry) ?? `member ${number}`).replace(/^\.\//, '');
  const kind = kindOf[lib.entry_filetype(entry)] ?? 'file';
  const seconds = lib.entry_mtime(entry);
  const about = { name, link: null, modifiedMs: seconds > 0 ? seconds * 1000 : null, diagnostic: null } as const;
  if (kind === 'folder') return { ...about, open: null };
  if (kind === 'link') return { ...about, link: lib.entry_symlink(entry), open: null };
  if (lib.entry_is_encrypted(entry) !== 0) {
    const said = 'expected a member without a password, got an encrypted one';
    return { ...about, open: null, diagnostic: new ElementError('archive-encrypted', `${path}!${name}: ${said}`) };
  }
  const inner = `${path}!${name}`;
  return { ...about, open: () => Promise.resolve(readMember({ lib, archive, path: inner })) };
}

// eslint-disable-next-line @typescript-eslint/require-await -- members of other kinds wait
async function* readMember({ lib, archive, path }: OpenArchive): AsyncGenerator<Buffer> {
  const heap = lib.module;
  const piece = heap._malloc(pieceBytes);
  try {
    for (;;) {
      const length = attempt(lib, archive, path, () => lib.read_data(archive, piece, pieceBytes));
      if (length === 0) return;
      yield Buffer.from(heap.HEAPU8.slice(piece, piece + length));
    }
  } finally {
    heap._free(piece);
  }
}

function attempt<T>(lib: LibarchiveWasm, archive: number, path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw faultOf(lib, archive, path, cause as Error);
  }
}

function faultOf(lib: LibarchiveWasm, archive: number, path: string, cause: Error): ElementError {
  if (lib.read_has_encrypted_entries(archive) > 0)
    return new ElementError('archive-encrypted', `${path}: expected an archive without a password, got an encrypted one`, { cause }); // prettier-ignore
  const code = /unsupported|not supported|not currently supported/i.test(cause.message)
    ? 'archive-method'
    : 'archive-damaged';
  return new ElementError(code, `${path}: expected a whole archive, got ${cause.message}`, { cause });
}
