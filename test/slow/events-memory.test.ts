import { expect, test } from 'vitest';
import { evtxChunks, evtxFileHeader } from '../../bench/evtx-writer.js';
import { readEvtx } from '../../events/evtx/file.js';
import { readJsonLines } from '../../events/json-lines.js';
import { ReadReport } from '../../events/report.js';
import { ShapeTable } from '../../events/shapes.js';
import { streamSource } from '../../events/source.js';
import { sampleRecords } from '../support/evtx-records.js';

const mebibyte = Buffer.alloc(1024 * 1024, 'x');

/** The greatest memory while all events are taken, over what there was before, in MiB. */
async function growth(events: AsyncIterable<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  let peak = before;
  for await (const batch of events) {
    expect(batch).toBeDefined();
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  return (Math.max(peak, process.memoryUsage().rss) - before) / mebibyte.length;
}

test('a line of a gibibyte is skipped in little memory, and the next line read', async () => {
  const report = new ReadReport();
  const stream = (async function* () {
    yield Buffer.from('{"a":1}\n{"a":"');
    for (let count = 0; count < 1024; count++) yield await Promise.resolve(mebibyte);
    yield Buffer.from('"}\n{"a":2}\n');
  })();
  const options = { shapes: new ShapeTable(), report, name: 's' };
  expect(await growth(readJsonLines(streamSource(stream), options))).toBeLessThan(150);
  expect(report.events).toBe(2);
  expect([...report.counts]).toEqual([['json-too-long', 1]]);
});

test('an EVTX file of a gibibyte is read in little memory', async () => {
  const report = new ReadReport();
  const [chunk = Buffer.alloc(0)] = evtxChunks(sampleRecords(150));
  const stream = (async function* () {
    yield evtxFileHeader(16384);
    for (let count = 0; count < 16384; count++) yield await Promise.resolve(chunk);
  })();
  const options = { shapes: new ShapeTable(), report, name: 's' };
  expect(await growth(readEvtx(streamSource(stream), options))).toBeLessThan(150);
  expect(report.events).toBeGreaterThan(2_000_000);
  expect(report.skipped).toBe(0);
});
