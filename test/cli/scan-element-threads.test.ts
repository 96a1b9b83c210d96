/** The compiled program, because threads start from files of JavaScript. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../builder/rules.js';
import { encodeZip } from '../support/zip.js';
import { ymsProgram } from '../support/program.js';

function start(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: folder, env: { ...process.env, ...env } };
  const child = spawn(process.execPath, [ymsProgram, 'scan', '--rules', 'rules', '--json', ...args], options);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { child, output, ended };
}

const ruleId = '5b1f6a42-7d1c-4c58-9d57-3f0f6ad1a001';
const digest = (type: string, bytes: Buffer): string => createHash(type).update(bytes).digest('hex');

describe('yms scan, compiled', () => {
  let folder: string;
  const large = Buffer.alloc(17 * 1024 * 1024, 'large file ');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-element-threads-'));
    const files: Record<string, string> = {};
    for (let file = 0; file < 1500; file++) files[`files/${file % 30}/${file}.txt`] = `file ${file} at evil.example\n`;
    await writeFiles(folder, {
      'rules/r.yml': `title: R
id: ${ruleId}
level: high
logsource: { product: windows, service: security }
detection: { selection: { EventID: 2 }, condition: selection }
`,
      'rules/a-c2-iocs.txt': 'evil.example\n',
      'rules/b-hash-iocs.txt': ['md5', 'sha1', 'sha256'].map((type) => `${digest(type, large)};50\n`).join(''),
      'rules/c-filename-iocs.txt': '[\\\\/]evil\\.bin$;100\n',
      ...files,
      quiet: 'nothing',
      'files/9/lines.log': 'one evil.example of many\n'.repeat(5000),
      'files/11/evil.bin': 'x',
    });
    await writeFile(join(folder, 'files/9/large.bin'), large);
    await writeFile(join(folder, 'files/7/a.zip'), encodeZip([{ name: 'in', bytes: Buffer.from('evil.example') }]));
    await writeFile(join(folder, 'files/7/cut.gz'), gzipSync(Buffer.alloc(100_000, 'ab')).subarray(0, 90));
    for (let file = 0; file < 30; file++) {
      await writeFile(join(folder, `files/${file}/cut.zip`), 'PK\x03\x04');
      await symlink('./evil.bin', join(folder, `files/${file}/link`));
    }
    await writeFile(join(folder, 'sparse.bin'), '');
    await truncate(join(folder, 'sparse.bin'), 1024 * 1024 * 1024);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('several threads say the same as one, in the same order', async () => {
    const one = start(folder, ['--ioc', '--threads', '1', 'files', 'nowhere', 'sparse.bin']);
    const three = start(folder, ['--ioc', '--threads', '3', 'files', 'nowhere', 'sparse.bin']);
    expect([await one.ended, await three.ended]).toEqual([3, 3]);
    expect(three.output.stdout).toBe(one.output.stdout);
    expect(three.output.stderr).toBe(one.output.stderr);
    const lines = one.output.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(lines).toHaveLength(1500 + 5000 + 1 + 30 + 1 + 1 + 1);
    expect(lines.find(({ file }) => file === 'files/9/large.bin')).toMatchObject({ element: { score: 150 } });
    expect(lines.at(-1)).toMatchObject({
      type: 'summary',
      elements: { files: 1500 + 2 + 1 + 2 + 30 + 1, diagnostics: { 'archive-damaged': 31, 'file-too-large': 1 } },
      failures: [{ path: 'nowhere', code: 'file-missing' }],
    });
  }, 120_000);

  test.each(['1', '3'])('Ctrl-C ends it with what it has (%s threads)', async (threads) => {
    const quiet = Array.from({ length: 1100 }, () => 'quiet'); // until others help
    const loud = Array.from({ length: 40 }, () => 'files/9/lines.log');
    const { child, output, ended } = start(folder, ['--ioc', '--threads', threads, ...quiet, ...loud]);
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    child.kill('SIGINT');
    expect(await ended).toBe(3);
    const lines = output.stdout.trim().split('\n');
    const summary = JSON.parse(lines.at(-1) ?? '') as { isInterrupted: boolean; findings: number };
    expect(summary).toMatchObject({ type: 'summary', isInterrupted: true });
    expect(lines).toHaveLength(summary.findings + 1);
  }, 60_000); // prettier-ignore

  test('says where the standard input cannot be kept for its second reader', async () => {
    const log = [1, 2].map((id) => `{"EventID":${id},"Channel":"Security","CommandLine":"evil.example"}\n`).join('');
    const { child, output, ended } = start(folder, ['-'], { TMPDIR: join(folder, 'no such folder') });
    child.stdin.end(log);
    expect(await ended).toBe(3);
    const lines = output.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(lines).toMatchObject([{ ruleId }, { type: 'summary', failures: [{ path: '-', code: 'file-too-large' }] }]);
  });
});
