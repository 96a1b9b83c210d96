/** The compiled program, because threads start from files of JavaScript. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { benchEvents, evtxRecordOf, jsonLineOf } from '../../bench/events.js';
import { encodeEvtx } from '../../bench/evtx-writer.js';
import { ruleId, writeFiles } from '../builder/rules.js';
import { defenderRecord } from '../support/defender-record.js';
import { smallMatrix, triageYaml } from '../support/triage.js';
import { ymsProgram } from '../support/program.js';

const rule = (name: string, category: string, selection: string) => `title: ${name}
id: ${ruleId(name)}
level: high
logsource: { product: windows, category: ${category} }
detection:
  selection: ${selection}
  condition: selection
`;

function start(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [ymsProgram, 'scan', '--rules', 'rules', '--json', ...args], { cwd: folder });
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { child, output, ended };
}

const matrix = smallMatrix({
  events: { needs: ['signature'], channels: ['Microsoft-Windows-Windows Defender/Operational'] },
  facts: { signature: ['Signature', 'Threat Name'] },
});

describe('yms scan with several threads', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-threads-'));
    await writeFiles(folder, {
      'rules/git.yml': rule('git', 'process_creation', "{ Image|endswith: '\\git.exe' }"),
      'rules/dns.yml': rule('dns', 'dns_query', "{ QueryName|endswith: 'api.example.io' }"),
      'rules/all.yml': rule('all', 'process_termination', "{ Image|startswith: 'C:' }"),
      'rules/small.yml': triageYaml(matrix),
      'av/1.csv': `Signature,Path\n${'Plain,C:\\x\n'.repeat(3000)}Worse,C:\\x\n`,
      'av/2.csv': `Signature;Path\n${'Plain;C:\\x\n'.repeat(3000)}Worse;C:\\x\n`,
      'logs/small.json': [...benchEvents(200, 7)].map(jsonLineOf).join(''),
    });
    await writeFile(join(folder, 'av/defender.evtx'), encodeEvtx([defenderRecord(9, 'A Worse', 'C:\\x')]));
    const events = [...benchEvents(24_000)];
    await writeFile(join(folder, 'logs/big.evtx'), encodeEvtx(events.map(evtxRecordOf)));
    await writeFile(join(folder, 'logs/big.json'), events.map(jsonLineOf).join(''));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('says the same as with one, in the same order', async () => {
    const one = start(folder, ['--threads', '1', 'logs']);
    const three = start(folder, ['--threads', '3', 'logs']);
    expect([await one.ended, await three.ended]).toEqual([3, 3]);
    expect(three.output.stdout).toBe(one.output.stdout);
    const lines = one.output.stdout.trim().split('\n');
    expect(lines.length).toBeGreaterThan(4000);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'summary', files: 3, events: 48_200, skipped: [] });
    const ids = (file: string) =>
      lines.flatMap((line) => {
        const { file: of, recordId } = JSON.parse(line) as { file?: string; recordId?: number };
        return of === file ? [recordId] : [];
      });
    expect(ids('logs/big.evtx')).toEqual(ids('logs/big.json'));
  });

  test('graded events come as with one thread, and are counted once', async () => {
    const paths = ['av/1.csv', 'av/2.csv', 'av/defender.evtx'];
    const one = start(folder, ['--triage', '--threads', '1', ...paths]);
    const two = start(folder, ['--triage', '--threads', '2', ...paths]);
    expect([await one.ended, await two.ended]).toEqual([3, 3]);
    expect(two.output.stdout).toBe(one.output.stdout);
    const lines = two.output.stdout.trim().split('\n').map((line) => JSON.parse(line) as object); // prettier-ignore
    const found = { ruleId: 'triage:small', level: 'high', triage: { points: 60, reasons: [{ value: 'worse' }] } };
    expect(lines.at(-1)).toMatchObject({ findings: 3, graded: { 'highly-relevant': 3, 'less-relevant': 6000 } });
    expect(lines.slice(0, -1)).toMatchObject([
      { ...found, file: 'av/1.csv', line: 3002 },
      { ...found, file: 'av/2.csv', line: 3002 },
      { ...found, file: 'av/defender.evtx', recordId: 9 },
    ]);
  });

  test.each(['1', '3'])('Ctrl-C ends it with what it has (%s threads)', async (threads) => {
    const paths = Array.from({ length: 40 }, () => 'logs/big.evtx');
    const { child, output, ended } = start(folder, ['--threads', threads, '-', 'logs/small.json', ...paths]);
    child.stdin.write([...benchEvents(3000, 3)].map(jsonLineOf).join(''));
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    child.kill('SIGINT');
    expect(await ended).toBe(3);
    const summary = JSON.parse(output.stdout.trim().split('\n').at(-1) ?? '') as {
      isInterrupted: boolean;
      findings: number;
    };
    expect(summary).toMatchObject({ type: 'summary', isInterrupted: true });
    expect(output.stdout.trim().split('\n')).toHaveLength(summary.findings + 1);
    expect(output.stderr).toContain('interrupted');
  });
});
