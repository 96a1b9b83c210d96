import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { ruleKinds } from '../../base/rule-kind.js';
import { type Ended, spawnYms } from '../builder/run-yms.js';
import { rule, TestDistribution, type TestLicense } from '../support/distribution.js';
import { TestRepository } from '../support/repository.js';
import { ymsProgram } from '../support/program.js';

/** The commands as a user runs them, one after the other on one endpoint. */
let distribution: TestDistribution;
let license: TestLicense;
let folder: string;
let home: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-commands-'));
  home = join(folder, 'home');
  distribution = new TestDistribution(new TestRepository(new FixedClock(new Date()), ['ioc', 'premium']));
  await distribution.start();
  await distribution.release('ioc/core/stable', 1, [rule('alpha', 'first words'), rule('beta')]);
  license = distribution.sell(['ioc']);
  await writeFile(join(folder, 'root.json'), distribution.repository.metadata('1.root.json'));
  await writeFile(join(folder, 'license-key'), `${license.key}\n`);
});

afterAll(async () => {
  await distribution.stop();
  await rm(folder, { recursive: true, force: true });
});

function yms(...args: string[]): Promise<Ended> {
  return spawnYms(folder, args, { YMS_HOME: home });
}

async function ymsJson(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await yms(...args, '--json');
  expect(stderr, args.join(' ')).not.toContain('error');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('before activation', { timeout: 60_000 }, async () => {
  const [status, update, usage] = await Promise.all([
    yms('status'),
    yms('update'),
    yms('activate', '--server', distribution.url),
  ]);
  expect(status.code).toBe(1);
  expect(status.stderr).toMatch(/^yms: error: .*not-activated.*\nyms: hint: run yms activate/);
  expect(update).toMatchObject({ code: 1, stdout: '' });
  expect(usage).toMatchObject({ code: 2, stdout: '' });
  expect(usage.stderr).toContain('license key: expected --key, --key-file or YMS_LICENSE_KEY');
});

test('activate, update, status', { timeout: 60_000 }, async () => {
  const activate = ['activate', '--server', distribution.url, '--key-file', 'license-key', '--name', 'desk-7'];
  const untrusting = await yms(...activate);
  expect(untrusting.code).toBe(1);
  expect(untrusting.stderr).toContain('--root-sha256');
  expect(await ymsJson(...activate, '--root', 'root.json')).toMatchObject({ licenseId: license.id, name: 'desk-7' });

  const update = await yms('update');
  expect(update).toMatchObject({ code: 0, stderr: '' });
  expect(update.stdout).toMatch(/^ioc\/core\/stable +2026\.1 \(sequence 1\) +updated\n$/);

  const status = await yms('status');
  expect(status.code).toBe(0);
  expect(status.stdout).toContain('is active and covers ioc');
  expect(status.stdout).toMatch(/ioc\/core\/stable +2026\.1 +sequence 1/);
  const { stdout } = await yms('status', '--json');
  expect(stdout).not.toContain('token');
  expect(JSON.parse(stdout)).toMatchObject({
    license: { features: ['ioc'] },
    coverage: { features: ['ioc'], lost: [], refusal: null },
    packs: [{ sequence: 1 }],
    flags: [],
  });
});

test('merge, rules list, rules show', { timeout: 60_000 }, async () => {
  await mkdir(join(home, 'custom-signatures'), { recursive: true });
  await writeFile(join(home, 'custom-signatures', 'my-keywords.txt'), 'gamma\nbeta\n');
  await writeFile(join(home, 'custom-signatures', 'broken.yml'), 'title: [\n');
  const [merge, list, local, show, unknown] = await Promise.all([
    yms('merge'),
    ymsJson('rules', 'list', '--min-level', 'high'),
    yms('rules', 'list', '--local'),
    yms('rules', 'show', 'keyword:alpha'),
    yms('rules', 'show', 'keyword:nothing'),
  ]);
  expect(merge.code).toBe(0);
  expect(merge.stderr).toMatch(/broken\.yml:\d+/);
  expect(merge.stdout).toContain('override  keyword:beta by my-keywords.txt, in place of ioc/core/stable 2026.1');
  expect(merge.stdout).toContain('3 rules in use; 1 custom files with something left out');
  expect(list).toMatchObject([{ id: 'keyword:alpha', level: 'high' }, { level: 'critical' }, { level: 'critical' }]);
  expect(local.stdout.match(/my-keywords\.txt$/gm)).toHaveLength(2);
  expect(show.stdout).toContain('from ioc/core/stable 2026.1');
  expect(show.stdout).toContain('"first words"');
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('rule-unknown');
});

test('rules list takes every kind', { timeout: 120_000 }, async () => {
  const content = fileURLToPath(new URL('../../content/triage', import.meta.url));
  for (const kind of ruleKinds) {
    const listed = await ymsJson('rules', 'list', '--kind', kind, '--custom', content);
    expect(new Set(Object.values(listed).map((listedRule) => (listedRule as { kind: string }).kind))).toEqual(
      new Set(kind === 'ioc' || kind === 'triage' ? [kind] : []),
    );
  }
  expect((await yms('rules', 'list', '--kind', 'yara')).stderr).toContain('ioc, pool, sigma, triage');
});

test('a feature that comes and goes is told by update and status', { timeout: 120_000 }, async () => {
  await distribution.release('premium/core/stable', 1, [rule('dear')]);
  license.features = ['ioc', 'premium'];
  expect((await yms('update')).stdout).toMatch(/^newly covered: premium\n/);
  license.features = ['ioc'];
  const update = await yms('update');
  expect(update).toMatchObject({ code: 0, stderr: '' });
  expect(update.stdout).toMatch(/^no longer covered: premium, removed from the license; .* stays in use, frozen\n/);
  expect((await yms('update')).stdout).not.toContain('no longer covered');
  const status = await yms('status');
  expect(status.stdout).toMatch(
    /no longer covered: premium \(removed .*\); its pack premium\/core\/stable 2026\.1 stays/,
  );
  const { coverage } = await ymsJson('status');
  expect(coverage).toMatchObject({
    features: ['ioc'],
    lost: [{ feature: 'premium', packs: [{ pack: 'core', channel: 'stable', version: '2026.1' }] }],
  });
});

test('refusals end with exit 1 and say what stays', { timeout: 60_000 }, async () => {
  await distribution.release('ioc/core/stable', 2, [rule('alpha')], { minimumClient: '9.0.0' });
  const refused = await yms('update');
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/2026\.1 \(sequence 1\) +refused/);
  expect(refused.stderr).toContain('(client-too-old); the version in use stays');

  license.state = 'revoked';
  const revoked = await yms('update', '--json');
  expect(revoked).toMatchObject({ code: 1, stdout: '' });
  expect(revoked.stderr).toContain('(license-revoked)');
  const status = await yms('status');
  expect(status.code).toBe(0);
  expect(status.stderr).toContain('the license is revoked; the last good set works on (license-revoked)');
  expect(status.stdout).toMatch(/covered ioc\n {2}since .*: the license is revoked, for ever: no new packs come/);
  expect(await ymsJson('status')).toMatchObject({ coverage: { refusal: { code: 'license-revoked' } } });
});

test('update --follow goes on after a failure, until it is stopped', { timeout: 60_000 }, async () => {
  const follow = ['update', '--follow', '--interval', '1', '--json'];
  const cwd = join(import.meta.dirname, '../..');
  const child = spawn(process.execPath, [ymsProgram, ...follow], {
    cwd,
    env: { ...process.env, YMS_HOME: home },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (stderr.split('license-revoked').length > 2) license.state = 'active'; // two updates have failed
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  expect(JSON.parse(line.toString())).toMatchObject({ license: { state: 'active' } });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
