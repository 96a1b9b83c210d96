import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { openHome } from '../../scanner/state/home.js';
import { type Endpoint, update } from '../../scanner/update/update.js';
import { crashAt } from '../support/crash.js';
import { TestDistribution } from '../support/distribution.js';
import { activateAt, activeRules, newEndpoint, removeEndpoint } from '../support/endpoint.js';
import { TestRepository } from '../support/repository.js';

const before = ['sigma/core #1: rule-1', 'sigma/more #1: rule-1'];
const after = ['sigma/core #2: rule-2', 'sigma/more #2: rule-2'];

let distribution: TestDistribution;
let endpoint: Endpoint & { readonly clock: FixedClock };

beforeEach(async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  distribution = new TestDistribution(new TestRepository(new FixedClock(now), ['sigma']));
  await distribution.start();
  for (const pack of ['core', 'more']) await distribution.release(`sigma/${pack}/stable`, 1);
  endpoint = await newEndpoint(now);
  await activateAt(endpoint, distribution, distribution.sell(['sigma']));
  await update(endpoint);
  for (const pack of ['core', 'more']) await distribution.release(`sigma/${pack}/stable`, 2);
});

afterEach(async () => {
  await distribution.stop();
  await removeEndpoint(endpoint);
});

async function copyOf(name: string): Promise<Endpoint> {
  const home = openHome(join(endpoint.home.path, '..', name));
  await cp(endpoint.home.path, home.path, { recursive: true });
  return { ...endpoint, home };
}

test('killed before each change of the disk: the old set whole or the new one', { timeout: 180_000 }, async () => {
  const steps = await crashAt(Infinity, async () => update(await copyOf('whole')));
  expect(steps).toBeGreaterThan(20);
  const seen = new Set<string>();
  for (let step = 1; step <= steps; step++) {
    const copy = await copyOf(`step-${step}`);
    await crashAt(step, () => update(copy));
    const rules = await activeRules(copy);
    expect([before, after], `step ${step}`).toContainEqual(rules);
    seen.add(rules.join());

    await rm(copy.home.lock, { force: true }); // its holder, this process, only played dead
    await update(copy);
    expect(await activeRules(copy), `after step ${step}`).toEqual(after);
    const packs = await readdir(copy.home.packs);
    expect(packs.filter((name) => !/^[0-9a-f]{64}\.yms$/.test(name))).toEqual([]);
    await rm(copy.home.path, { recursive: true });
  }
  expect(seen.size).toBe(2);
});

test('killed for good in the middle of a download', async () => {
  const child = fork(join(import.meta.dirname, '../support/update-child.ts'), [endpoint.home.path], {
    execArgv: ['--import', 'tsx'],
    stdio: 'ignore',
  });
  const started = new Promise<void>((resolve) => {
    distribution.intercept = (_, path) => {
      if (!path.endsWith('.yms')) return undefined;
      resolve();
      return { status: 200, body: 'x', headers: { 'content-length': '400' } };
    };
  });
  await started;
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(endpoint.home.path)).toContain('lock');
  expect(await activeRules(endpoint)).toEqual(before);
  distribution.intercept = () => undefined;
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual(after);
});
