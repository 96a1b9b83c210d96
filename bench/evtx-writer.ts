import { crc32 } from 'node:zlib';
import { fileTime, guid, integer, nullValue, sid, text, type EvtxValue } from './evtx-values.js';

/** What an EVTX record is written from. Names of `data` may repeat; a null name makes an unnamed `<Data>`. */
export interface EvtxRecord {
  readonly provider: string;
  readonly providerGuid?: string;
  readonly eventId: number;
  readonly qualifiers?: number;
  readonly channel: string;
  readonly computer: string;
  readonly level?: number;
  readonly recordId: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly processId?: number;
  readonly userSid?: string;
  readonly activityId?: string;
  readonly data: readonly (readonly [name: string | null, value: EvtxValue])[];
  /** When given, the data become elements inside `<UserData><this element>`. */
  readonly userData?: string;
}

/** A whole EVTX file in memory. */
export function encodeEvtx(records: Iterable<EvtxRecord>): Buffer {
  const chunks = [...evtxChunks(records)];
  return Buffer.concat([evtxFileHeader(chunks.length), ...chunks]);
}

/** The 4,096 bytes before the first chunk. */
export function evtxFileHeader(chunkCount: number, flags = 0): Buffer {
  const header = Buffer.alloc(4096);
  header.write('ElfFile\0', 'latin1');
  header.writeUInt32LE(Math.max(chunkCount - 1, 0), 16);
  header.writeUInt32LE(1, 24);
  header.writeUInt32LE(128, 32);
  header.writeUInt16LE(1, 36);
  header.writeUInt16LE(3, 38);
  header.writeUInt16LE(4096, 40);
  header.writeUInt16LE(chunkCount & 0xffff, 42);
  header.writeUInt32LE(flags, 120);
  header.writeUInt32LE(crc32(header.subarray(0, 120)), 124);
  return header;
}

/** The chunks of 65,536 bytes, each filled with as many records as fit. A record larger than a chunk is a RangeError. */
export function* evtxChunks(records: Iterable<EvtxRecord>): Generator<Buffer> {
  let chunk = new ChunkWriter();
  for (const record of records) {
    if (chunk.add(record)) continue;
    yield chunk.finish();
    chunk = new ChunkWriter();
    if (!chunk.add(record))
      throw new RangeError(`record ${record.recordId}: expected it to fit a chunk, got a larger one`);
  }
  if (!chunk.isEmpty) yield chunk.finish();
}

/** Both checksums of a chunk made good again, for tests that change bytes. */
export function repairChunk(chunk: Buffer): void {
  const freeSpace = chunk.readUInt32LE(48);
  if (freeSpace <= chunk.length) chunk.writeUInt32LE(crc32(chunk.subarray(512, freeSpace)), 52);
  chunk.writeUInt32LE(crc32(chunk.subarray(128, 512), crc32(chunk.subarray(0, 120))), 124);
}

class ChunkFull extends Error {}

class ChunkWriter {
  readonly #bytes = Buffer.alloc(65536);
  #at = 512;
  #lastRecordAt = 0;
  readonly #names = new Map<string, number>();
  readonly #templates = new Map<string, number>();
  readonly #ids: number[] = [];

  get isEmpty(): boolean {
    return this.#ids.length === 0;
  }

  /** @returns false, with the chunk as before, when there is no room */
  add(record: EvtxRecord): boolean {
    const start = this.#at;
    try {
      this.#record(record);
    } catch (error) {
      if (!(error instanceof ChunkFull)) throw error;
      this.#bytes.fill(0, start, 65536);
      this.#at = start;
      for (const known of [this.#names, this.#templates])
        for (const [key, at] of known) if (at >= start) known.delete(key);
      return false;
    }
    this.#lastRecordAt = start;
    this.#ids.push(record.recordId);
    return true;
  }

  finish(): Buffer {
    const bytes = this.#bytes;
    bytes.write('ElfChnk\0', 'latin1');
    const first = BigInt(this.#ids[0] ?? 0);
    const last = BigInt(this.#ids.at(-1) ?? 0);
    [first, last, first, last].forEach((id, index) => bytes.writeBigUInt64LE(id, 8 + 8 * index));
    bytes.writeUInt32LE(128, 40);
    bytes.writeUInt32LE(this.#lastRecordAt, 44);
    bytes.writeUInt32LE(this.#at, 48);
    for (const at of this.#names.values()) this.#link(128 + 4 * (bytes.readUInt16LE(at + 4) % 64), at);
    for (const at of this.#templates.values()) this.#link(384 + 4 * (bytes.readUInt32LE(at + 4) % 32), at);
    repairChunk(bytes);
    return bytes;
  }

  /** Hash tables of the chunk header: each entry starts with the offset of the next in its bucket. */
  #link(bucket: number, entry: number): void {
    this.#bytes.writeUInt32LE(this.#bytes.readUInt32LE(bucket), entry);
    this.#bytes.writeUInt32LE(entry, bucket);
  }

  #record(record: EvtxRecord): void {
    const start = this.#at;
    this.#uint32(0x2a2a);
    this.#uint32(0);
    this.#raw(integer(record.recordId, 8).bytes);
    this.#raw(fileTime(record.timeMs).bytes);
    this.#header();
    const values = [
      integer(record.level ?? 4, 1),
      integer(0, 1),
      integer(record.eventId, 2),
      integer(record.eventId, 2),
      record.qualifiers === undefined ? nullValue : integer(record.qualifiers, 2),
      integer(0x8000000000000000n, 8, true),
      fileTime(record.timeMs),
      record.activityId === undefined ? nullValue : guid(record.activityId),
      integer(record.processId ?? 4, 4),
      integer(8, 4),
      integer(record.recordId, 8),
      integer(1, 1),
      record.userSid === undefined ? nullValue : sid(record.userSid),
      text(record.provider),
      record.providerGuid === undefined ? nullValue : guid(record.providerGuid),
      text(record.channel),
    ];
    this.#instance(`system\0${record.computer}`, () => this.#systemTemplate(record.computer));
    this.#uint32(values.length + 1);
    const descriptors = this.#at;
    this.#room(4 * (values.length + 1));
    values.forEach((value, index) => this.#descriptor(descriptors, index, value.type, value.bytes.length));
    for (const value of values) this.#raw(value.bytes);
    const data = this.#at;
    this.#data(record);
    this.#descriptor(descriptors, values.length, 0x21, this.#at - data);
    this.#byte(0);
    while ((this.#at - start) % 8 !== 4) this.#byte(0);
    this.#uint32(this.#at + 4 - start);
    this.#bytes.writeUInt32LE(this.#at - start, start + 4);
  }

  #data(record: EvtxRecord): void {
    this.#header();
    const names = record.data.map(([name]) => name);
    const types = record.data.map(([, value]) => value.type);
    const key = [record.userData ?? '', ...names.map((name, index) => `${name ?? ''}\x01${types[index] ?? 0}`)].join(
      '\0',
    );
    this.#instance(key, () => this.#dataTemplate(names, types, record.userData));
    this.#uint32(record.data.length);
    const descriptors = this.#at;
    this.#room(4 * record.data.length);
    record.data.forEach(([, value], index) => this.#descriptor(descriptors, index, value.type, value.bytes.length));
    for (const [, value] of record.data) this.#raw(value.bytes);
    this.#byte(0);
  }

  #instance(key: string, writeDefinition: () => void): void {
    this.#byte(0x0c);
    this.#byte(1);
    const known = this.#templates.get(key);
    const at = known ?? this.#at + 8;
    const id = crc32(key);
    this.#uint32(id);
    this.#uint32(at);
    if (known !== undefined) return;
    this.#uint32(0);
    this.#uint32(id);
    this.#room(12);
    this.#uint32(0);
    const body = this.#at;
    this.#header();
    writeDefinition();
    this.#byte(0);
    this.#bytes.writeUInt32LE(this.#at - body, body - 4);
    this.#templates.set(key, at);
  }

  #systemTemplate(computer: string): void {
    const place = (index: number, type: number) => () => this.#place(index, type);
    const namespace = () => this.#text('http://schemas.microsoft.com/win/2004/08/events/event');
    this.#element('Event', [['xmlns', namespace]], () => {
      this.#element('System', [], () => {
        this.#element(
          'Provider',
          [
            ['Name', place(13, 1)],
            ['Guid', place(14, 15)],
          ],
          null,
        );
        this.#element('EventID', [['Qualifiers', place(4, 6)]], place(3, 6));
        this.#element('Version', [], place(11, 4));
        this.#element('Level', [], place(0, 4));
        this.#element('Task', [], place(2, 6));
        this.#element('Opcode', [], place(1, 4));
        this.#element('Keywords', [], place(5, 21));
        this.#element('TimeCreated', [['SystemTime', place(6, 17)]], null);
        this.#element('EventRecordID', [], place(10, 10));
        this.#element('Correlation', [['ActivityID', place(7, 15)]], null);
        this.#element(
          'Execution',
          [
            ['ProcessID', place(8, 8)],
            ['ThreadID', place(9, 8)],
          ],
          null,
        );
        this.#element('Channel', [], place(15, 1));
        this.#element('Computer', [], () => this.#text(computer));
        this.#element('Security', [['UserID', place(12, 19)]], null);
      });
      this.#place(16, 0x21);
    });
  }

  #dataTemplate(names: readonly (string | null)[], types: readonly number[], userData: string | undefined): void {
    const place = (index: number) => () => this.#place(index, types[index] ?? 0);
    if (userData !== undefined) {
      this.#element('UserData', [], () =>
        this.#element(userData, [['xmlns', () => this.#text('urn:example')]], () =>
          names.forEach((name, index) => this.#element(name ?? 'Data', [], place(index))),
        ),
      );
      return;
    }
    this.#element('EventData', [], () =>
      names.forEach((name, index) =>
        this.#element('Data', name === null ? [] : [['Name', () => this.#text(name)]], place(index)),
      ),
    );
  }

  #element(name: string, attributes: readonly (readonly [string, () => void])[], content: (() => void) | null): void {
    this.#byte(attributes.length > 0 ? 0x41 : 0x01);
    this.#uint16(0xffff);
    const sizeAt = this.#at;
    this.#uint32(0);
    this.#name(name);
    if (attributes.length > 0) {
      const listAt = this.#at;
      this.#uint32(0);
      attributes.forEach(([attribute, value], index) => {
        this.#byte(index + 1 < attributes.length ? 0x46 : 0x06);
        this.#name(attribute);
        value();
      });
      this.#bytes.writeUInt32LE(this.#at - listAt - 4, listAt);
    }
    if (content === null) this.#byte(0x03);
    else {
      this.#byte(0x02);
      content();
      this.#byte(0x04);
    }
    this.#bytes.writeUInt32LE(this.#at - sizeAt - 4, sizeAt);
  }

  #name(name: string): void {
    const known = this.#names.get(name);
    this.#uint32(known ?? this.#at + 4);
    if (known !== undefined) return;
    this.#names.set(name, this.#at);
    let hash = 0;
    for (let index = 0; index < name.length; index++) hash = (hash * 65599 + name.charCodeAt(index)) & 0xffffffff;
    this.#uint32(0);
    this.#uint16(hash & 0xffff);
    this.#uint16(name.length);
    this.#raw(Buffer.from(`${name}\0`, 'utf16le'));
  }

  #text(value: string): void {
    this.#byte(0x05);
    this.#byte(0x01);
    this.#uint16(value.length);
    this.#raw(Buffer.from(value, 'utf16le'));
  }

  #place(index: number, type: number): void {
    this.#byte(0x0e);
    this.#uint16(index);
    this.#byte(type);
  }

  #header(): void {
    this.#raw(Buffer.from([0x0f, 1, 1, 0]));
  }

  #descriptor(descriptors: number, index: number, type: number, size: number): void {
    this.#bytes.writeUInt16LE(size, descriptors + 4 * index);
    this.#bytes[descriptors + 4 * index + 2] = type;
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at - 1] = value;
  }

  #uint16(value: number): void {
    this.#room(2);
    this.#bytes.writeUInt16LE(value, this.#at - 2);
  }

  #uint32(value: number): void {
    this.#room(4);
    this.#bytes.writeUInt32LE(value, this.#at - 4);
  }

  #raw(bytes: Buffer): void {
    this.#room(bytes.length);
    bytes.copy(this.#bytes, this.#at - bytes.length);
  }

  /** One byte stays free: libevtx takes a record that ends with the chunk for a broken one. */
  #room(size: number): void {
    if (this.#at + size >= this.#bytes.length) throw new ChunkFull();
    this.#at += size;
  }
}
