import * as zlib from 'node:zlib';
import { EventsError } from './error.js';
import type { FlatEvent } from './event.js';
import { journalEvent, type JournalFields } from './journal-export.js';
import { compressionOf, dataPayload, objectAt, objectTypes, parseEntry, parseJournalHeader, type JournalHeader } from './journal-objects.js'; // prettier-ignore
import { LogClock } from './log-clock.js';
import { decompressLz4 } from './lz4.js';
import type { ByteSource } from './source.js';
import type { TextLogOptions } from './text-log.js';

/** journald begins a new file long before this. */
export const maxJournalBytes = 512 * 1024 * 1024;
const bytesAtOnce = 4 * 1024 * 1024;
const entriesAtOnce = 1000;
/** Of one field, decompressed; journald stores none above 768 MiB, and no honest one is above this. */
const maxFieldBytes = 16 * 1024 * 1024;
const maxKnownData = 100_000;

/**
 * The entries of a journal file (`system.journal`, also one that journald has open or has not closed), in the order of the file,
 * with the fields of its export. What is broken is passed over to the next object, and counted; a field that cannot be
 * decompressed is left out of its entries, and counted.
 *
 * @throws EventsError `journal-header`, `journal-too-large`
 */
export async function* readJournal(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const { report, clock = new LogClock() } = options;
  const bytes = await readWhole(source, options);
  const header = parseJournalHeader(bytes);
  if (header === null || header.isUnknown) {
    const got = header === null ? 'other bytes' : 'flags of a later format';
    throw new EventsError(
      'journal-header',
      `journal file: expected the header of a journal that systemd 254 reads, got ${got}`,
    );
  }
  const data = new JournalData(bytes, header, options);
  let batch: FlatEvent[] = [];
  for (let at = align(header.headerSize); at < bytes.length;) {
    const object = objectAt(bytes, at);
    if (object === null) {
      at = nextObject(bytes, at, options);
      continue;
    }
    if (object.type === objectTypes.entry) {
      const entry = parseEntry(bytes, at, object.size, header.isCompact);
      if (entry !== null) {
        const fields: JournalFields = [
          ['__REALTIME_TIMESTAMP', entry.realtime],
          ['__MONOTONIC_TIMESTAMP', entry.monotonic],
          ['__SEQNUM', entry.sequence],
          ...entry.items.flatMap((item) => data.fieldAt(item)),
        ];
        batch.push(journalEvent(fields, options, clock));
      }
    }
    at = align(at + object.size);
    if (batch.length < entriesAtOnce && at < bytes.length) continue;
    report.events += batch.length;
    if (batch.length > 0) yield batch;
    batch = [];
  }
  report.events += batch.length;
  if (batch.length > 0) yield batch;
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

/** Where the next object begins. What is not used yet of a file is zeros, and nothing is lost with it. */
function nextObject(bytes: Buffer, from: number, { report }: TextLogOptions): number {
  let isBroken = false;
  for (let at = from; at + 16 <= bytes.length; at += 8) {
    if (bytes.readBigUInt64LE(at) === 0n) continue;
    if (objectAt(bytes, at) !== null) {
      if (isBroken) tell();
      return at;
    }
    isBroken = true;
  }
  if (isBroken) tell();
  return bytes.length;

  function tell(): void {
    report.skip('journal-object', from, 'journal object: expected a known type and a size that fits, got neither');
  }
}

async function readWhole(source: ByteSource, { report }: TextLogOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let filled = bytesAtOnce; filled === bytesAtOnce;) {
    const buffer = Buffer.alloc(bytesAtOnce);
    filled = await source.read(buffer);
    total += filled;
    report.bytes += filled;
    if (total > maxJournalBytes)
      throw new EventsError('journal-too-large', `journal file: expected at most ${maxJournalBytes} bytes, got more`);
    pieces.push(buffer.subarray(0, filled));
  }
  return Buffer.concat(pieces, total);
}

/** The data objects, most of which many entries share. */
class JournalData {
  readonly #bytes: Buffer;
  readonly #header: JournalHeader;
  readonly #options: TextLogOptions;
  readonly #known = new Map<number, JournalFields>();

  constructor(bytes: Buffer, header: JournalHeader, options: TextLogOptions) {
    this.#bytes = bytes;
    this.#header = header;
    this.#options = options;
  }

  /** Empty where there is none. */
  fieldAt(at: number): JournalFields {
    let field = this.#known.get(at);
    if (field === undefined) {
      field = this.#read(at);
      if (this.#known.size >= maxKnownData) this.#known.clear();
      this.#known.set(at, field);
    }
    return field;
  }

  #read(at: number): JournalFields {
    const { report } = this.#options;
    const object = Number.isSafeInteger(at) && at % 8 === 0 ? objectAt(this.#bytes, at) : null;
    if (object?.type !== objectTypes.data) {
      report.skip('journal-object', at, 'journal entry: expected an object of data, got one of another type');
      return [];
    }
    const stored = dataPayload(this.#bytes, at, object.size, this.#header.isCompact);
    const payload = object.flags === 0 ? stored : decompress(stored, object.flags);
    if (payload === null) {
      const how = compressionOf(object.flags) ?? `flags ${object.flags}`;
      report.skip('journal-compressed', at, `journal data: expected ${how} that can be read here, got what cannot`);
      return [];
    }
    const equals = payload.indexOf(0x3d);
    if (equals < 1) return [];
    return [[payload.toString('utf8', 0, equals), payload.toString('utf8', equals + 1)]];
  }
}

/** Node has zstd from 22.15 on. */
const { zstdDecompressSync } = zlib as {
  zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;
};

function decompress(stored: Buffer, flags: number): Buffer | null {
  const how = compressionOf(flags);
  if (how === 'lz4') {
    const length = stored.length < 8 ? -1 : Number(stored.readBigUInt64LE(0));
    return length < 0 || length > maxFieldBytes ? null : decompressLz4(stored.subarray(8), length);
  }
  if (how !== 'zstd' || zstdDecompressSync === undefined) return null;
  try {
    return zstdDecompressSync(stored, { maxOutputLength: maxFieldBytes });
  } catch {
    return null;
  }
}
