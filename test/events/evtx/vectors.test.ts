import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeChunk, decodeRecords } from '../../../events/evtx/chunk.js';
import { JsonRenderer } from '../../../events/evtx/json.js';
import { ShapeTable } from '../../../events/shapes.js';

/** Broken chunks, one a file: lines of `name: value`, an empty line, the bytes. A crash of the fuzz test becomes one. */
const folder = join(import.meta.dirname, '../../vectors/evtx');

function load(name: string): { events: number; codes: string[]; chunk: Buffer } {
  const bytes = readFileSync(join(folder, name));
  const end = bytes.indexOf('\n\n');
  const head = new Map(
    bytes
      .toString('utf8', 0, end)
      .split('\n')
      .map((line) => line.split(': ', 2) as [string, string]),
  );
  return {
    events: Number(head.get('events')),
    codes: head.get('expect')?.split(' ').filter(Boolean) ?? [],
    chunk: bytes.subarray(end + 2),
  };
}

test.each(readdirSync(folder))('%s', (name) => {
  const { events, codes, chunk } = load(name);
  const started = performance.now();
  const skips: string[] = [];
  const decoded = decodeChunk(chunk, new ShapeTable(), name, (code) => skips.push(code));
  expect({ events: decoded.length, codes: skips }).toEqual({ events, codes });
  const renderer = new JsonRenderer(chunk);
  const objects = decodeRecords(
    chunk,
    (record) => renderer.event(record.at, record.end),
    () => undefined,
  );
  expect(objects.length).toBe(events);
  expect(performance.now() - started).toBeLessThan(2000);
});
