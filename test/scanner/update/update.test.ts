import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dayMs, FixedClock, hourMs } from '../../../base/clock.js';
import { activate } from '../../../scanner/update/activate.js';
import type { Endpoint } from '../../../scanner/update/update.js';
import { update } from '../../../scanner/update/update.js';
import { rule, TestDistribution, type TestLicense } from '../../support/distribution.js';
import { activateAt, activeFlags, activeRules, newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import { TestRepository } from '../../support/repository.js';

let distribution: TestDistribution;
let license: TestLicense;
let endpoint: Endpoint & { readonly clock: FixedClock };

beforeEach(async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  distribution = new TestDistribution(new TestRepository(new FixedClock(now), ['sigma', 'pools', 'premium']));
  await distribution.start();
  await distribution.release('sigma/core/stable', 1);
  license = distribution.sell(['sigma', 'pools']);
  endpoint = await newEndpoint(now);
  await activateAt(endpoint, distribution, license);
});

afterEach(async () => {
  await distribution.stop();
  await removeEndpoint(endpoint);
});

function bothClocks(ms: number): void {
  endpoint.clock.advanceMs(ms);
  distribution.repository.clock.advanceMs(ms);
}

describe('an update', () => {
  test('installs what the license covers, and nothing else', async () => {
    await distribution.release('premium/extra/stable', 1);
    const report = await update(endpoint);
    expect(report.packs).toMatchObject([{ feature: 'sigma', outcome: 'updated', version: '2026.1', sequence: 1 }]);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #1: rule-1']);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('with nothing new is three requests and at most 3 KB', async () => {
    await update(endpoint);
    distribution.requests = [];
    distribution.sentBytes = 0;
    const report = await update(endpoint);
    expect(report.packs).toMatchObject([{ outcome: 'current', sequence: 1 }]);
    expect(report.switched).toBe(false);
    expect(distribution.requests).toEqual([
      'GET /repository/metadata/2.root.json',
      'GET /repository/metadata/timestamp.json',
      'GET /v1/license',
    ]);
    expect(distribution.sentBytes).toBeLessThanOrEqual(3072);
  });

  test('switches to newer releases, all at once, and keeps the version before', async () => {
    await update(endpoint);
    await distribution.release('sigma/core/stable', 2);
    await distribution.release('pools/main/stable', 7);
    const report = await update(endpoint);
    expect(report.switched).toBe(true);
    expect(await activeRules(endpoint)).toEqual(['pools/main #7: rule-7', 'sigma/core #2: rule-2']);
    expect(await readdir(endpoint.home.packs)).toHaveLength(3);
    await distribution.release('sigma/core/stable', 3);
    await update(endpoint);
    expect(await readdir(endpoint.home.packs)).toHaveLength(3);
    expect((await readdir(endpoint.home.metadata)).sort()).toEqual(
      ['keys', 'pools', 'root', 'sigma', 'snapshot', 'targets', 'timestamp'].map((role) => `${role}.json`),
    );
  });

  /** Documents name `core` in this channel only. */
  function sellChannel(sold: string): void {
    const isSold = ({ pack, channel }: { pack: string; channel: string }) => pack !== 'core' || channel === sold;
    distribution.alterLicense = (license) => ({
      ...license,
      packs: license.packs.filter(isSold),
      grants: license.grants.filter(isSold),
    });
  }

  test('another channel takes the place of the one before, once it is installed', async () => {
    await update(endpoint);
    await distribution.release('sigma/core/beta', 1, [rule('rule-beta')]);
    sellChannel('beta');
    const isBeta = (path: string) => path.includes('sigma/core/') && path.endsWith('.beta.yms');
    distribution.intercept = (_, path) => (isBeta(path) ? { status: 404 } : undefined);
    const refused = await update(endpoint);
    expect(refused).toMatchObject({ switched: false });
    expect(refused.packs.map(({ channel, outcome }) => [channel, outcome])).toContainEqual(['stable', 'unlicensed']);
    expect(await activeRules(endpoint)).toContain('sigma/core #1: rule-1');

    distribution.intercept = () => undefined;
    const report = await update(endpoint);
    expect(report).toMatchObject({ switched: true });
    expect(report.packs.filter(({ pack }) => pack === 'core')).toMatchObject([
      { channel: 'beta', outcome: 'updated', sequence: 1 },
      { channel: 'stable', outcome: 'replaced', sequence: null },
    ]);
    const rules = await activeRules(endpoint);
    expect(rules).toContain('sigma/core #1: rule-beta');
    expect(rules).not.toContain('sigma/core #1: rule-1');
    expect(await activeFlags(endpoint)).toEqual([]);
    expect((await update(endpoint)).switched).toBe(false);

    sellChannel('stable');
    bothClocks(8 * dayMs);
    distribution.repository.publish();
    expect(await update(endpoint)).toMatchObject({ switched: true });
    expect(await activeRules(endpoint)).toContain('sigma/core #1: rule-1');
  });

  test('leaves no plaintext on the disk', async () => {
    await distribution.release('sigma/core/stable', 2, [rule('rule-2', 'a needle in the haystack')]);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #2: rule-2']);
    const files = await readdir(endpoint.home.path, { recursive: true, withFileTypes: true });
    const contents = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
    );
    expect(contents.length).toBeGreaterThan(5);
    expect(contents.filter((content) => content.includes('needle'))).toEqual([]);
  });

  test('tells the server what is in use: once, and again after a day or a change', async () => {
    await update(endpoint);
    await update(endpoint);
    expect(distribution.statuses).toMatchObject([{ client: '0.1.0', packs: [{ pack: 'core', sequence: 1 }] }]);
    bothClocks(dayMs + hourMs);
    distribution.repository.publish();
    await update(endpoint);
    expect(distribution.statuses).toHaveLength(2);
    await distribution.release('sigma/core/stable', 2);
    await update(endpoint);
    expect(distribution.statuses).toHaveLength(3);
  });

  test('a server that takes no status report', async () => {
    distribution.intercept = (_, path) => (path === 'v1/status' ? { status: 500 } : undefined);
    expect(await update(endpoint)).toMatchObject({ switched: true });
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('reports progress against the length that was signed', async () => {
    const seen: [string, number, number][] = [];
    await update({ ...endpoint, onProgress: (...args) => seen.push(args) });
    const length = distribution.releases.get('sigma/core/stable')?.bytes.length ?? 0;
    expect(seen.at(-1)).toEqual(['sigma/core/stable', length, length]);
  });

  test('an endpoint that was never activated', async () => {
    const other = await newEndpoint(endpoint.clock.now());
    await expectCode('not-activated', () => update(other));
    await removeEndpoint(other);
  });

  test('a release that came out between metadata and license is fetched at once', async () => {
    await update(endpoint);
    let isOut = false;
    const next = await distribution.seal('sigma/core/stable', 2, [rule('rule-2')]);
    distribution.intercept = (_, path) => {
      if (path !== 'v1/license' || isOut) return undefined;
      isOut = true;
      distribution.list('sigma/core/stable', next);
      distribution.repository.publish();
      return undefined;
    };
    // The first round has the old metadata, whose pack is the active one; so begin from nothing.
    const fresh = await newEndpoint(endpoint.clock.now());
    license.seats = 2;
    await activateAt(fresh, distribution, license);
    expect((await update(fresh)).packs).toMatchObject([{ outcome: 'updated', sequence: 2 }]);
    await removeEndpoint(fresh);
  });
});

describe('activation', () => {
  test('again: keeps host and seat', async () => {
    await update(endpoint);
    await activateAt(endpoint, distribution, license);
    expect(license.hosts).toHaveLength(1);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #1: rule-1']);
    await update(endpoint);
  });

  test('seats exhausted', async () => {
    const second = await newEndpoint(endpoint.clock.now());
    await expectCode('seats-exhausted', () => activateAt(second, distribution, license));
    await expectCode('not-activated', () => update(second));
    license.seats = 2;
    await activateAt(second, distribution, license);
    await update(second);
    await removeEndpoint(second);
  });

  test.each(['suspended', 'revoked', 'expired'] as const)('a license that is %s', async (state) => {
    license.state = state;
    const second = await newEndpoint(endpoint.clock.now());
    await expectCode(`license-${state}`, () => activateAt(second, distribution, license));
    await removeEndpoint(second);
  });

  test('an unknown license key', async () => {
    await expectCode('license-key-unknown', () =>
      activate(endpoint, { server: distribution.url, licenseKey: 'other', name: 'x', firstTrust: null }),
    );
  });

  test('without a root nothing is asked, and no license key is sent', async () => {
    const second = await newEndpoint(endpoint.clock.now());
    distribution.requests = [];
    const asked = { server: distribution.url, licenseKey: license.key, name: 'x' };
    await expectCode('root-missing', () => activate(second, { ...asked, firstTrust: null }));
    expect(distribution.requests).toEqual([]);
    await expectCode('root-digest', () => activate(second, { ...asked, firstTrust: { rootSha256: '0'.repeat(64) } }));
    expect(distribution.requests).toEqual(['GET /repository/metadata/1.root.json']);
    await removeEndpoint(second);
  });

  test('a server under another root gets no license key', async () => {
    const stranger = new TestRepository(endpoint.clock, ['sigma']);
    const second = await newEndpoint(endpoint.clock.now());
    distribution.requests = [];
    await expectCode('signature-threshold', () =>
      activate(second, {
        server: distribution.url,
        licenseKey: license.key,
        name: 'x',
        firstTrust: { root: stranger.metadata('1.root.json') },
      }),
    );
    expect(distribution.requests.filter((request) => request.startsWith('POST'))).toEqual([]);
    license.seats = 2;
    await activateAt(second, distribution, license); // the refused root has not been kept
    await removeEndpoint(second);
  });

  test('another publisher’s root, once one is trusted', async () => {
    const stranger = new TestRepository(endpoint.clock, ['sigma']);
    const before = await readFile(endpoint.home.anchor);
    await expectCode('root-mismatch', () =>
      activate(endpoint, {
        server: distribution.url,
        licenseKey: license.key,
        name: 'x',
        firstTrust: { root: stranger.metadata('1.root.json') },
      }),
    );
    expect(await readFile(endpoint.home.anchor)).toEqual(before);
  });
});
