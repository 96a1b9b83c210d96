import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ruleId, sigmaRule, writeFiles } from '../builder/rules.js';
import { spawnYms } from '../builder/run-yms.js';

describe('yms test', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-test-'));
    await writeFiles(folder, {
      'yms.yaml': 'packs:\n  good: { feature: sigma, sources: [good] }\n  bad: { feature: sigma, sources: [bad] }\n',
      'good/one.yml': sigmaRule('one'),
      'good/one.samples.yaml': 'positive: [{ message: one }]\n',
      'good/bare.yml': sigmaRule('bare'),
      'bad/two.yml': sigmaRule('two'),
      'bad/two.samples.yaml': 'positive: [{ message: three }]\n',
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('exit 0 when all pass or have no samples', async () => {
    const { code, stdout, stderr } = await spawnYms(folder, ['test', 'good']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'good: 1 passed, 0 failed, 1 untested\n',
      stderr: '',
    });
    const named = await spawnYms(folder, ['test', 'good', '--untested']);
    expect(named.stdout).toContain(`good/bare.yml: untested: bare (${ruleId('bare')}): no samples\n`);
  });

  test('exit 3 when one fails, which is named', async () => {
    const { code, stdout } = await spawnYms(folder, ['test']);
    expect(code).toBe(3);
    expect(stdout).toBe(
      'good: 1 passed, 0 failed, 1 untested\n' +
        `bad/two.yml: failed: two (${ruleId('two')}): positive sample 1: expected a match, got none\n` +
        'bad: 0 passed, 1 failed, 0 untested\n',
    );
  });

  test('as JSON', async () => {
    const { code, stdout } = await spawnYms(folder, ['test', 'bad', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual([
      {
        pack: 'bad',
        counts: { passed: 0, failed: 1, untested: 0 },
        results: [
          {
            id: ruleId('two'),
            title: 'two',
            file: 'bad/two.yml',
            verdict: 'failed',
            samples: 1,
            reason: 'positive sample 1: expected a match, got none',
          },
        ],
      },
    ]);
  });
});
