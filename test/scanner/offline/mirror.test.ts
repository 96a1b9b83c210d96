import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayMs, FixedClock, hourMs } from '../../../base/clock.js';
import { ScannerError } from '../../../scanner/error.js';
import type { RepositorySource } from '../../../scanner/follow/fetcher.js';
import { collectRepository } from '../../../scanner/offline/collect.js';
import { mirrorRepository } from '../../../scanner/offline/mirror.js';
import { TestDistribution } from '../../support/distribution.js';
import { expectCode } from '../../support/expect-code.js';
import { newStick, sourceOf } from '../../support/offline.js';
import { TestRepository } from '../../support/repository.js';

let repository: TestRepository;
let distribution: TestDistribution;
let stick: Awaited<ReturnType<typeof newStick>>;
let source: RepositorySource;

beforeEach(async () => {
  repository = new TestRepository(new FixedClock('2026-03-01T12:00:00Z'), ['sigma', 'premium']);
  distribution = new TestDistribution(repository);
  await distribution.release('sigma/core/stable', 1);
  await distribution.release('premium/extra/stable', 1);
  source = sourceOf(repository);
  stick = await newStick();
});
afterEach(() => stick.remove());

const trustRoot = () => ({ root: repository.metadata('1.root.json') });
const mirror = (firstTrust: Parameters<typeof mirrorRepository>[0]['firstTrust'] = trustRoot()) =>
  mirrorRepository({ source, folder: stick.at('www'), firstTrust, now: repository.clock.now() });

const files = async (): Promise<string[]> => {
  const entries = await readdir(stick.at('www'), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
};

/** The folder as a web server would give it out. */
const served: RepositorySource = {
  metadata: (name) => readFile(stick.at(`www/metadata/${name}`)).catch(() => null),
  target: ({ path, sha256 }) =>
    readFile(stick.at(`www/targets/${path.replace(/[^/]+$/, (file) => `${sha256}.${file}`)}`)),
};

test('the folder is a repository that verifies, with every pack', async () => {
  expect(await mirror()).toMatchObject({
    fetched: ['keys.json', 'premium/extra/stable.yms', 'sigma/core/stable.yms'],
    current: 0,
    leftOut: [],
  });
  const paths = ['sigma/core/stable.yms', 'premium/extra/stable.yms'];
  const { targets } = await collectRepository(served, paths, repository.clock.now(), trustRoot());
  for (const target of targets) expect((await served.target(target)).length).toBe(target.length);
});

test('again fetches nothing, mends what was damaged, and needs no root', async () => {
  await mirror();
  const before = await files();
  expect(await mirror(null)).toMatchObject({ fetched: [], current: 3, removed: 0 });
  expect(await files()).toEqual(before);
  const pack = before.find((path) => path.endsWith('.stable.yms')) ?? '';
  await writeFile(pack, 'damaged');
  expect((await mirror(null)).fetched).toHaveLength(1);
  expect((await stat(pack)).size).toBeGreaterThan(100);
});

test('keeps the release before, and drops those before that', async () => {
  const packs = async () => (await files()).filter((path) => path.includes('/sigma/core/')).length;
  await mirror();
  for (const [sequence, count] of [
    [2, 2],
    [3, 2],
  ] as const) {
    await distribution.release('sigma/core/stable', sequence);
    await mirror(null);
    expect(await packs()).toBe(count);
  }
  await writeFile(stick.at('www/targets/README'), 'mine');
  await mirror(null);
  expect(await readFile(stick.at('www/targets/README'), 'utf8')).toBe('mine');
});

test('follows a new root, and keeps the old ones for clients that start there', async () => {
  await mirror();
  repository.writeRoot();
  repository.publish();
  await mirror(null);
  expect((await files()).filter((path) => path.endsWith('.root.json'))).toHaveLength(2);
  await mirror({ root: repository.metadata('2.root.json') });
});

test('trusts nothing on first use, and no other trust domain', async () => {
  await expectCode('root-missing', () => mirror(null));
  const other = new TestRepository(repository.clock);
  await expectCode('root-mismatch', () => mirror({ root: other.metadata('1.root.json') }));
  await expectCode('root-digest', () => mirror({ rootSha256: '0'.repeat(64) }));
  expect(await files()).toEqual([]);
});

test('a server that goes back is refused, and the folder stays', async () => {
  const older = new Map(repository.files);
  await distribution.release('sigma/core/stable', 2);
  await mirror();
  const before = await files();
  source = {
    ...source,
    metadata: (name) => Promise.resolve(older.get(`metadata/${name}`) ?? null),
  };
  await expectCode('version-rollback', () => mirror(null));
  expect(await files()).toEqual(before);
});

test('an expired timestamp is refused: a mirror is no excuse for a freeze', async () => {
  await mirror();
  repository.clock.advanceMs(dayMs + hourMs);
  await expectCode('metadata-expired', () => mirror(null));
});

test('a killed mirror goes on where it stopped; the timestamp is last', async () => {
  const whole = source;
  let left = 2;
  source = {
    ...whole,
    target: (target) => (left-- > 0 ? whole.target(target) : Promise.reject(new ScannerError('target-missing', 'cut'))),
  };
  await expectCode('target-missing', () => mirror());
  expect(await files()).toHaveLength(2);
  source = whole;
  expect(await mirror()).toMatchObject({ current: 2 });
});

test('what the license does not cover is left out and named', async () => {
  const whole = source;
  source = {
    ...whole,
    target: (target) =>
      target.role === 'premium'
        ? Promise.reject(new ScannerError('not-entitled', 'premium: expected a license, got none'))
        : whole.target(target),
  };
  expect(await mirror()).toMatchObject({ leftOut: ['premium/extra/stable.yms'] });
  await rm(stick.at('www'), { recursive: true });
});
