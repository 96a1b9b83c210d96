import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvField, csvRow } from '../../cli/triage/csv.js';
import { escapeHtml } from '../../cli/triage/html.js';
import { RankedRows } from '../../cli/triage/ranked-rows.js';
import type { TriageRow } from '../../cli/triage/row.js';
import { encodeEvtx } from '../../bench/evtx-writer.js';
import { spawnYms } from '../builder/run-yms.js';
import { defenderRecord } from '../support/defender-record.js';

const hostile = '</td><script>alert(1)</script>\u202e"\'&';
const csv = [
  'Time,Virus Name,File Path,Computer Name,User,Action Taken',
  '2026-07-22T10:00:00Z,Trojan.Gen.2,C:\\Users\\b\\Downloads\\x.exe,PC-77,b,Quarantined',
  '2026-07-22T10:00:00Z,HackTool.Mimikatz,C:\\Users\\Public\\m.exe,SRV-SQL01,CORP\\svc_sql,Left alone',
  'wrong,columns',
  '2026-07-22T10:00:00Z,"open,C:\\x.exe,PC-1,u,Deleted',
  `2026-07-22T10:00:00Z,"Backdoor.${hostile.replaceAll('"', '""')}",C:\\ProgramData\\x.exe,PC-1,"=cmd|' /C calc'!A0",Deleted`,
].join('\n');
const change = `triage: antivirus
name: ours
title: Ours
adjusts: yms-antivirus
points:
  signature/trojan: 90
`;

interface Report {
  readonly counts: Record<string, number>;
  readonly other: number;
  readonly skipped: number;
  readonly events: readonly (TriageRow & { readonly grade: string })[];
}

describe('yms triage', () => {
  let folder: string;
  const triage = (...args: string[]) => spawnYms(folder, ['triage', '--home', join(folder, 'home'), ...args]);
  const reportOf = (stdout: string) => JSON.parse(stdout) as Report;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-triage-'));
    await mkdir(join(folder, 'custom/triage'), { recursive: true });
    await writeFile(join(folder, 'custom/triage/ours.yaml'), change);
    await writeFile(join(folder, 'av.csv'), csv);
    await writeFile(join(folder, 'other.csv'), 'a,b,c\n1,2,3\n4,5,6\n');
    await writeFile(join(folder, 'prose.txt'), 'Dear reader,\nthis is no log.\n');
    await writeFile(
      join(folder, 'av.evtx'),
      encodeEvtx([defenderRecord(1, 'HackTool:Win32/Mimikatz.D', 'C:\\Users\\Public\\m.exe')]),
    );
    await writeFile(
      join(folder, 'access.log'),
      '1785060000.250 345 10.1.2.3 TCP_MISS/200 12 GET http://203.0.113.7/a.ps1 jdoe HIER_DIRECT/203.0.113.7 text/plain\n',
    );
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('the most relevant comes first, with its reasons; faults are named by line; exit 3', async () => {
    const { code, stdout, stderr } = await triage('av.csv', '--json');
    expect(code).toBe(3);
    const { counts, events, skipped } = reportOf(stdout);
    expect(counts).toEqual({ 'highly-relevant': 2, relevant: 0, 'less-relevant': 2 });
    expect(events.map(({ line }) => line)).toEqual([3, 6, 2, 4]);
    expect(events.map(({ points }) => points)).toEqual(events.map(({ points }) => points).toSorted((a, b) => b - a));
    expect(events[0]?.reasons[0]).toMatchObject({ attribute: 'signature', value: 'credential-theft', points: 80 });
    expect(events[0]).toMatchObject({ file: 'av.csv', time: '2026-07-22T10:00:00Z' });
    expect(skipped).toBe(2);
    expect(stderr).toContain('av.csv: line 4: expected 6 columns as in the header, got 2 (csv-columns)');
    expect(stderr).toContain('av.csv: line 5: expected RFC 4180 quoting, got a quoted field without end (csv-quote)');
  });

  test('faults of a log without lines are named by byte, and the events around them graded', async () => {
    const good = JSON.stringify({ threat: { name: 'HackTool.Mimikatz' } });
    await writeFile(join(folder, 'av.jsonl'), `${good}\n{"threat": nothing}\n${good}\n`);
    const { stdout, stderr, code } = await triage('av.jsonl', '--json');
    expect(code).toBe(3);
    expect(reportOf(stdout)).toMatchObject({ counts: { 'highly-relevant': 2 }, skipped: 1 });
    expect(stderr).toContain(`av.jsonl: byte ${good.length + 1}: json object: expected JSON`);
  });

  test('a table for people: no control of the terminal, and a limit', async () => {
    const { stdout } = await triage('av.csv', '--limit', '2');
    expect(stdout).toMatch(/^GRADE +POINTS/);
    expect(stdout).toContain('\\u202e');
    expect(stdout).not.toContain('\u202e');
    expect(stdout).toContain('… and 2 more');
  });

  test('only what matters, when asked', async () => {
    const { stdout, code } = await triage('av.csv', '--minimum', 'highly-relevant', '--format', 'csv');
    expect(code).toBe(3);
    expect(stdout.trim().split('\r\n')).toHaveLength(3);
    expect(stdout).toContain(`"'=cmd|' /C calc'!A0`.slice(1));
  });

  test('a page without script that shows hostile text as text', async () => {
    const { code } = await triage('av.csv', '--format', 'html', '--out', 'page.html');
    expect(code).toBe(3);
    const page = await readFile(join(folder, 'page.html'), 'utf8');
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|javascript:|src=|href=|@import|url\(/i);
    expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
    expect(page).not.toContain('\u202e');
    expect(page).toMatch(/<\/html>\n$/);
    expect((await readdir(folder)).filter((name) => name.includes('.part'))).toEqual([]);
  });

  test('several logs of several kinds in one order', async () => {
    const { stdout } = await triage('access.log', 'av.evtx', 'av.csv', '--json');
    const { events } = reportOf(stdout);
    expect(new Set(events.map(({ file }) => file))).toEqual(new Set(['access.log', 'av.evtx', 'av.csv']));
    expect(events.find(({ file }) => file === 'av.evtx')).toMatchObject({
      record: 1,
      sheet: 'antivirus',
      grade: 'highly-relevant',
    });
    expect(events.find(({ file }) => file === 'access.log')).toMatchObject({
      line: 1,
      sheet: 'proxy',
      grade: 'highly-relevant',
    });
  });

  test('a site changes points, and the reason says so', async () => {
    const { stdout } = await triage('av.csv', '--custom', 'custom', '--json');
    const trojan = reportOf(stdout).events.find(({ line }) => line === 2);
    expect(trojan).toMatchObject({ grade: 'highly-relevant', points: 95 });
    expect(trojan?.reasons[0]).toMatchObject({ value: 'trojan', points: 90, from: 'triage/ours.yaml' });
  });

  test('columns that nobody knows: says which there are, and takes names for them', async () => {
    const { code, stderr } = await triage('other.csv');
    expect(code).toBe(1);
    expect(stderr).toContain('the events have the fields a, b, c');
    expect(stderr).toContain('triage-nothing-graded');
    const named = await triage('other.csv', '--field', 'Signature=a', '--json');
    expect(named.code).toBe(0);
    expect(reportOf(named.stdout).counts).toEqual({ 'highly-relevant': 0, relevant: 0, 'less-relevant': 2 });
    expect((await triage('other.csv', '--field', 'nonsense')).stderr).toContain('field-map');
  });

  test('what is no log, is not there, or has no matrix', async () => {
    expect((await triage('prose.txt')).stderr).toContain('triage-format');
    expect((await triage('none.csv')).stderr).toContain('file-missing');
    expect((await triage('av.csv', '--matrix', 'custom/triage')).stderr).toContain('triage-no-matrix');
    expect((await triage('av.csv', '--format', 'pdf')).code).toBe(2);
    expect((await triage()).code).toBe(2);
  });
});

describe('rows', () => {
  const row = (points: number, file: string): TriageRow => ({
    grade: 'relevant',
    points,
    sheet: 'proxy',
    time: null,
    file,
    line: null,
    record: null,
    facts: {},
    reasons: [],
  });

  test.each([1, 200, 1_000_000])(
    'are sorted by points, and else stay in order, with %i units in memory',
    async (units) => {
      const rows = new RankedRows(Infinity, units);
      const given = Array.from({ length: 500 }, (_, i) => row((i * 37) % 11, String(i)));
      for (const each of given) await rows.add(each.points, () => each);
      const sorted: TriageRow[] = [];
      for await (const each of rows.rows()) sorted.push(each);
      expect(rows.size).toBe(500);
      expect(sorted).toEqual(given.toSorted((a, b) => b.points - a.points));
      await rows.close();
    },
  );

  test.each([1, 2, 7, 50, 499, 500, 501])(
    'the first %i of them, without making those that cannot be',
    async (count) => {
      const rows = new RankedRows(count, 2000);
      const given = Array.from({ length: 500 }, (_, i) => row((i * i * 37) % 101, String(i)));
      let made = 0;
      for (const each of given)
        await rows.add(each.points, () => {
          made++;
          return each;
        });
      const sorted: TriageRow[] = [];
      for await (const each of rows.rows()) sorted.push(each);
      expect(rows.size).toBe(500);
      expect(sorted.slice(0, count)).toEqual(given.toSorted((a, b) => b.points - a.points).slice(0, count));
      expect(made).toBeLessThanOrEqual(count < 50 ? 250 : 500);
      await rows.close();
    },
  );

  test('leave no files behind', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('yms-triage-')).length;
    const rows = new RankedRows(Infinity, 1);
    await rows.add(1, () => row(1, 'x'));
    await rows.close();
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('yms-triage-')).length).toBeLessThanOrEqual(
      before,
    );
  });
});

test('spreadsheets are given no formulas', () => {
  expect(['=1+1', '+1', '@x', '-cmd', '\tx', '-5', 'plain', 'a,b', 'a"b'].map(csvField)).toEqual([
    "'=1+1",
    "'+1",
    "'@x",
    "'-cmd",
    "'\tx",
    '-5',
    'plain',
    '"a,b"',
    '"a""b"',
  ]);
  expect(
    csvRow({
      grade: 'relevant',
      points: 1,
      sheet: 'proxy',
      time: null,
      file: 'f',
      line: 1,
      record: null,
      facts: { host: '=x' },
      reasons: [],
    }),
  ).toContain(",'=x,");
});

test('text from outside stays text in a page', () => {
  expect(escapeHtml(`<a href="x" onclick='y'>&\u0000\u202e`)).toBe(
    '&#60;a href=&#34;x&#34; onclick=&#39;y&#39;&#62;&#38;\\u0000\\u202e',
  );
});
