import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evtxChunks, repairChunk } from '../../../bench/evtx-writer.js';
import { decodeChunk } from '../../../events/evtx/chunk.js';
import type { FlatEvent } from '../../../events/event.js';
import { ShapeTable } from '../../../events/shapes.js';
import { sampleRecords } from '../../support/evtx-records.js';

const records = 12;
const [chunk = Buffer.alloc(0)] = [...evtxChunks(sampleRecords(records))];
const used = chunk.readUInt32LE(48);

/** Where each record starts, and the end. */
const starts = [512];
while ((starts.at(-1) ?? used) < used) starts.push((starts.at(-1) ?? 0) + chunk.readUInt32LE((starts.at(-1) ?? 0) + 4));

function decode(bytes: Buffer): { events: FlatEvent[]; skips: number } {
  let skips = 0;
  const events = decodeChunk(bytes, new ShapeTable(), 's', () => skips++);
  return { events, skips };
}

const anyByte = fc.record({ at: fc.integer({ min: 512, max: used - 1 }), byte: fc.integer({ min: 0, max: 255 }) });

test('changed bytes under good checksums give events or skips, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(anyByte, { minLength: 1, maxLength: 8 }), (changes) => {
      const changed = Buffer.from(chunk);
      for (const { at, byte } of changes) changed[at] = byte;
      repairChunk(changed);
      const { events, skips } = decode(changed);
      expect(events.length).toBeLessThanOrEqual(records);
      if (events.length < records) expect(skips).toBeGreaterThan(0);
      for (const event of events) expect(event.values).toHaveLength(event.shape.names.length);
    }),
    { numRuns: 300 },
  );
});

test('changed bytes in the last record leave all others as they are', () => {
  const good = decode(chunk)
    .events.slice(0, -1)
    .map((event) => event.fields());
  const last = starts.at(-2) ?? 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(used - last - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
      const changed = Buffer.from(chunk);
      for (const [at, byte] of changes) changed[last + at] = byte;
      repairChunk(changed);
      const { events } = decode(changed);
      expect(events.slice(0, records - 1).map((event) => event.fields())).toEqual(good);
    }),
    { numRuns: 200 },
  );
});

test('a chunk cut anywhere gives the records before the cut', () => {
  fc.assert(
    fc.property(fc.integer({ min: 512, max: used }), (length) => {
      const whole = starts.slice(1).filter((end) => end <= length).length;
      expect(decode(Buffer.from(chunk.subarray(0, length))).events).toHaveLength(whole);
    }),
    { numRuns: 300 },
  );
});
