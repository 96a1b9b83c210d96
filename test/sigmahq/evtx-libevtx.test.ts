import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeEvtx } from '../../bench/evtx-writer.js';
import type { FlatEvent } from '../../events/event.js';
import { openEvents } from '../../events/read.js';
import { sampleRecords } from '../support/evtx-records.js';

const isInstalled = spawnSync('evtxexport', ['-V']).status === 0;
const sampleFolder = join(process.env['SIGMAHQ_DIR'] ?? '', 'regression_data');
const samples = readdirSync(sampleFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.evtx'),
);
const folder = mkdtempSync(join(tmpdir(), 'yms-libevtx-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Debian's `libevtx-utils`, an independent decoder; without it there is nothing to compare with. */
describe.runIf(isInstalled)('evtxexport of libevtx', () => {
  test.each(samples)('%s: has the same fields', async (name) => {
    await compare(join(sampleFolder, name));
  });

  test('reads what the writer writes, with the same fields', async () => {
    const path = join(folder, 'written.evtx');
    writeFileSync(path, encodeEvtx(sampleRecords(500)));
    expect(await compare(path)).toBe(500);
  });
});

async function compare(path: string): Promise<number> {
  const ours: FlatEvent[] = [];
  for await (const batch of (await openEvents(path))?.batches() ?? []) ours.push(...batch);
  const xml = execFileSync('evtxexport', ['-f', 'xml', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const theirs = xml.match(/<Event [\s\S]*?<\/Event>/g) ?? [];
  expect(ours.map(normalised)).toEqual(theirs.map(fieldsOfXml));
  return ours.length;
}

type Fields = Record<string, string[]>;

function add(fields: Fields, name: string, value: string): void {
  const text = value
    .replace(/^0x0*(?=[\da-f])/i, '0x')
    .replace(/(\.\d{7})00Z$/, '$1Z')
    .trimEnd();
  if (text !== '') (fields[name] ??= []).push(text);
}

function normalised(event: FlatEvent): Fields {
  const fields: Fields = {};
  for (const [name, value] of Object.entries(event.fields()))
    for (const entry of [value].flat()) add(fields, name, String(entry ?? ''));
  return fields;
}

/** Enough of XML for what evtxexport prints: elements on lines of their own, no comments, no CDATA. */
function fieldsOfXml(xml: string): Fields {
  const fields: Fields = {};
  const isData = (at: number) => at > xml.indexOf('</System>');
  const tag = /<([\w:-]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/>|>([^<]*)<\/\1>|>)/g;
  for (let match = tag.exec(xml); match !== null; match = tag.exec(xml)) {
    const [, element = '', attributeText = '', , text] = match;
    const attributes = [...attributeText.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, unescape(value)] as const,
    );
    const given = isData(match.index) ? attributes.find(([name]) => name === 'Name')?.[1] : undefined;
    for (const [name, value] of attributes)
      if (!name.startsWith('xmlns') && value !== given) add(fields, `${element}_${name}`, value);
    if (text !== undefined) add(fields, given ?? element, unescape(text));
  }
  return fields;
}

function unescape(text: string): string {
  const characters: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return decimal === undefined ? (characters[name ?? ''] ?? whole) : String.fromCodePoint(Number(decimal));
  });
}
