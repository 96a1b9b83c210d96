import { describe, expect, test } from 'vitest';
import type { FlatEvent } from '../../events/event.js';
import { readJsonLines } from '../../events/json-lines.js';
import { ReadReport } from '../../events/report.js';
import { ShapeTable } from '../../events/shapes.js';
import { streamSource } from '../../events/source.js';

async function read(text: string | Buffer, maxBytes?: number) {
  const report = new ReadReport();
  const events: FlatEvent[] = [];
  const source = streamSource(
    (async function* () {
      yield await Promise.resolve(Buffer.from(text as string));
    })(),
  );
  const options = { shapes: new ShapeTable(), report, name: 's', ...(maxBytes === undefined ? {} : { maxBytes }) };
  for await (const batch of readJsonLines(source, options)) events.push(...batch);
  return { events, report };
}

describe('JSON lines', () => {
  test('give one event a line, with one shape for the same names', async () => {
    const { events, report } = await read('{"EventID":1,"a":"x"}\n{"EventID":2,"a":"y"}\n{"EventID":3}\n');
    expect(events.map((event) => event.fields())).toEqual([
      { EventID: 1, a: 'x' },
      { EventID: 2, a: 'y' },
      { EventID: 3 },
    ]);
    expect(events[1]?.shape).toBe(events[0]?.shape);
    expect(report).toMatchObject({ events: 3, bytes: 58, skipped: 0 });
  });

  test('name what is no JSON and keep it as text', async () => {
    const { events, report } = await read('{"a":1}\n{"a":}\n{a:1}\nnoise\n{"a":01}\n{"a":2}');
    expect(events.map((event) => event.get('a') ?? event.get('message'))).toEqual([
      1,
      '{"a":}',
      '{a:1}',
      'noise',
      '{"a":01}',
      2,
    ]);
    expect(report.named.map(({ code, offset }) => [code, offset])).toEqual([
      ['json-syntax', 8],
      ['json-syntax', 15],
      ['json-not-object', 21],
      ['json-syntax', 27],
    ]);
  });

  test('keep an object with too many values as text', async () => {
    const { events, report } = await read(`{"a":[${'1,'.repeat(8192)}1]}\n{"a":2}`);
    expect(events.map((event) => event.get('a'))).toEqual([undefined, 2]);
    expect([...report.counts]).toEqual([['json-too-many-fields', 1]]);
  });

  test('lose a line that is too long', async () => {
    const { events, report } = await read(`{"a":"${'x'.repeat(5_000_000)}"}\n{"a":2}`, 1_000_000);
    expect(events.map((event) => event.get('a'))).toEqual([2]);
    expect([...report.counts]).toEqual([['json-too-long', 1]]);
  });

  test('may be longer than what is read at once', async () => {
    const { events } = await read(`{"a":"${'x'.repeat(5_000_000)}"}\n{"a":2}`);
    expect(events.map((event) => event.get('a'))).toEqual(['x'.repeat(5_000_000), 2]);
  });

  test('of CloudTrail give one event a record', async () => {
    const { events, report } = await read('{"Records":[{"eventName":"A"},{"eventName":"B"}]}');
    expect(events.map((event) => event.get('eventName'))).toEqual(['A', 'B']);
    expect(report.events).toBe(2);
  });
});
