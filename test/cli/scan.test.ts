import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeEvtx } from '../../bench/evtx-writer.js';
import { text } from '../../bench/evtx-values.js';
import { writeFiles } from '../builder/rules.js';
import { spawnYms } from '../builder/run-yms.js';
import { processRecord } from '../support/evtx-records.js';
import { ymsProgram } from '../support/program.js';

const rule = (id: string, title: string, level: string, needle: string) => `title: ${title}
id: 00000000-0000-4000-8000-${id.padStart(12, '0')}
author: yms test
level: ${level}
tags:
  - attack.execution
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    CommandLine|contains: '${needle}'
  condition: selection
`;

describe('yms scan', () => {
  let folder: string;
  const scan = (...args: string[]) => spawnYms(folder, ['scan', '--rules', 'rules', ...args]);
  const lines = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-scan-'));
    await writeFiles(folder, {
      'rules/strange.yml': rule('1', 'A strange tool', 'high', 'strange.exe'),
      'rules/quiet.yml': rule('2', 'A quiet tool', 'low', 'quiet.exe'),
      'logs/plain.json': `${JSON.stringify({
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        EventID: 1,
        EventRecordID: 77,
        CommandLine: 'C:\\quiet.exe',
        '@timestamp': '2026-01-01T00:00:00Z',
      })}\n{"broken\n`,
      'logs/notes.md': 'a text in a folder of logs is read by lines',
    });
    await writeFile(join(folder, 'logs/picture.png'), Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
    await writeFile(
      join(folder, 'logs/sysmon.evtx'),
      encodeEvtx([
        processRecord(1),
        processRecord(2, [['CommandLine', text('C:\\temp\\STRANGE.exe \u001b[31m --now')]]),
        processRecord(3, [['CommandLine', text('quiet.exe strange.exe')]]),
      ]),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('findings as JSON lines, a summary at the end, exit 3', async () => {
    const { code, stdout, stderr } = await scan('--json', 'logs');
    expect(code).toBe(3);
    const [first, second, summary] = lines(stdout);
    expect(first).toEqual({
      type: 'finding',
      ruleId: '00000000-0000-4000-8000-000000000001',
      title: 'A strange tool',
      level: 'high',
      author: 'yms test',
      tags: ['attack.execution'],
      source: { pack: null, version: null, file: 'strange.yml' },
      time: '2025-01-02T03:04:05.680Z',
      channel: 'Microsoft-Windows-Sysmon/Operational',
      recordId: 2,
      computer: 'host01.example',
      file: 'logs/sysmon.evtx',
      matched: { EventID: 1, CommandLine: 'C:\\temp\\STRANGE.exe \u001b[31m --now' },
    });
    expect(second).toMatchObject({ recordId: 3 });
    expect(summary).toMatchObject({
      type: 'summary',
      findings: 2,
      byLevel: { high: 2, low: 0 },
      byRule: [{ title: 'A strange tool', findings: 2 }],
      rules: 1,
      files: 3,
      events: 6, // with a line each of the notes and of what is no JSON
      passedOver: 1,
      skipped: [{ file: 'logs/plain.json', counts: { 'json-syntax': 1 } }],
      failures: [],
      isInterrupted: false,
    });
    expect(stderr).toContain('logs/plain.json: records skipped: 1 json-syntax');
  });

  test('a lower level reports more, --since less', async () => {
    const all = await scan('--json', '--min-level', 'low', 'logs');
    expect(lines(all.stdout).map(({ recordId }) => recordId)).toEqual([77, 2, 3, 3, undefined]);
    const recent = await scan('--json', '--min-level', 'low', '--since', '2025-12-31', 'logs');
    expect(lines(recent.stdout).map(({ recordId }) => recordId)).toEqual([77, undefined]);
    const wrong = await scan('--since', 'yesterday', 'logs');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('expected a time');
  });

  test('readable findings obey nothing that a log says', async () => {
    const { code, stdout } = await scan('logs/sysmon.evtx');
    expect(code).toBe(3);
    expect(stdout).toContain('HIGH A strange tool\n');
    expect(stdout).toContain('CommandLine: C:\\temp\\STRANGE.exe \\u001b[31m --now');
    expect(stdout).toContain('by yms test (strange.yml)');
    expect(stdout).toContain('2 findings in 3 events of 1 log, by 1 rule');
    expect(stdout).not.toContain('\u001b');
  });

  test('text logs: lines of syslog by their words, queries of a resolver by their fields', async () => {
    const other = (id: string, source: string, detection: string) =>
      `title: Text ${id}\nid: 00000000-0000-4000-8000-${id.padStart(12, '0')}\nlevel: high\nlogsource:\n${source}detection:\n${detection}  condition: all of them\n`;
    await writeFiles(folder, {
      'text-rules/words.yml': other('11', '  product: linux\n', "  words: ['Corrupted MAC']\n"),
      'text-rules/dns.yml': other('12', '  category: dns\n', "  name:\n    query|endswith: '.bad.example'\n"),
      'text-rules/audit.yml': other('13', '  product: linux\n  service: auditd\n', "  call:\n    type: EXECVE\n    a1|contains: 'id 1'\n"), // prettier-ignore
      'text/auth.log': 'Jan  2 03:04:05 h sshd[7]: fine\nJan  2 03:04:05 h sshd[7]: Corrupted MAC on input\n',
      'text/pihole.log': 'Jan  2 03:04:05 dnsmasq[7]: query[A] x.bad.example from 10.0.0.5\n',
      'text/audit.log': 'type=EXECVE msg=audit(1767323045.678:99): argc=2 a0="sh" a1=2D632069642031\n',
    });
    const { code, stdout } = await spawnYms(folder, ['scan', '--rules', 'text-rules', '--json', 'text']);
    expect(code).toBe(3);
    const found = lines(stdout).map(({ file, title }) => `${String(file)} ${String(title)}`);
    expect(found.slice(0, -1)).toEqual(['text/audit.log Text 13', 'text/auth.log Text 11', 'text/pihole.log Text 12']);
  });

  test('nothing found: exit 0; and not all looked at: 4; and nothing looked at: 1', async () => {
    await writeFiles(folder, { 'whole.json': '{"EventID":1}\n' });
    expect((await scan('whole.json')).code).toBe(0);
    const broken = await scan('--json', 'logs/plain.json');
    expect(broken.code).toBe(4);
    expect(lines(broken.stdout)).toMatchObject([{ incomplete: [{ code: 'json-syntax', count: 1 }] }]);
    const missing = await scan('whole.json', 'nowhere.evtx');
    expect(missing.code).toBe(4);
    expect(missing.stderr).toContain('nowhere.evtx: expected a log or a folder, got nothing there (file-missing)');
    expect(missing.stdout).toContain('0 findings in 1 event of 1 log');
    expect(missing.stdout).toContain('\n  incomplete: 1 file-missing\n');
    expect((await scan('nowhere.evtx')).code).toBe(1);
  }, 60_000);

  test('no rule: exit 1, whatever the log; a refused one: 4', async () => {
    await writeFiles(folder, {
      'whole.json': '{"EventID":1}\n',
      'empty/readme.md': 'none',
      'bad/a.yml': rule('3', 'Misspelt', 'high', 'x').replace('|contains', '|contians'),
      'mixed/a.yml': rule('3', 'Misspelt', 'high', 'x').replace('|contains', '|contians'),
      'mixed/b.yml': rule('4', 'Sound', 'high', 'x'),
    });
    const run = (rules: string, ...args: string[]) =>
      spawnYms(folder, ['scan', '--rules', rules, ...args, 'whole.json']);
    for (const rules of ['empty', 'bad']) {
      const none = await run(rules);
      expect(none.code).toBe(1);
      expect(none.stderr).toContain('rules: expected some to apply, got none (rules-none)');
    }
    const low = await run('rules/quiet.yml');
    expect(low.code).toBe(1);
    expect(low.stderr).toContain('rules: expected some that can report at this level, got none (rules-none)');
    const mixed = await run('mixed', '--json');
    expect(mixed.code).toBe(4);
    const [summary] = lines(mixed.stdout);
    expect(summary).toMatchObject({
      rules: 1,
      incomplete: [{ code: 'rules-refused', count: 1, named: [expect.stringMatching(/^a\.yml:\d+:\d+: error: /)] }],
    });
  }, 60_000);

  test('one file of rules: Sigma, a list, a bundle; not any other', async () => {
    await writeFiles(folder, {
      'lists/x-c2-iocs.txt': 'evil.example\n',
      'lists/untagged.txt': 'evil.example\n',
      'lists/program.exe': 'MZ',
      'some.log': 'to evil.example\n',
    });
    const one = await spawnYms(folder, ['scan', '--rules', 'rules/strange.yml', 'logs']);
    expect(one.code).toBe(3);
    expect(one.stdout).toContain('by yms test (strange.yml)');
    const list = await spawnYms(folder, ['scan', '--rules', 'lists/x-c2-iocs.txt', 'some.log']);
    expect(list.code).toBe(3);
    const untagged = await spawnYms(folder, ['scan', '--rules', 'lists/untagged.txt', 'some.log']);
    expect(untagged.code).toBe(1);
    expect(untagged.stderr).toContain('untagged.txt: warning: file name: expected a tag');
    const foreign = await spawnYms(folder, ['scan', '--rules', 'lists/program.exe', 'some.log']);
    expect(foreign.code).toBe(1);
    expect(foreign.stderr).toContain('pack-foreign');
  }, 60_000);

  test('an output that takes no more: a word and no stack; what was found decides for a reader that has gone', async (context) => {
    const yms = `${process.execPath} ${ymsProgram}`;
    const shell = (command: string) =>
      new Promise<{ code: unknown; stderr: string }>((resolve) => {
        execFile('sh', ['-c', command], { cwd: folder }, (error, _, stderr) =>
          resolve({ code: error === null ? 0 : error.code, stderr }),
        );
      });
    if (!existsSync('/dev/full')) return context.skip('needs a device that is always full');
    const full = await shell(`${yms} scan --rules rules logs > /dev/full`);
    expect(full.code).toBe(1);
    expect(full.stderr).toContain('yms: error: standard output: expected room on the disk, got a full one (disk-full)');
    expect(full.stderr).not.toMatch(/^\s+at /m);
    const closed = await shell(`(${yms} scan --rules rules logs; echo $? > code) | true; exit $(cat code)`);
    expect(closed).toMatchObject({ code: 3 });
    const long = await spawnYms(folder, ['scan', '--rules', 'x'.repeat(5000), 'logs']);
    expect(long.code).toBe(1);
    expect(long.stderr).toContain('ENAMETOOLONG');
    expect(long.stderr).not.toMatch(/^\s+at /m);
  }, 60_000);
});
