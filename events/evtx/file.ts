import { crc32 } from 'node:zlib';
import { shownBytes } from '../../base/shown.js';
import { EventsError } from '../error.js';
import type { FlatEvent } from '../event.js';
import type { ReadReport } from '../report.js';
import type { ShapeTable } from '../shapes.js';
import { type ByteSource, prefixedSource } from '../source.js';
import { chunkHeaderSize, chunkMagic, chunkSize, decodeChunk } from './chunk.js';

export const fileMagic = Buffer.from('ElfFile\0', 'latin1');
/** The file header takes one block; chunks follow without gaps. */
export const fileHeaderSize = 4096;

const checkedHeaderSize = 120;
const flagsAt = 120;
const checksumAt = 124;
const dirtyFlag = 0x01;
const noChecksumFlag = 0x04;

/** Chunks read at once: the memory that reading takes, whatever the size of the file. */
const chunksAtOnce = 16;

export interface EvtxOptions {
  readonly shapes: ShapeTable;
  readonly report: ReadReport;
  /** What the events name as their source. */
  readonly name: string;
}

/** What a chunk is decoded to; `offset` is its place in the file. */
export type DecodeChunk<T> = (chunk: Buffer, offset: number) => T;

/**
 * The events of an EVTX file, a batch a chunk, in the order of the file. Broken chunks and records are reported and left
 * out; unused (zero-filled) chunks are passed over.
 *
 * @throws EventsError `evtx-header` when there is neither a file header nor a chunk
 */
export function readEvtx(source: ByteSource, options: EvtxOptions): AsyncGenerator<FlatEvent[]> {
  return readChunks(source, options.report, flatEvents(options));
}

/** As {@link readEvtx}, from the chunk on that starts at `offset` of the file. */
export function readEvtxPart(source: ByteSource, offset: number, options: EvtxOptions): AsyncGenerator<FlatEvent[]> {
  return chunksFrom(source, options.report, offset, true, flatEvents(options));
}

function flatEvents({ shapes, report, name }: EvtxOptions): DecodeChunk<FlatEvent[]> {
  return (chunk, offset) => {
    const events = decodeChunk(chunk, shapes, name, (code, at, message) => report.skip(code, offset + at, message));
    report.events += events.length;
    return events;
  };
}

/** The walk over a file's chunks that {@link readEvtx} takes, for other things to be made of them. */
export async function* readChunks<T>(
  source: ByteSource,
  report: ReadReport,
  decode: DecodeChunk<T>,
): AsyncGenerator<T> {
  const header = Buffer.alloc(fileHeaderSize);
  const headerBytes = await source.read(header);
  // Chunks carved out of a disk or out of memory stand without the header of a file.
  if (header.subarray(0, chunkMagic.length).equals(chunkMagic)) {
    report.skip('header-magic', 0, 'file header: expected the magic ElfFile, got a chunk');
    yield* chunksFrom(prefixedSource(header.subarray(0, headerBytes), source), report, 0, true, decode);
    return;
  }
  report.bytes += headerBytes;
  const isHeaderGood = readFileHeader(header.subarray(0, headerBytes), report);
  yield* chunksFrom(source, report, fileHeaderSize, isHeaderGood, decode);
}

async function* chunksFrom<T>(
  source: ByteSource,
  report: ReadReport,
  offset: number,
  isHeaderGood: boolean,
  decode: DecodeChunk<T>,
): AsyncGenerator<T> {
  const buffer = Buffer.alloc(chunksAtOnce * chunkSize);
  for (;;) {
    const filled = await source.read(buffer);
    report.bytes += filled;
    for (let at = 0; at < filled; at += chunkSize) {
      const chunk = buffer.subarray(at, Math.min(at + chunkSize, filled));
      const isChunk = chunk.length >= chunkHeaderSize && chunk.subarray(0, chunkMagic.length).equals(chunkMagic);
      if (!isHeaderGood && !isChunk)
        throw new EventsError('evtx-header', 'evtx file: expected a file header or a chunk, got neither');
      isHeaderGood = true;
      if (chunk.length < chunkSize)
        report.skip('chunk-truncated', offset + at, `chunk: expected ${chunkSize} bytes, got ${chunk.length}`);
      if (isChunk) yield decode(chunk, offset + at);
      else if (!isUnused(chunk))
        report.skip('chunk-magic', offset + at, `chunk: expected the magic ElfChnk, got ${shownBytes(chunk)}`);
    }
    offset += filled;
    if (filled < buffer.length) break;
  }
  if (!isHeaderGood) throw new EventsError('evtx-header', 'evtx file: expected a file header or a chunk, got neither');
}

/** @returns false when this is no file header; chunks may follow all the same */
function readFileHeader(header: Buffer, report: ReadReport): boolean {
  if (header.length < checksumAt + 4 || !header.subarray(0, fileMagic.length).equals(fileMagic)) {
    report.skip('header-magic', 0, `file header: expected the magic ElfFile, got ${shownBytes(header)}`);
    return false;
  }
  const flags = header.readUInt32LE(flagsAt);
  report.isDirty = (flags & dirtyFlag) !== 0;
  const stored = header.readUInt32LE(checksumAt);
  const checksum = crc32(header.subarray(0, checkedHeaderSize));
  if ((flags & noChecksumFlag) === 0 && checksum !== stored)
    report.skip('header-checksum', checksumAt, `file header: expected the checksum ${stored}, got ${checksum}`);
  return true;
}

function isUnused(chunk: Buffer): boolean {
  return chunk.every((byte) => byte === 0);
}
