/** `yms scan --triage` as a person runs it: from a folder of rules, and from a licensed pack. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { encodeEvtx } from '../../bench/evtx-writer.js';
import { encodeItem } from '../../packs/item.js';
import { triageId } from '../../rules/triage/matrix.js';
import type { Finding } from '../../scanner/findings/finding.js';
import type { ScanSummary } from '../../scanner/scan/summary.js';
import { writeFiles } from '../builder/rules.js';
import { spawnYms } from '../builder/run-yms.js';
import { defenderRecord } from '../support/defender-record.js';
import { rule, TestDistribution, type TestLicense } from '../support/distribution.js';
import { TestRepository } from '../support/repository.js';
import { contentMatrices, triageYaml } from '../support/triage.js';

const csv = [
  'Time,Virus Name,File Path,Computer Name,User,Action Taken',
  '2026-07-22T10:00:00Z,Trojan.Gen.2,C:\\Users\\b\\Downloads\\x.exe,PC-77,b,Quarantined',
  '2026-07-22T10:00:00Z,HackTool.Mimikatz\u001b[31m,C:\\Users\\Public\\m.exe,SRV-SQL01,CORP\\svc_sql,Left alone',
  '',
].join('\n');

const ours = `triage: antivirus
name: ours
title: Ours
adjusts: yms-antivirus
points:
  signature/trojan: 90
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-scan-triage-'));
  await writeFiles(folder, {
    'logs/av.csv': csv,
    'logs/notes.txt': 'no log\n',
    'custom/triage/ours.yaml': ours,
    'custom/triage/broken.yaml': `${ours}  signature/miner: many\n`,
    'custom/triage/unknown.yaml': ours.replace('name: ours', 'name: theirs').replace('trojan', 'trojans'),
  });
  await writeFile(
    join(folder, 'logs/av.evtx'),
    encodeEvtx([defenderRecord(7, 'HackTool:Win32/Mimikatz.D', 'C:\\Users\\Public\\m.exe')]),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const faultLines = [
  'triage/broken.yaml:7:20: error:',
  'triage/unknown.yaml: warning: points: expected a value of yms-antivirus, got "signature/trojans" (triage-unknown)',
];

function parse(stdout: string): { found: readonly Finding[]; summary: ScanSummary } {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  return { summary: lines.pop() as ScanSummary, found: lines as Finding[] };
}

describe('yms scan --triage', () => {
  const scan = (...args: string[]) => spawnYms(folder, ['scan', ...args]);
  beforeAll(async () => {
    for (const matrix of await contentMatrices())
      await writeFiles(folder, { [`rules/${matrix.name}.yaml`]: triageYaml(matrix) });
    await writeFiles(folder, { 'rules/triage/ours.yaml': ours, 'rules/triage/broken.yaml': `${ours}  x: [` });
  });

  test('grades beside other rules, with all reasons, for people', async () => {
    const { code, stdout, stderr } = await scan('--rules', 'rules', 'logs');
    expect(code).toBe(3);
    expect(stdout).toContain('HIGH Antivirus events: highly relevant, 95 points\n');
    expect(stdout).toContain('\n  logs/av.csv:2\n');
    expect(stdout).toContain(
      '\n    +90 signature/trojan: a name for what comes to everybody by mail and download (triage/ours.yaml)\n',
    );
    expect(stdout).toContain('\n     +5 file-type/program: a program can run by itself\n');
    expect(stdout).toContain('\n  rule triage:yms-antivirus by yms project (yms-antivirus.yaml)\n');
    expect(stdout).toMatch(/#7\n {2}logs\/av\.evtx\n/);
    expect(stdout).toContain('signature: HackTool.Mimikatz\\u001b[31m\n');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('3 findings in 4 events of 3 logs, by 2 rules');
    expect(stdout).toContain('\n  graded: 3 highly relevant\n');
    expect(stderr).toMatch(/triage\/broken\.yaml:7:\d+: error:/);
  });

  test('says that it was asked for what no rule does', async () => {
    const { code, stdout, stderr } = await scan('--sigma', '--rules', 'rules', 'logs');
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('rules: expected some of the kind sigma, got none');
    const without = await scan('--triage', '--rules', 'rules');
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('path: expected logs or folders to look at, got none (usage)');
  });
});

describe('an endpoint whose license', () => {
  const distribution = new TestDistribution(new TestRepository(new FixedClock(new Date()), ['triage', 'ioc']));
  beforeAll(async () => {
    await distribution.start();
    const items = (await contentMatrices()).map((matrix) =>
      encodeItem('triage', triageId(matrix), matrix as unknown as Parameters<typeof encodeItem>[2]),
    );
    await distribution.release('triage/yms/stable', 1, items);
    await distribution.release('ioc/core/stable', 1, [rule('svchost-not-there')]);
    await writeFile(join(folder, 'root.json'), distribution.repository.metadata('1.root.json'));
  });
  afterAll(() => distribution.stop());

  async function endpoint(name: string, license: TestLicense) {
    const yms = (...args: string[]) => spawnYms(folder, args, { YMS_HOME: join(folder, name) });
    const trust = ['--key', license.key, '--root', 'root.json', '--name', name];
    expect(await yms('activate', '--server', distribution.url, ...trust)).toMatchObject({ code: 0 });
    expect(await yms('update')).toMatchObject({ code: 0 });
    return yms;
  }

  test('has the feature grades without being asked, with its own changes', { timeout: 60_000 }, async () => {
    const yms = await endpoint('covered', distribution.sell(['triage', 'ioc'], 1));
    const { code, stdout, stderr } = await yms('scan', '--json', '--custom', 'custom', 'logs');
    expect(code).toBe(3);
    for (const line of faultLines) expect(stderr).toContain(line);
    const { found, summary } = parse(stdout);
    const about = {
      ruleId: 'triage:yms-antivirus',
      source: { pack: 'triage/yms/stable', version: '2026.1', file: null },
    };
    expect(found).toMatchObject([
      { ...about, file: 'logs/av.csv', line: 2, level: 'high', triage: { points: 95 } },
      { ...about, file: 'logs/av.csv', line: 3, level: 'high', computer: 'SRV-SQL01' },
      { ...about, file: 'logs/av.evtx', recordId: 7, level: 'high' },
    ]);
    expect(found[0]?.triage?.reasons[0]).toMatchObject({ points: 90, from: 'triage/ours.yaml' });
    expect(found[1]?.triage?.reasons[0]).toMatchObject({ points: 80, from: 'triage/yms/stable 2026.1' });
    expect(summary).toMatchObject({ findings: 3, graded: { 'highly-relevant': 3 }, failures: [] });
    expect(summary.elements).not.toBeNull();

    const asked = await yms('scan', '--json', '--triage', 'logs/av.csv');
    expect(parse(asked.stdout).found).toMatchObject([{ line: 3 }]);
    expect(parse(asked.stdout).summary).toMatchObject({ elements: null, graded: { 'less-relevant': 1 } });
    const merge = await yms('merge', '--custom', 'custom');
    for (const line of faultLines) expect(merge.stderr).toContain(line);
  });

  test('does not have it grades nothing, whatever is asked', { timeout: 60_000 }, async () => {
    const yms = await endpoint('bare', distribution.sell(['ioc'], 1));
    const { code, stdout } = await yms('scan', '--json', 'logs');
    expect(code).toBe(0);
    expect(parse(stdout).summary).toMatchObject({ findings: 0, graded: null, rules: 1 });
    const asked = await yms('scan', '--triage', 'logs');
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain('rules: expected some of the kind triage, got none');
    expect(asked.stdout).toBe('');
  });
});
