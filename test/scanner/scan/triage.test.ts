/** Grading beside the other kinds of rules: `yms scan` from rules and logs to findings. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../base/json.js';
import { encodeEvtx } from '../../../bench/evtx-writer.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import type { Adjustment } from '../../../rules/triage/matrix.js';
import type { Finding } from '../../../scanner/findings/finding.js';
import { mergeRules } from '../../../scanner/merge/merge.js';
import type { MergedRule, Source } from '../../../scanner/merge/merged-rule.js';
import { noCustomRules } from '../../../scanner/merge/custom.js';
import { Detectors } from '../../../scanner/scan/detector.js';
import { scan, type ScanRequest } from '../../../scanner/scan/scan.js';
import { planTriage } from '../../../scanner/scan/triage.js';
import { ruleId, writeFiles } from '../../builder/rules.js';
import { defenderRecord } from '../../support/defender-record.js';
import { processRecord } from '../../support/evtx-records.js';
import { triagePack, triageRules } from '../../support/merged-triage.js';
import { contentMatrices, eventOf, smallMatrix } from '../../support/triage.js';

const content = triageRules(await contentMatrices());
const local = (file: string): Source => ({ origin: 'custom', pack: null, version: null, file });

const change = (more: Partial<Adjustment>): Adjustment => ({
  triage: 'antivirus',
  name: 'ours',
  title: 'Ours',
  adjusts: 'small',
  ...more,
});

let folder: string;
let findings: Finding[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-scan-triage-'));
  findings = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(rules: readonly MergedRule[], more: Partial<ScanRequest> = {}) {
  const request: ScanRequest = {
    rules,
    flags: [],
    paths: [folder],
    minLevel: null,
    kinds: null,
    hostRoot: null,
    now: new Date('2026-11-24T00:00:00Z'),
    since: null,
    logSources: null,
    threads: 1,
    signal: new AbortController().signal,
    ...more,
  };
  return scan(request, { finding: (found) => void findings.push(found), progress: () => undefined });
}

const log = (name: string): string => join(folder, name);

describe('every kind of log that a scan opens', () => {
  const json = (fields: object): string => `${JSON.stringify(fields)}\n`;
  const agent = 'Microsoft-CryptoAPI/10.0';
  const url = 'http://203.0.113.7/a.ps1';

  test.each([
    ['antivirus', 'defender.jsonl', json({ Channel: 'Microsoft-Windows-Windows Defender/Operational', EventID: 1117, 'Threat Name': 'HackTool:Win32/Mimikatz.D', Path: 'file:_C:\\Users\\Public\\m.exe', Computer: 'PC-1' }), undefined],
    ['antivirus', 'array.json', `[${json({ threat: { name: 'HackTool.Mimikatz' }, file: { path: 'C:\\Users\\Public\\m.exe' } })}]`, undefined],
    ['antivirus', 'console.csv', 'Time;Virus Name;File Path\n\n2026-07-22T10:00:00Z;HackTool.Mimikatz;C:\\m.exe\n', 3],
    ['antivirus', 'utf16.csv', Buffer.from('\ufeffTime,Virus Name,File Path\r\n2026-07-22T10:00:00Z,HackTool.Mimikatz,C:\\m.exe\r\n', 'utf16le'), 2],
    ['antivirus', 'gateway.log', '<13>Jul 22 10:00:00 gw CEF:0|V|P|1|100|found|9|virus=HackTool.Mimikatz fname=C:\\m.exe suser=CORP\\svc_x act=none\n', 1],
    ['proxy', 'access.log', `1785060000.250 345 10.1.2.3 TCP_MISS/200 12 GET ${url} jdoe HIER_DIRECT/203.0.113.7 text/plain\n`, 1],
    ['proxy', 'w3c.log', `#Software: p\n#Fields: date time cs-method cs-host cs-uri-path cs(User-Agent)\n2026-07-22 10:00:00 GET 203.0.113.7 /a.ps1 ${agent}\n`, 3],
    ['proxy', 'combined.log', `10.1.2.3 - jdoe [22/Jul/2026:10:00:00 +0000] "GET ${url} HTTP/1.1" 200 12 "-" "${agent}"\n`, 1],
    ['proxy', 'proxy.csv', `time,method,url,user_agent\n2026-07-22T10:00:00Z,GET,${url},${agent}\n`, 2],
    ['proxy', 'proxy.json', json({ http: { request: { method: 'GET' } }, url: { full: url }, user_agent: { original: agent } }), undefined],
  ])('%s: %s', async (sheet, name, text, line) => {
    await writeFile(log(name), text);
    const summary = await run(content);
    expect(findings).toMatchObject([
      { ruleId: `triage:yms-${sheet}`, level: 'high', file: log(name), triage: { sheet, grade: 'highly-relevant' } },
    ]);
    expect(findings[0]?.line).toBe(line);
    expect(summary).toMatchObject({ findings: 1, failures: [], graded: { 'highly-relevant': 1, 'less-relevant': 0 } });
  }); // prettier-ignore

  test('EVTX: the events of Defender among those of others', async () => {
    await writeFile(
      log('a.evtx'),
      encodeEvtx([
        processRecord(1),
        defenderRecord(2, 'HackTool:Win32/Mimikatz.D', 'C:\\Users\\Public\\m.exe'),
        processRecord(3),
      ]),
    );
    const summary = await run(content);
    expect(findings).toEqual([
      {
        ruleId: 'triage:yms-antivirus',
        title: 'Antivirus events',
        level: 'high',
        author: 'yms project',
        tags: [],
        source: { pack: 'triage/yms/stable', version: '2026.11.1', file: null },
        time: '2026-07-26T10:00:00.000Z',
        channel: 'Microsoft-Windows-Windows Defender/Operational',
        recordId: 2,
        computer: 'WS-0412.corp.example',
        file: log('a.evtx'),
        matched: expect.objectContaining({
          signature: 'HackTool:Win32/Mimikatz.D',
          path: 'C:\\Users\\Public\\m.exe',
          user: 'CORP\\jdoe',
        }) as unknown,
        triage: {
          sheet: 'antivirus',
          matrix: 'yms-antivirus',
          grade: 'highly-relevant',
          points: expect.any(Number) as unknown,
          reasons: expect.arrayContaining([
            {
              attribute: 'signature',
              title: 'Name of the signature',
              value: 'credential-theft',
              points: 80,
              reason: expect.stringContaining('passwords') as unknown,
              evidence: { signature: 'HackTool:Win32/Mimikatz.D' },
              from: 'triage/yms/stable 2026.11.1',
            },
          ]) as unknown,
        },
      },
    ]);
    const { points, reasons } = findings[0]?.triage ?? { points: -1, reasons: [] };
    expect(reasons.reduce((sum, reason) => sum + reason.points, 0)).toBe(points);
    expect(summary).toMatchObject({ events: 3, rules: 2, graded: { 'highly-relevant': 1, relevant: 0 } });
  });

  test('what is neither antivirus nor proxy is not graded at all', async () => {
    await writeFile(log('sysmon.evtx'), encodeEvtx([processRecord(1)]));
    await writeFiles(folder, {
      'auth.log': 'Jan  2 03:04:05 web1 sshd[7]: Failed password for root from 203.0.113.7 port 4444\n',
      'app.jsonl': json({ host: 'web1', user: 'root', port: 4444, message: 'none' }),
      'images.jsonl': json({ Signature: 'HackTool', SignatureStatus: 'Valid', ImageLoaded: 'C:\\x.dll' }),
      'iis.log':
        '#Fields: date time s-sitename cs-method cs-host cs-uri-stem\n2026-07-22 10:00:00 W3SVC1 GET a.top /x.ps1\n',
      'web.log': '10.1.2.3 - - [22/Jul/2026:10:00:00 +0000] "GET /shell.php?cmd=id HTTP/1.1" 200 12 "-" "curl/8.0"\n',
    });
    const nothing = { 'less-relevant': 0, relevant: 0, 'highly-relevant': 0 };
    expect(await run(content, { minLevel: 'informational' })).toMatchObject({
      findings: 0,
      events: 6,
      graded: nothing,
    });
  });
});

describe('levels and kinds', () => {
  const row = (signature: string, time = '2026-07-22T10:00:00Z'): string => `${time},${signature},C:\\x.exe\n`;
  const header = 'Time,Signature,Path\n';
  const rules = triageRules([smallMatrix()]);

  test('medium and above without a level: less relevant events are counted and no findings', async () => {
    await writeFile(log('a.csv'), header + row('Plain') + row('Bad') + row('Worse'));
    const graded = { 'less-relevant': 1, relevant: 1, 'highly-relevant': 1 };
    const summary = await run(rules);
    expect(findings.map(({ line, level }) => [line, level])).toEqual([[3, 'medium'], [4, 'high']]); // prettier-ignore
    expect(summary).toMatchObject({ byLevel: { medium: 1, high: 1 }, rules: 1, graded });
    expect(summary.byRule.map(({ level, findings: count }) => [level, count])).toEqual([['high', 1], ['medium', 1]]); // prettier-ignore
  });

  test.each([
    ['informational', ['low', 'medium', 'high']],
    ['low', ['low', 'medium', 'high']],
    ['high', ['high']],
  ] as const)('from %s on', async (minLevel, levels) => {
    await writeFile(log('a.csv'), header + row('Plain') + row('Bad') + row('Worse'));
    await run(rules, { minLevel });
    expect(findings.map(({ level }) => level)).toEqual(levels);
  });

  test('no grade is critical: then nothing is graded, and no matrix counts as a rule', async () => {
    await writeFile(log('a.csv'), header + row('Worse'));
    expect(await run(rules, { minLevel: 'critical' })).toMatchObject({ findings: 0, rules: 0, graded: null });
    expect(planTriage(rules, 'critical')).toBeNull();
  });

  test('only kinds that were asked for', async () => {
    await writeFile(log('a.csv'), header + row('Worse'));
    expect(await run(rules, { kinds: new Set(['sigma', 'ioc', 'pool']) })).toMatchObject({ findings: 0, graded: null });
    expect(await run(rules, { kinds: new Set(['triage']) })).toMatchObject({ findings: 1, rules: 1 });
  });

  test('older events are not graded, such without a time are', async () => {
    await writeFile(log('a.csv'), header + row('Worse', '2026-07-01T00:00:00Z') + row('Worse') + row('Worse', 'soon'));
    const summary = await run(rules, { since: new Date('2026-07-02T00:00:00Z') });
    expect(findings.map(({ line, time }) => [line, time])).toEqual([[3, '2026-07-22T10:00:00.000Z'], [4, null]]); // prettier-ignore
    expect(summary).toMatchObject({ events: 3, graded: { 'highly-relevant': 2 } });
  });

  test('an event that a Sigma rule matches and a matrix grades is two findings', async () => {
    const yaml = `title: bad\nid: ${ruleId('bad')}\nlevel: high\nlogsource: { category: antivirus }\ndetection:\n  selection: { Signature: Worse }\n  condition: selection\n`;
    const sigma = compileSigmaFile(yaml, 'bad.yml').rules.map(({ id, rule }): MergedRule => ({
      kind: 'sigma',
      id,
      line: canonicalJson(rule),
      rule,
      source: triagePack,
    }));
    await writeFile(log('a.csv'), header + row('Worse'));
    expect(await run([...rules, ...sigma])).toMatchObject({ findings: 2, rules: 2 });
    expect(findings.map(({ ruleId: id }) => id)).toEqual([ruleId('bad'), 'triage:small']);
    expect(findings.map(({ line }) => line)).toEqual([2, 2]);
  });

  test('broken rows are skipped with their lines, and the rows around them graded', async () => {
    await writeFile(log('a.csv'), `${header}wrong,columns\n${row('"open')}${row('Worse')}`);
    const summary = await run(rules);
    expect(findings.map(({ line }) => line)).toEqual([4]);
    expect(summary.skipped).toMatchObject([{ counts: { 'csv-columns': 1, 'csv-quote': 1 } }]);
    expect(summary.skipped[0]?.named.map(({ message }) => message.slice(0, 7))).toEqual(['line 2:', 'line 3:']);
  });
});

describe('matrices of several sources', () => {
  const worse = 'Signature,Path,User\nBad,C:\\temp\\x,admin\n';
  const other: Source = { ...triagePack, pack: 'triage/other/stable', version: '7' };
  const points = (value: number): Partial<Adjustment> => ({ points: { 'name/bad': value } });

  test('of two with one name the more serious one grades, and is named', async () => {
    await writeFile(log('a.csv'), worse);
    const sterner = triageRules([change(points(70))], other);
    await run([...triageRules([smallMatrix()]), ...triageRules([smallMatrix()], other), ...sterner]);
    expect(findings).toMatchObject([{ source: { pack: 'triage/other/stable', version: '7' }, triage: { points: 90 } }]);
    expect(findings[0]?.triage?.reasons.map(({ from }) => from)).toEqual([
      'triage/other/stable 7',
      'triage/other/stable 7',
    ]);
  });

  test('a local change acts on the matrices of all packs, and its reason names the file', async () => {
    await writeFile(log('a.csv'), worse);
    const ours = triageRules([change(points(-10))], local('triage/ours.yaml'));
    const both = [...triageRules([smallMatrix()]), ...triageRules([smallMatrix()], other)];
    expect(await run([...both, ...ours], { minLevel: 'low' })).toMatchObject({ rules: 2 });
    expect(findings[0]?.triage).toMatchObject({ grade: 'less-relevant', points: 10 });
    expect(findings[0]?.triage?.reasons.map(({ from }) => from)).toEqual(['triage/yms/stable 2026.11.1', 'triage/ours.yaml']); // prettier-ignore
  });

  test('a change without its matrix grades nothing, and merging says so', async () => {
    await writeFile(log('a.csv'), worse);
    const [ours] = triageRules([change(points(90))], local('triage/ours.yaml'));
    if (ours === undefined) return expect.fail('expected a rule');
    expect(await run([ours])).toMatchObject({ findings: 0, rules: 0, graded: null });
    const { faults } = mergeRules({
      packs: [],
      custom: { ...noCustomRules, items: [{ ...ours, file: 'triage/ours.yaml' }] },
      remembered: [],
    });
    expect(faults).toEqual([
      {
        code: 'triage-unknown',
        message: 'adjusts: expected a matrix of the antivirus sheet, got "small"',
        place: { file: 'triage/ours.yaml' },
        severity: 'warning',
      },
    ]);
  });
});

test('a plan that was sent to a thread grades the same, and what it finds can be sent back', () => {
  const triage = planTriage(content, 'low');
  expect(triage).not.toBeNull();
  const plan = { rules: [], triage, logSources: null, as: null, sinceMs: null };
  const events = [eventOf({ 'Virus Name': 'HackTool.Mimikatz', 'File Path': 'C:\\x' }), eventOf({ a: '1' })];
  const here = new Detectors(plan).match(events);
  const there = structuredClone(new Detectors(structuredClone(plan)).match(events));
  expect(there).toEqual(here);
  expect(here.hits).toHaveLength(1);
});
