import { expect, test } from 'vitest';
import { readCsv } from '../../events/csv.js';
import { ReadReport } from '../../events/report.js';
import { ShapeTable } from '../../events/shapes.js';
import { streamSource } from '../../events/source.js';
import { Triage } from '../../rules/triage/triage.js';
import { contentMatrices, effective } from '../support/triage.js';

const rows = 1_000_000;

/** Every thousandth row has too few columns, and the one after it a quote that nobody closes. */
function rowOf(i: number): string {
  if (i % 1000 === 7) return 'wrong,columns\n';
  if (i % 1000 === 8) return '2026-07-22T10:00:00Z,"open,C:\\x\n';
  const signature = i % 1000 === 9 ? '"HackTool.Mimikatz"' : 'Trojan.Gen.2';
  return `2026-07-22T10:00:00Z,${signature},C:\\Users\\u${i}\\Downloads\\x${i}.exe\n`;
}

test('a million rows are graded in little memory; what is broken is counted and named by its line', { timeout: 300_000 }, async () => {
  const triage = new Triage((await contentMatrices()).map(effective));
  const report = new ReadReport();
  const stream = (async function* () {
    yield Buffer.from('Time,Virus Name,File Path\n');
    for (let i = 0; i < rows; i += 1000)
      yield await Promise.resolve(Buffer.from(Array.from({ length: 1000 }, (_, at) => rowOf(i + at)).join('')));
  })();
  const counts = { 'less-relevant': 0, relevant: 0, 'highly-relevant': 0 };
  const highlyRelevantLines = new Set<number>();
  const before = process.memoryUsage().rss;
  let peak = before;
  for await (const batch of readCsv(streamSource(stream), { shapes: new ShapeTable(), report, name: 'million.csv' })) {
    for (const event of batch) {
      if (event.get('message') !== undefined) continue; // a row whose quotes do not fit
      const { grade } = triage.grade(event) ?? expect.fail(`line ${event.lineNumber}: expected a grade`);
      counts[grade]++;
      if (grade === 'highly-relevant') highlyRelevantLines.add((event.lineNumber ?? 0) % 1000);
    }
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  // A row with too few columns is graded by those it has, besides being counted.
  expect(counts).toEqual({ 'less-relevant': rows - 2000, relevant: 0, 'highly-relevant': 1000 });
  expect(highlyRelevantLines).toEqual(new Set([11])); // the header is line 1
  expect(report.events).toBe(rows);
  expect([...report.counts].sort()).toEqual([
    ['csv-columns', 1000],
    ['csv-quote', 1000],
  ]);
  expect(new Set(report.named.map(({ code, line }) => `${code} ${(line ?? 0) % 1000}`))).toEqual(
    new Set(['csv-columns 9', 'csv-quote 10']),
  );
  expect((peak - before) / 2 ** 20).toBeLessThan(200);
}); // prettier-ignore
