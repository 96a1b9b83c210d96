import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { openHome } from '../../scanner/state/home.js';
import { update } from '../../scanner/update/update.js';
import { rule, TestDistribution } from '../support/distribution.js';
import { activateAt, activeRules, testClient } from '../support/endpoint.js';
import { expectCode } from '../support/expect-code.js';
import { TestRepository } from '../support/repository.js';

/** A file system of one megabyte, or null where this process may not make one. */
async function smallFileSystem(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'yms-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
}

test('a full disk: the last good set stays, nothing half-written, and it goes on when there is room', async (context) => {
  const folder = await smallFileSystem();
  if (folder === null) return context.skip('needs a file system of its own');
  const clock = new FixedClock('2026-03-01T12:00:00Z');
  const distribution = new TestDistribution(new TestRepository(clock, ['ioc']));
  await distribution.start();
  try {
    const endpoint = { home: openHome(join(folder, 'home')), clock, client: testClient };
    await distribution.release('ioc/core/stable', 1, [rule('rule-1')]);
    await activateAt(endpoint, distribution, distribution.sell(['ioc']));
    await update(endpoint);
    const small = await readdir(endpoint.home.path, { recursive: true });

    const large = Array.from({ length: 1200 }, (_, i) => rule(`rule-${i}`, randomBytes(900).toString('hex')));
    await distribution.release('ioc/core/stable', 2, large);
    expect((await update(endpoint)).packs).toMatchObject([{ outcome: 'refused', refusal: { code: 'disk-full' } }]);
    expect(await activeRules(endpoint)).toEqual(['ioc/core #1: rule-1']);
    const files = await readdir(endpoint.home.path, { recursive: true });
    expect(files.filter((file) => file.endsWith('.tmp') || file.endsWith('.yms'))).toEqual(
      small.filter((file) => file.endsWith('.yms')),
    );

    await distribution.release('ioc/core/stable', 3, [rule('rule-3')]);
    await writeFile(join(folder, 'ballast'), Buffer.alloc(2 ** 20)).catch(() => undefined);
    await expectCode('disk-full', () => update(endpoint));
    expect(await activeRules(endpoint)).toEqual(['ioc/core #1: rule-1']);

    await rm(join(folder, 'ballast'));
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['ioc/core #3: rule-3']);
  } finally {
    await distribution.stop();
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  }
});
