/**
 * How fast events are graded, and how fast a CSV export is read and graded. The events are those of
 * test/vectors/triage, each made different, so that no look-up answers them all.
 *
 *     npx tsx bench/triage.ts
 */
import { readFileSync } from 'node:fs';
import { EventShape, FlatEvent, type FieldValue } from '../events/event.js';
import { ReadReport } from '../events/report.js';
import { ShapeTable } from '../events/shapes.js';
import { streamSource } from '../events/source.js';
import { readCsv } from '../events/csv.js';
import { loadRuleFolder } from '../rules/folder.js';
import { decodeTriage } from '../rules/triage/matrix.js';
import { mergeTriage } from '../rules/triage/merge.js';
import { Triage } from '../rules/triage/triage.js';
import { compare, formatTiming, report } from './measure.js';

const count = 200_000;
const aimPerSecond = 100_000;

const { files } = await loadRuleFolder(new URL('../content/triage/', import.meta.url).pathname);
const sources = files.flatMap(({ file, items }) =>
  items.map(({ value }) => ({ document: decodeTriage(value), pack: null, label: file })),
);
const triage = new Triage(mergeTriage(sources).matrices);

type Fields = Readonly<Record<string, FieldValue>>;

function samples(sheet: string): Fields[] {
  const path = new URL(`../test/vectors/triage/${sheet}.jsonl`, import.meta.url);
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: Fields }).event);
}

/** Paths and addresses differ from event to event; names of signatures, agents and users come again. */
function vary(value: FieldValue, name: string, i: number): FieldValue {
  return typeof value === 'string' && /path|uri|file|host/i.test(name)
    ? `${value.slice(0, 3)}${i % 9973}${value.slice(3)}`
    : value;
}

function events(sheet: string): FlatEvent[] {
  const all = samples(sheet);
  const shapes = all.map((fields) => new EventShape(Object.keys(fields)));
  return Array.from({ length: count }, (_, i) => {
    const at = i % all.length;
    const values = Object.entries(all[at] ?? {}).map(([name, value]) => vary(value, name, i));
    return new FlatEvent(shapes[at] ?? new EventShape([]), values, 1_785_000_000_000 + i * 1000, 'bench');
  });
}

function csv(): Buffer {
  const columns = ['Time', 'Virus Name', 'File Path', 'Computer Name', 'User', 'Action Taken'];
  const rows = samples('antivirus').filter((fields) => 'Virus Name' in fields);
  const lines = Array.from({ length: count }, (_, i) => {
    const fields = rows[i % rows.length] ?? {};
    const cells = columns.map((name) =>
      name === 'Time' ? '2026-07-26T10:00:00Z' : String(vary(fields[name] ?? '', name, i)),
    );
    return cells.map((cell) => `"${cell}"`).join(',');
  });
  return Buffer.from(`${columns.join(',')}\n${lines.join('\n')}\n`);
}

function gradeAll(list: readonly FlatEvent[]): number {
  let graded = 0;
  for (const event of list) if (triage.grade(event) !== null) graded++;
  if (graded !== list.length) throw new Error(`events: expected ${list.length} graded, got ${graded}`);
  return graded;
}

const antivirus = events('antivirus');
const proxy = events('proxy');
const text = csv();

async function readAndGrade(): Promise<void> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    for (let at = 0; at < text.length; at += 1_048_576) yield text.subarray(at, at + 1_048_576);
  }
  const skips = new ReadReport();
  let graded = 0;
  for await (const batch of readCsv(streamSource(pieces()), { shapes: new ShapeTable(), report: skips, name: 'bench' }))
    graded += gradeAll(batch);
  if (graded !== count) throw new Error(`csv: expected ${count} rows, got ${graded}`);
}

const cpuMs = new Map<string, number[]>();

/** Notes the processor's time beside the clock's, which other processes on the machine stretch: the aim is for it. */
function onCpu(name: string, work: () => unknown): () => Promise<void> {
  return async () => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    cpuMs.set(name, [...(cpuMs.get(name) ?? []), (user + system) / 1000]);
  };
}

const timings = await compare({
  antivirus: onCpu('antivirus', () => gradeAll(antivirus)),
  proxy: onCpu('proxy', () => gradeAll(proxy)),
  csv: onCpu('csv', readAndGrade),
});

report('events', String(count));
for (const [name, timing] of Object.entries(timings)) {
  const perSecond = (ms: number): number => Math.round((count / ms) * 1000);
  const sorted = (cpuMs.get(name) ?? []).toSorted((a, b) => a - b);
  const [wall, cpu] = [perSecond(timing.medianMs), perSecond(sorted[sorted.length >> 1] ?? NaN)];
  const aim = `aim: ${aimPerSecond.toLocaleString('en')}${cpu < aimPerSecond ? '  MISSED' : ''}`;
  report(
    `${name}: ${formatTiming(timing)}`,
    `${cpu.toLocaleString('en')} events a second of processor time (${aim}); ${wall.toLocaleString('en')} a second of the clock`,
  );
}
