import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeEvtx, evtxFileHeader } from '../../bench/evtx-writer.js';
import type { FlatEvent } from '../../events/event.js';
import { openEvents, openEventStream, splitEvents, type EventReading } from '../../events/read.js';
import { expectCode } from '../support/expect-code.js';
import { sampleRecords } from '../support/evtx-records.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-events-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function save(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

async function all(reading: EventReading | null): Promise<FlatEvent[]> {
  const events: FlatEvent[] = [];
  for await (const batch of reading?.batches() ?? []) events.push(...batch);
  return events;
}

const lines = (count: number) => Array.from({ length: count }, (_, id) => `{"EventID":${id},"x":"é"}\n`).join('');

describe('what a file is', () => {
  test.each([
    ['evtx.bin', encodeEvtx(sampleRecords(5)), 'evtx', 5],
    ['a.evtx', encodeEvtx(sampleRecords(5)), 'evtx', 5],
    ['lines.log', lines(3), 'json', 3],
    ['array.log', ` [ ${lines(3).trim().split('\n').join(',')}]`, 'json', 3],
    ['mark.log', `\ufeff${lines(3)}`, 'json', 3],
    ['utf16.json', Buffer.from(`\ufeff${lines(3)}`, 'utf16le'), 'json', 3],
    ['empty.jsonl', '', 'json', 0],
  ])('%s', async (name, bytes, format, count) => {
    const reading = await openEvents(await save(name, bytes));
    expect(reading?.format).toBe(format);
    expect(await all(reading)).toHaveLength(count);
    expect(reading?.report).toMatchObject({ events: count, skipped: 0 });
  });

  test.each([
    ['text.log', 'Jan 1 host sshd: {x}\n'],
    ['nothing.log', ''],
    ['picture.png', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
  ])('%s is no event log', async (name, bytes) => expect(await openEvents(await save(name, bytes))).toBeNull());

  test('UTF-16 keeps its letters', async () => {
    const [event] = await all(
      await openEvents(await save('letters.json', Buffer.from(`\ufeff${lines(1)}`, 'utf16le'))),
    );
    expect(event?.get('x')).toBe('é');
  });

  test('a missing file and a folder are errors', async () => {
    await expectCode('file-missing', () => openEvents(join(folder, 'missing.evtx')));
    await expectCode('file-unreadable', () => openEvents(folder));
  });
});

describe('broken EVTX files', () => {
  const good = encodeEvtx(sampleRecords(400));

  test.each([
    ['empty', Buffer.alloc(0)],
    ['zero-filled', Buffer.alloc(70000)],
    ['of another kind', Buffer.from('PK\x03\x04'.repeat(30000))],
  ])('%s: refused', async (_name, bytes) => {
    const reading = await openEvents(await save('broken.evtx', bytes));
    await expectCode('evtx-header', () => all(reading));
  });

  test.each([
    ['a header without magic', (bytes: Buffer) => bytes.fill(0, 0, 4096), ['header-magic'], 400],
    ['a header with a bad checksum', (bytes: Buffer) => bytes.fill(1, 16, 17), ['header-checksum'], 400],
    ['a chunk without magic', (bytes: Buffer) => bytes.fill(1, 4096, 4104), ['chunk-magic'], 251],
    ['an unused chunk', (bytes: Buffer) => bytes.fill(0, 4096, 4096 + 65536), [], 251],
    [
      'its end cut off',
      (bytes: Buffer) => bytes.subarray(0, 4096 + 65536 + 600),
      ['chunk-truncated', 'record-size'],
      149,
    ],
    ['nothing after the header', () => evtxFileHeader(0), [], 0],
  ])('%s: the rest is read', async (_name, change, codes, count) => {
    const reading = await openEvents(await save('changed.evtx', change(Buffer.from(good))));
    const events = await all(reading);
    expect([...(reading?.report.counts.keys() ?? [])].sort()).toEqual(codes);
    expect(events).toHaveLength(count);
  });

  test('one that was not closed says so', async () => {
    const bytes = Buffer.concat([evtxFileHeader(7, 1), good.subarray(4096)]);
    const reading = await openEvents(await save('dirty.evtx', bytes));
    expect(await all(reading)).toHaveLength(400);
    expect(reading?.report).toMatchObject({ isDirty: true, skipped: 0 });
  });

  test('one of a log without checksums has none to fit', async () => {
    const header = evtxFileHeader(3, 4).fill(0, 124, 128);
    const reading = await openEvents(await save('unchecked.evtx', Buffer.concat([header, good.subarray(4096)])));
    expect(await all(reading)).toHaveLength(400);
    expect(reading?.report).toMatchObject({ isDirty: false, skipped: 0 });
  });

  test('skips are named with their place in the file', async () => {
    const reading = await openEvents(
      await save('named.evtx', Buffer.from(good).fill(1, 4096 + 65536, 4096 + 65536 + 8)),
    );
    await all(reading);
    expect(reading?.report.named).toEqual([
      {
        code: 'chunk-magic',
        offset: 4096 + 65536,
        message: 'chunk: expected the magic ElfChnk, got 65536 bytes that begin with 01 01 01 01 01 01 01 01',
      },
    ]);
  });
});

describe('JSON that is not UTF-8', () => {
  test('is counted and read all the same', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"x'), Buffer.from([0xff]), Buffer.from('y"}\n{"a":1}')]);
    const reading = await openEvents(await save('latin.json', bytes));
    expect((await all(reading)).map((event) => event.get('a'))).toEqual(['x\ufffdy', 1]);
    expect([...(reading?.report.counts ?? [])]).toEqual([['utf8-invalid', 1]]);
  });
});

describe('logs that change while they are read', () => {
  test('what is appended after the start is left for the next time', async () => {
    const path = await save('grows.jsonl', lines(1000));
    const reading = await openEvents(path);
    await appendFile(path, lines(5));
    expect(await all(reading)).toHaveLength(1000);
  });

  test('one that is moved away is read to its end', async () => {
    const path = await save('rotates.jsonl', lines(100_000));
    const reading = await openEvents(path);
    const batches = reading?.batches();
    const first = await batches?.next();
    await rename(path, `${path}.1`);
    await writeFile(path, lines(1));
    let count = (first?.value as FlatEvent[]).length;
    for await (const batch of batches ?? []) count += batch.length;
    expect(count).toBe(100_000);
  });

  test('one that is emptied is read as far as it goes, and reported', async () => {
    const path = await save('emptied.jsonl', lines(100_000));
    const reading = await openEvents(path);
    const batches = reading?.batches();
    const first = (await batches?.next())?.value as FlatEvent[];
    await truncate(path, 0);
    let count = first.length;
    for await (const batch of batches ?? []) count += batch.length;
    // The piece of an object that was read is text.
    expect(count).toBe(first.length + 1);
    expect(reading?.report.counts.get('file-shrunk')).toBe(1);
  });
});

describe('a stream', () => {
  test.each([
    ['JSON lines', Buffer.from(lines(50)), 50],
    ['EVTX', encodeEvtx(sampleRecords(300)), 300],
  ])('of %s in small pieces', async (_name, bytes, count) => {
    const pieces = function* () {
      for (let at = 0; at < bytes.length; at += 999) yield bytes.subarray(at, at + 999);
    };
    const reading = await openEventStream(Readable.from(pieces()), '-');
    const events = await all(reading);
    expect(events).toHaveLength(count);
    expect(events[0]?.source).toBe('-');
    expect(reading?.report.bytes).toBe(bytes.length);
  });

  test('of something else is no event log', async () => {
    expect(await openEventStream(Readable.from([Buffer.from('hello')]), '-')).toBeNull();
  });
});

describe('parts', () => {
  test.each([
    ['parts.evtx', encodeEvtx(sampleRecords(2000)), 2000, 3],
    ['parts.jsonl', lines(5000), 5000, 3],
    ['one.json', JSON.stringify(JSON.parse(`[${lines(500).trim().split('\n').join(',')}]`), null, 1), 500, 1],
    ['small.evtx', encodeEvtx(sampleRecords(2)), 2, 1],
  ])('%s: together they are the whole', async (name, bytes, count, parts) => {
    const path = await save(name, bytes);
    const ranges = await splitEvents(path, 3);
    expect(ranges).toHaveLength(parts);
    const ids: (number | null)[] = [];
    for (const range of ranges) {
      const reading = await openEvents(path, { range });
      const events = await all(reading);
      ids.push(...events.map((event) => event.recordId ?? event.eventId));
      expect(reading?.report).toMatchObject({ skipped: 0, bytes: reading?.totalBytes ?? -1 });
    }
    expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(count);
  });
});
