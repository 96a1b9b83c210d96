import { readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../base/json.js';
import { readEvtxJson } from '../../events/evtx/json.js';
import type { FieldValue } from '../../events/event.js';
import { openEvents } from '../../events/read.js';
import { ReadReport } from '../../events/report.js';
import { fileSource } from '../../events/source.js';

const sampleFolder = join(process.env['SIGMAHQ_DIR'] ?? '', 'regression_data');
const samples = readdirSync(sampleFolder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.evtx'))
  .map((name) => name.slice(0, -'.evtx'.length));

/** The objects of a file that holds them one after the other, each printed over many lines. */
function objectsOf(text: string): Json[] {
  return JSON.parse(`[${text.replace(/\n\}\s*\{/g, '\n},{')}]`) as Json[];
}

/** The JSON beside a sample has lost trailing blanks of its texts, and null where EVTX has an empty text. */
function comparable(value: Json): Json {
  if (typeof value === 'string') return value.trimEnd() === '' ? null : value.trimEnd();
  if (Array.isArray(value)) return value.map((entry: Json) => comparable(entry));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]));
  return value;
}

async function eventsOf(path: string): Promise<Record<string, FieldValue>[]> {
  const reading = await openEvents(path);
  const events: Record<string, FieldValue>[] = [];
  for await (const batch of reading?.batches() ?? []) events.push(...batch.map((event) => event.fields()));
  expect(reading?.report.skipped).toBe(0);
  return events;
}

describe('SigmaHQ samples', () => {
  test('are there', () => expect(samples.length).toBeGreaterThanOrEqual(50));

  test.each(samples)('%s: the decoded objects are those of the JSON beside it', async (name) => {
    const handle = await open(join(sampleFolder, `${name}.evtx`));
    const report = new ReadReport();
    const objects: Json[] = [];
    try {
      const source = fileSource(handle, { start: 0, end: (await handle.stat()).size }, () => expect.unreachable());
      for await (const batch of readEvtxJson(source, report)) objects.push(...batch);
    } finally {
      await handle.close();
    }
    const expected = objectsOf(await readFile(join(sampleFolder, `${name}.json`), 'utf8'));
    expect(objects.map(comparable)).toEqual(expected.map(comparable));
    expect(report.skipped).toBe(0);
  });

  test.each(samples)('%s: EVTX and JSON give the same flat events', async (name) => {
    const ofEvtx = await eventsOf(join(sampleFolder, `${name}.evtx`));
    const ofJson = await eventsOf(join(sampleFolder, `${name}.json`));
    expect(ofEvtx.map(looseFields)).toEqual(ofJson.map(looseFields));
  });
});

/** Without the braces of GUIDs, the last digit of times, trailing blanks and empty values. */
function looseFields(fields: Record<string, FieldValue>): Record<string, string> {
  const loose = Object.entries(fields).map(([name, value]) => {
    const text = [value].flat().join().trimEnd();
    return [name, text.replace(/^\{([\dA-F-]{36})\}$/, '$1').replace(/(\.\d{6})\dZ$/, '$1Z')] as const;
  });
  return Object.fromEntries(loose.filter(([, text]) => text !== ''));
}
