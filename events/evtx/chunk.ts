import { crc32 } from 'node:zlib';
import { EventsError, type SkipCode } from '../error.js';
import type { FlatEvent } from '../event.js';
import type { ShapeTable } from '../shapes.js';
import { RecordDecoder } from './record.js';
import { readFileTimeMs } from './value.js';

export const chunkSize = 65536;
export const chunkMagic = Buffer.from('ElfChnk\0', 'latin1');

/** Header fields (libevtx documentation section 4): checksums over what lies around them. */
export const chunkHeaderSize = 512;
const freeSpaceAt = 48;
const recordsChecksumAt = 52;
const flagsAt = 120;
const headerChecksumAt = 124;
/** A chunk still being written, and one of a log without checksums: neither has ones that fit. */
const dirtyFlag = 0x01;
const noChecksumFlag = 0x04;
const checkedSize = 120;
const tablesAt = 128;

const recordMagic = 0x00002a2a;
const recordMagicBytes = Buffer.from([0x2a, 0x2a, 0, 0]);
const recordHeaderSize = 24;
/** Header, the shortest BinXML and the copy of the size. */
const minRecordSize = recordHeaderSize + 4 + 4;

/** A record as it lies in the chunk; its BinXML is the region [at, end). */
export interface RawRecord {
  readonly id: number;
  readonly writtenMs: number;
  readonly at: number;
  readonly end: number;
}

export type OnSkip = (code: SkipCode, offset: number, message: string) => void;

/**
 * Finds the records of one chunk and skips what is broken. A broken checksum is reported but does not stop anything:
 * on a host that lost power the records are mostly still good.
 *
 * @param bytes the chunk, or the part of it that a truncated file still has
 * @param onSkip is told offsets from the start of the chunk
 */
export function* recordsOf(bytes: Buffer, onSkip: OnSkip): Generator<RawRecord> {
  const freeSpace = readChunkHeader(bytes, onSkip);
  let at = chunkHeaderSize;
  let lastId = -1;
  while (at + minRecordSize <= bytes.length) {
    const fault = recordFault(bytes, at);
    const inUse = at < freeSpace;
    if (fault === null) {
      const id = readId(bytes, at + 8);
      // Past the end that the header tells lie older records, except those that a running log has just added.
      if (!inUse && id !== lastId + 1) return;
      const size = bytes.readUInt32LE(at + 4);
      lastId = id;
      yield { id, writtenMs: readFileTimeMs(bytes, at + 16), at: at + recordHeaderSize, end: at + size - 4 };
      at += size;
      continue;
    }
    if (!inUse) return;
    onSkip(fault.code, at, fault.message);
    at = nextRecord(bytes, at + 4, freeSpace);
  }
}

/** The flat events of one chunk; a record that does not decode is reported and left out. */
export function decodeChunk(bytes: Buffer, shapes: ShapeTable, source: string, onSkip: OnSkip): FlatEvent[] {
  const decoder = new RecordDecoder(bytes, shapes);
  return decodeRecords(bytes, (record) => decoder.event(record.at, record.end, record.writtenMs, source), onSkip);
}

/** What `decode` makes of each record of a chunk. */
export function decodeRecords<T>(bytes: Buffer, decode: (record: RawRecord) => T, onSkip: OnSkip): T[] {
  const decoded: T[] = [];
  for (const record of recordsOf(bytes, onSkip)) {
    try {
      decoded.push(decode(record));
    } catch (error) {
      if (!(error instanceof EventsError)) throw error;
      onSkip(error.code as SkipCode, record.at - recordHeaderSize, `record ${record.id}: ${error.message}`);
    }
  }
  return decoded;
}

/** @returns where the records end by the header, or the chunk's end where the header cannot be right */
function readChunkHeader(bytes: Buffer, onSkip: OnSkip): number {
  const freeSpace = bytes.readUInt32LE(freeSpaceAt);
  const isChecked = (bytes.readUInt32LE(flagsAt) & (dirtyFlag | noChecksumFlag)) === 0;
  const header = crc32(bytes.subarray(tablesAt, chunkHeaderSize), crc32(bytes.subarray(0, checkedSize)));
  if (isChecked && header !== bytes.readUInt32LE(headerChecksumAt))
    onSkip(
      'chunk-checksum',
      headerChecksumAt,
      `chunk header: expected the checksum ${bytes.readUInt32LE(headerChecksumAt)}, got ${header}`,
    );
  if (freeSpace < chunkHeaderSize || freeSpace > chunkSize) return chunkSize;
  if (isChecked && freeSpace <= bytes.length) {
    const stored = bytes.readUInt32LE(recordsChecksumAt);
    const records = crc32(bytes.subarray(chunkHeaderSize, freeSpace));
    if (records !== stored)
      onSkip('chunk-checksum', recordsChecksumAt, `chunk records: expected the checksum ${stored}, got ${records}`);
  }
  return freeSpace;
}

function recordFault(bytes: Buffer, at: number): { code: SkipCode; message: string } | null {
  const magic = bytes.readUInt32LE(at);
  if (magic !== recordMagic)
    return { code: 'record-magic', message: `record: expected magic 0x2a2a, got 0x${magic.toString(16)}` };
  const size = bytes.readUInt32LE(at + 4);
  if (size < minRecordSize || size > bytes.length - at)
    return {
      code: 'record-size',
      message: `record: expected ${minRecordSize} to ${bytes.length - at} bytes, got ${size}`,
    };
  const copy = bytes.readUInt32LE(at + size - 4);
  if (copy !== size)
    return { code: 'record-size', message: `record: expected its size ${size} again at its end, got ${copy}` };
  return null;
}

/** The next place that looks like a whole record, or the end. */
function nextRecord(bytes: Buffer, from: number, freeSpace: number): number {
  for (;;) {
    const at = bytes.indexOf(recordMagicBytes, from);
    if (at < 0 || at >= freeSpace || at + minRecordSize > bytes.length) return Infinity;
    if (recordFault(bytes, at) === null) return at;
    from = at + 1;
  }
}

/** Record ids are 64 bits; beyond 2^53 only their sequence would be lost. */
function readId(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 4294967296 + bytes.readUInt32LE(at);
}
