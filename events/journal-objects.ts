/**
 * The objects of a journal file (https://systemd.io/JOURNAL_FILE_FORMAT/). All numbers are little-endian, objects are aligned to
 * 8 bytes. Only data and entries are of use to a reader that goes through the file in order: hash tables and entry
 * arrays are there for look-ups.
 */
export const journalMagic = Buffer.from('LPKSHHRH', 'latin1');

export const objectTypes = {
  data: 1,
  field: 2,
  entry: 3,
  dataHashTable: 4,
  fieldHashTable: 5,
  entryArray: 6,
  tag: 7,
} as const;
export const objectHeaderSize = 16;
export const minHeaderSize = 208;

/** Bits of the header's incompatible flags. */
const compactFlag = 16;
const knownFlags = 1 | 2 | 4 | 8 | compactFlag;

const compressions = new Map([
  [1, 'xz'],
  [2, 'lz4'],
  [4, 'zstd'],
] as const);
export type Compression = typeof compressions extends Map<number, infer C> ? C : never;

/** How the payload of a data object is compressed, by its flags; null for what none has. */
export function compressionOf(flags: number): Compression | null {
  return compressions.get(flags as 1) ?? null;
}

export interface JournalHeader {
  readonly headerSize: number;
  readonly isCompact: boolean;
  /** Whether the file tells of a format that this reader has never seen. */
  readonly isUnknown: boolean;
}

/** Null for what is no header of a journal. */
export function parseJournalHeader(bytes: Buffer): JournalHeader | null {
  if (bytes.length < minHeaderSize || !bytes.subarray(0, journalMagic.length).equals(journalMagic)) return null;
  const flags = bytes.readUInt32LE(12);
  const headerSize = Number(bytes.readBigUInt64LE(88));
  if (headerSize < minHeaderSize || headerSize > 65_536) return null;
  return { headerSize, isCompact: (flags & compactFlag) !== 0, isUnknown: (flags & ~knownFlags) !== 0 };
}

export interface JournalObject {
  readonly type: number;
  readonly flags: number;
  readonly size: number;
}

/** Null where no whole object stands. */
export function objectAt(bytes: Buffer, at: number): JournalObject | null {
  if (at + objectHeaderSize > bytes.length) return null;
  const type = bytes[at] ?? 0;
  const flags = bytes[at + 1] ?? 0;
  if (type < 1 || type > 7 || flags > 7 || bytes.readUIntLE(at + 2, 6) !== 0) return null;
  const size = Number(bytes.readBigUInt64LE(at + 8));
  return size < objectHeaderSize || at + size > bytes.length ? null : { type, flags, size };
}

export interface JournalEntry {
  /** Microseconds since 1970, decimal. */
  readonly realtime: string;
  readonly monotonic: string;
  readonly sequence: string;
  readonly bootId: string;
  /** Where its data objects are. */
  readonly items: readonly number[];
}

const entryItemsAt = 64;

export function parseEntry(bytes: Buffer, at: number, size: number, isCompact: boolean): JournalEntry | null {
  const itemSize = isCompact ? 4 : 16;
  if (size < entryItemsAt) return null;
  const items: number[] = [];
  for (let item = at + entryItemsAt; item + itemSize <= at + size; item += itemSize)
    items.push(isCompact ? bytes.readUInt32LE(item) : Number(bytes.readBigUInt64LE(item)));
  const number = (from: number): string => String(bytes.readBigUInt64LE(at + from));
  return {
    sequence: number(16),
    realtime: number(24),
    monotonic: number(32),
    bootId: bytes.toString('hex', at + 40, at + 56),
    items,
  };
}

/** The bytes of a data object, as they are stored. */
export function dataPayload(bytes: Buffer, at: number, size: number, isCompact: boolean): Buffer {
  return bytes.subarray(at + (isCompact ? 72 : 64), at + size);
}
