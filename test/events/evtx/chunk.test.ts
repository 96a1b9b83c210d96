import { describe, expect, test } from 'vitest';
import { integer, text } from '../../../bench/evtx-values.js';
import { evtxChunks, repairChunk, type EvtxRecord } from '../../../bench/evtx-writer.js';
import { decodeChunk } from '../../../events/evtx/chunk.js';
import type { FlatEvent } from '../../../events/event.js';
import { ShapeTable } from '../../../events/shapes.js';
import { classicRecord, processRecord, sampleRecords } from '../../support/evtx-records.js';

/** One chunk with these records. */
function chunkOf(records: Iterable<EvtxRecord>): Buffer {
  const [chunk, ...more] = [...evtxChunks(records)];
  if (chunk === undefined || more.length > 0) throw new RangeError('expected records of one chunk');
  return chunk;
}

function decode(chunk: Buffer): { events: FlatEvent[]; skips: [string, number][] } {
  const skips: [string, number][] = [];
  const events = decodeChunk(chunk, new ShapeTable(), 'test.evtx', (code, offset) => skips.push([code, offset]));
  return { events, skips };
}

const ids = (events: FlatEvent[]) => events.map((event) => event.recordId);

/** Where each record of a chunk starts. */
function recordStarts(chunk: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 512; at < chunk.readUInt32LE(48); at += chunk.readUInt32LE(at + 4)) starts.push(at);
  return starts;
}

describe('a good chunk', () => {
  test('gives System attributes joined with _ and data under their names', () => {
    const { events, skips } = decode(
      chunkOf([{ ...processRecord(7), activityId: '11111111-2222-3333-4444-555555555555' }]),
    );
    expect(skips).toEqual([]);
    expect(events.map((event) => event.fields())).toEqual([
      {
        Provider_Name: 'Microsoft-Windows-Sysmon',
        Provider_Guid: '{5770385F-C22A-43E0-BF4C-06F5698FFBD9}',
        EventID: 1,
        Version: 1,
        Level: 4,
        Task: 1,
        Opcode: 0,
        Keywords: '0x8000000000000000',
        TimeCreated_SystemTime: '2025-01-02T03:04:05.6850000Z',
        EventRecordID: 7,
        Correlation_ActivityID: '{11111111-2222-3333-4444-555555555555}',
        Execution_ProcessID: 4,
        Execution_ThreadID: 8,
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        Computer: 'host01.example',
        Security_UserID: 'S-1-5-18',
        UtcTime: '2025-01-02 03:04:05.678',
        ProcessGuid: '{0A1B2C3D-0001-0002-0304-0506070809AA}',
        ProcessId: 1007,
        Image: 'C:\\Tools\\run.exe',
        CommandLine: 'run.exe --job 7',
        LogonId: '0x3e7',
      },
    ]);
    expect(events[0]?.timeMs).toBe(1_735_787_045_685);
    expect(events[0]?.source).toBe('test.evtx');
  });

  test('has unnamed data as one list, and the qualifiers of a classic event', () => {
    const [event] = decode(chunkOf([classicRecord(1, [text('a'), text('b')])])).events;
    expect(event?.get('Data')).toEqual(['a', 'b']);
    expect(event?.get('EventID_Qualifiers')).toBe(16384);
    expect(event?.get('Provider_Guid')).toBeUndefined();
  });

  test('has user data under the innermost names', () => {
    const [event] = decode(
      chunkOf([{ ...processRecord(1, [['Channel', text('Application')]]), userData: 'Cleared' }]),
    ).events;
    expect(event?.get('Image')).toBe('C:\\Tools\\run.exe');
    expect(event?.get('Channel')).toEqual(['Microsoft-Windows-Sysmon/Operational', 'Application']);
    expect(event?.channel).toBe('Microsoft-Windows-Sysmon/Operational');
  });

  test('gives records of one kind one shape, in other chunks too', () => {
    const shapes = new ShapeTable();
    const chunk = chunkOf([processRecord(1), processRecord(2)]);
    const other = chunkOf([classicRecord(3, [text('x')]), processRecord(4)]);
    const events = [chunk, other].flatMap((each) => decodeChunk(each, shapes, 's', expect.unreachable));
    expect(events[1]?.shape).toBe(events[0]?.shape);
    expect(events[3]?.shape).toBe(events[0]?.shape);
    expect(events[2]?.shape).not.toBe(events[0]?.shape);
  });

  test('may be filled to its last byte', () => {
    const chunk = chunkOf([processRecord(1)]);
    const start = 512;
    const size = chunk.readUInt32LE(start + 4);
    chunk.copy(chunk, 65536 - 4, start + size - 4, start + size);
    chunk.fill(0, start + size - 4, 65532);
    chunk.writeUInt32LE(65536 - start, start + 4);
    chunk.writeUInt32LE(65536 - start, 65532);
    chunk.writeUInt32LE(65536, 48);
    repairChunk(chunk);
    expect(decode(chunk)).toMatchObject({ events: [{ timeMs: 1_735_787_045_679 }], skips: [] });
  });
});

describe('a broken chunk', () => {
  test('with bad checksums is read, and reported', () => {
    const chunk = chunkOf(sampleRecords(20));
    chunk.writeUInt32LE(0, 52);
    const { events, skips } = decode(chunk);
    expect(events).toHaveLength(20);
    expect(skips).toEqual([
      ['chunk-checksum', 124],
      ['chunk-checksum', 52],
    ]);
  });

  test.each([1, 4])('whose flags (%i) say that its checksums do not fit is read without a word', (flag) => {
    const chunk = chunkOf(sampleRecords(20));
    chunk.writeUInt32LE(flag, 120);
    chunk.writeUInt32LE(0, 52);
    expect(decode(chunk)).toMatchObject({ events: { length: 20 }, skips: [] });
  });

  test('loses the one record whose magic is broken', () => {
    const chunk = chunkOf(sampleRecords(20));
    const at = recordStarts(chunk)[9] ?? 0;
    chunk.writeUInt32LE(0, at);
    repairChunk(chunk);
    const { events, skips } = decode(chunk);
    expect(skips).toEqual([['record-magic', at]]);
    expect(ids(events)).toEqual(
      [...Array(9).keys(), ...Array.from({ length: 10 }, (_, index) => index + 10)].map((id) => id + 1),
    );
  });

  test.each([0, 8, 31, 0xffffffff])('loses the one record whose size is %i', (size) => {
    const chunk = chunkOf(sampleRecords(20));
    const at = recordStarts(chunk)[19] ?? 0;
    chunk.writeUInt32LE(size, at + 4);
    repairChunk(chunk);
    const { events, skips } = decode(chunk);
    expect(skips).toEqual([['record-size', at]]);
    expect(events).toHaveLength(19);
  });

  test('loses the one record with a value of an unknown type', () => {
    const chunk = chunkOf(
      [1, 2, 3].map((id) => processRecord(id, [['X', { type: id === 2 ? 0x30 : 8, bytes: integer(id, 4).bytes }]])),
    );
    const { events, skips } = decode(chunk);
    expect(ids(events)).toEqual([1, 3]);
    expect(skips).toEqual([['value-type', recordStarts(chunk)[1]]]);
  });

  test('whose header points nowhere is read to its end', () => {
    const chunk = chunkOf(sampleRecords(20));
    chunk.writeUInt32LE(0xffffffff, 48);
    const { events, skips } = decode(chunk);
    expect(events).toHaveLength(20);
    expect(skips.map(([code]) => code)).toEqual(['chunk-checksum', 'record-magic']);
  });
});

describe('past the end that the header tells', () => {
  test('records that go on with the numbers are read: a running log has just added them', () => {
    const chunk = chunkOf(sampleRecords(20));
    chunk.writeUInt32LE(recordStarts(chunk)[15] ?? 0, 48);
    repairChunk(chunk);
    expect(ids(decode(chunk).events)).toHaveLength(20);
  });

  test('older records are not', () => {
    const chunk = chunkOf(sampleRecords(20));
    const starts = recordStarts(chunk);
    chunk.writeUInt32LE(starts[15] ?? 0, 48);
    chunk.writeUInt32LE(3, (starts[15] ?? 0) + 8);
    repairChunk(chunk);
    expect(decode(chunk)).toMatchObject({ events: { length: 15 }, skips: [] });
  });
});

describe('a hostile chunk', () => {
  /** The chunk with another u32 at the first place where `before` stands, its checksums good. */
  function withPointer(chunk: Buffer, at: number, value: number): Buffer {
    const changed = Buffer.from(chunk);
    changed.writeUInt32LE(value, at);
    repairChunk(changed);
    return changed;
  }

  const chunk = chunkOf([processRecord(1), processRecord(2)]);
  const second = recordStarts(chunk)[1] ?? 0;
  /** Record header, fragment header, token, one byte and template id come before the offset of the definition. */
  const definitionAt = second + 24 + 4 + 6;

  test.each([
    ['beyond the chunk', 0xfffffff0],
    ['at its last byte', 65535],
    ['in its own record', second + 8],
    ['in zeros', 60000],
  ])('a template %s costs its record', (_name, offset) => {
    const { events, skips } = decode(withPointer(chunk, definitionAt, offset));
    expect(ids(events)).toEqual([1]);
    expect(skips).toHaveLength(1);
    expect(skips[0]?.[0]).toMatch(/^(?:template|binxml)-/);
  });

  test('a template with more values than bytes costs its record', () => {
    const { events, skips } = decode(withPointer(chunk, definitionAt + 4, 0x3fffffff));
    expect(ids(events)).toEqual([1]);
    expect(skips.map(([code]) => code)).toEqual(['template-index']);
  });
});
