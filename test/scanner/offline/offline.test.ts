import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dayMs, FixedClock, formatSeconds, hourMs } from '../../../base/clock.js';
import { requestActivation } from '../../../scanner/offline/activation-request.js';
import { acceptActivation } from '../../../scanner/offline/activation-answer.js';
import { importBundle } from '../../../scanner/offline/import-bundle.js';
import { type Endpoint, update } from '../../../scanner/update/update.js';
import { TestDistribution, type TestLicense } from '../../support/distribution.js';
import { activateAt, activeFlags, activeRules, newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import { answerRequest, expectNoneLower, exportAll, keptVersions, newStick, stateOf } from '../../support/offline.js';
import { TestRepository } from '../../support/repository.js';

/** A host that never sees a network. */
let distribution: TestDistribution;
let repository: TestRepository;
let license: TestLicense;
let endpoint: Endpoint & { readonly clock: FixedClock };
let stick: Awaited<ReturnType<typeof newStick>>;

const core = 'sigma/core/stable';

beforeEach(async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  repository = new TestRepository(new FixedClock(now), ['sigma', 'pools', 'premium']);
  distribution = new TestDistribution(repository); // it never listens
  await distribution.release(core, 5);
  license = distribution.sell(['sigma', 'pools']);
  endpoint = await newEndpoint(now);
  stick = await newStick();
});

afterEach(async () => {
  await stick.remove();
  await removeEndpoint(endpoint);
});

function bothClocks(ms: number): void {
  endpoint.clock.advanceMs(ms);
  repository.clock.advanceMs(ms);
}

async function activateOffline(at = endpoint): Promise<void> {
  const { bytes } = await requestActivation(at, { name: 'desk-7', license: license.id });
  await answerRequest(distribution, license, bytes, stick.at('answer'));
  await acceptActivation(at, stick.at('answer'), { firstTrust: { root: firstRoot() }, server: null });
}

const firstRoot = (): Uint8Array => repository.metadata('1.root.json');

/** The bundle is refused, with this code, and nothing but the note of the last update has changed. */
async function refuses(code: string, name = 'bundle'): Promise<void> {
  const [before, versions] = [await stateOf(endpoint), await keptVersions(endpoint)];
  await expectCode(code, () => importBundle(endpoint, stick.at(name)));
  expect(await stateOf(endpoint)).toEqual(before);
  expectNoneLower(await keptVersions(endpoint), versions);
}

describe('activation without a network', () => {
  test('request out, answer back, bundle in: the rules are in use', async () => {
    await activateOffline();
    expect(await activeFlags(endpoint)).toEqual(['no-rules']);
    await exportAll(distribution, license, stick.at('bundle'));
    const report = await importBundle(endpoint, stick.at('bundle'));
    expect(report).toMatchObject({ switched: true, stale: false, packs: [{ outcome: 'updated', sequence: 5 }] });
    expect(await activeRules(endpoint)).toEqual(['sigma/core #5: rule-5']);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('the request holds no secret, and the answer only what this host opens', async () => {
    const { bytes } = await requestActivation(endpoint, { name: 'desk-7', license: license.id });
    await answerRequest(distribution, license, bytes, stick.at('answer'));
    const carried = `${Buffer.from(bytes).toString('latin1')} ${await readFile(stick.at('answer'), 'latin1')}`;
    expect(carried).toContain(license.id);
    for (const secret of [license.key, license.hosts[0]?.token ?? 'none']) expect(carried).not.toContain(secret);
  });

  test('needs a root that was carried here', async () => {
    const { bytes } = await requestActivation(endpoint, { name: 'desk-7', license: null });
    await answerRequest(distribution, license, bytes, stick.at('answer'));
    const before = await stateOf(endpoint);
    const accept = (firstTrust: Parameters<typeof acceptActivation>[2]['firstTrust']) =>
      acceptActivation(endpoint, stick.at('answer'), { firstTrust, server: null });
    await expectCode('root-missing', () => accept(null));
    await expectCode('root-digest', () => accept({ rootSha256: '0'.repeat(64) }));
    const other = new TestRepository(repository.clock);
    await expectCode('signature-threshold', () => accept({ root: other.metadata('1.root.json') }));
    expect(await stateOf(endpoint)).toEqual(before);
    await accept({ root: firstRoot() });
  });

  test('an answer serves once, and only the newest request', async () => {
    const first = await requestActivation(endpoint, { name: 'desk-7', license: license.id });
    await answerRequest(distribution, license, first.bytes, stick.at('first'));
    const second = await requestActivation(endpoint, { name: 'desk-7', license: license.id });
    await answerRequest(distribution, license, second.bytes, stick.at('second'));
    const accept = (name: string) =>
      acceptActivation(endpoint, stick.at(name), { firstTrust: { root: firstRoot() }, server: null });
    const before = await stateOf(endpoint);
    await expectCode('answer-mismatch', () => accept('first'));
    expect(await stateOf(endpoint)).toEqual(before);
    await accept('second');
    const after = await stateOf(endpoint);
    await expectCode('request-missing', () => accept('second'));
    expect(await stateOf(endpoint)).toEqual(after);
    expect(license.hosts).toHaveLength(1);
  });

  test('the answer to another host, and to another license than was asked for', async () => {
    license.seats = 2;
    const other = await newEndpoint(endpoint.clock.now());
    const { bytes } = await requestActivation(other, { name: 'other', license: null });
    await answerRequest(distribution, license, bytes, stick.at('other'));
    const mine = await requestActivation(endpoint, { name: 'desk-7', license: 'lic_77' });
    await answerRequest(distribution, license, mine.bytes, stick.at('mine'));
    const before = await stateOf(endpoint);
    for (const name of ['other', 'mine'])
      await expectCode('answer-mismatch', () =>
        acceptActivation(endpoint, stick.at(name), { firstTrust: { root: firstRoot() }, server: null }),
      );
    expect(await stateOf(endpoint)).toEqual(before);
    await removeEndpoint(other);
  });

  test('keeps the server that the host knows, or takes the one that is named', async () => {
    const again = async (server: string | null) => {
      const { bytes } = await requestActivation(endpoint, { name: 'desk-7', license: license.id });
      await answerRequest(distribution, license, bytes, stick.at('answer'));
      const firstTrust = { root: firstRoot() };
      return (await acceptActivation(endpoint, stick.at('answer'), { firstTrust, server })).activation.server;
    };
    expect(await again(null)).toBe(null);
    expect(await again('https://yms.example')).toBe('https://yms.example/');
    expect(await again(null)).toBe('https://yms.example/');
    await expectCode('request-refused', () => again('ftp://yms.example'));
    expect(license.hosts).toHaveLength(1);
  });

  test('a host without a server says so when it is told to update', async () => {
    await activateOffline();
    await expectCode('no-server', () => update(endpoint));
  });
});

describe('a bundle', () => {
  beforeEach(async () => {
    await activateOffline();
    await exportAll(distribution, license, stick.at('five'));
    await importBundle(endpoint, stick.at('five'));
  });

  test('is the same bytes for the same release', async () => {
    await exportAll(distribution, license, stick.at('again'));
    expect(await readFile(stick.at('again'))).toEqual(await readFile(stick.at('five')));
  });

  test('again changes nothing', async () => {
    const before = await stateOf(endpoint);
    expect(await importBundle(endpoint, stick.at('five'))).toMatchObject({
      switched: false,
      packs: [{ outcome: 'current' }],
    });
    expect(await stateOf(endpoint)).toEqual(before);
  });

  test('for a group of hosts serves each of them', async () => {
    license.seats = 2;
    const second = await newEndpoint(endpoint.clock.now());
    await activateOffline(second);
    await distribution.release(core, 6);
    await distribution.release('premium/extra/stable', 1);
    const report = await exportAll(distribution, license, stick.at('bundle'));
    expect(report.hosts).toHaveLength(2);
    expect(report.packs.map(({ path }) => path)).toEqual(['sigma/core/stable.yms']);
    for (const host of [endpoint, second]) {
      await importBundle(host, stick.at('bundle'));
      expect(await activeRules(host)).toEqual(['sigma/core #6: rule-6']);
    }
    await removeEndpoint(second);
  });

  test('older than what is installed is refused', async () => {
    bothClocks(hourMs);
    await distribution.release(core, 6);
    await exportAll(distribution, license, stick.at('six'));
    await importBundle(endpoint, stick.at('six'));
    await refuses('version-rollback', 'five');
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  test('with an older document than was accepted is refused', async () => {
    license.documentDays = 20; // other content: the next serial
    await exportAll(distribution, license, stick.at('newer'));
    await importBundle(endpoint, stick.at('newer'));
    license.features = ['sigma'];
    await exportAll(distribution, license, stick.at('fewer'));
    await importBundle(endpoint, stick.at('fewer'));
    await refuses('license-rollback', 'newer');
  });

  test('that was days on its way is taken, and is stale', async () => {
    bothClocks(hourMs);
    await distribution.release(core, 6);
    const { staleAfter, refusedAfter } = await exportAll(distribution, license, stick.at('bundle'));
    expect(staleAfter).toBe(repository.inDays(1));
    expect(refusedAfter).toBe(repository.inDays(30));
    bothClocks(9 * dayMs);
    expect(await importBundle(endpoint, stick.at('bundle'))).toMatchObject({ stale: true, switched: true });
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    expect(await activeFlags(endpoint)).toEqual(['stale']);
    const before = await stateOf(endpoint);
    await importBundle(endpoint, stick.at('bundle'));
    expect(await stateOf(endpoint)).toEqual(before);
  });

  test('that is stale is still measured against what is installed', async () => {
    bothClocks(hourMs);
    await distribution.release(core, 6);
    await exportAll(distribution, license, stick.at('six'));
    bothClocks(hourMs);
    await distribution.release(core, 7);
    await exportAll(distribution, license, stick.at('seven'));
    bothClocks(9 * dayMs);
    await importBundle(endpoint, stick.at('seven'));
    await refuses('version-rollback', 'six');
  });

  test.each([
    ['release role', 31, { documentDays: 60 }],
    ['targets', 91, { documentDays: 200 }],
  ])('whose %s has expired is refused', async (_, days, { documentDays }) => {
    license.documentDays = documentDays;
    await distribution.release(core, 6);
    if (documentDays === 200) repository.role('sigma').expires = repository.inDays(300);
    await exportAll(distribution, license, stick.at('bundle'));
    bothClocks(days * dayMs);
    const before = await stateOf(endpoint);
    const outcome = await importBundle(endpoint, stick.at('bundle')).catch((error: unknown) => error);
    expect(outcome).toMatchObject(
      days > 90
        ? { code: 'metadata-expired' }
        : { packs: [{ outcome: 'refused', refusal: { code: 'metadata-expired' } }] },
    );
    expect(await activeRules(endpoint)).toEqual(['sigma/core #5: rule-5']);
    if (days > 90) expect(await stateOf(endpoint)).toEqual(before);
  });

  test('whose root has expired is refused', async () => {
    repository.root.expires = repository.inDays(10);
    repository.writeRoot();
    await distribution.release(core, 6);
    license.documentDays = 60;
    await exportAll(distribution, license, stick.at('bundle'));
    bothClocks(11 * dayMs);
    await refuses('metadata-expired');
    expect(formatSeconds(endpoint.clock.now()) > repository.root.expires).toBe(true);
  });

  test('whose document has expired is refused', async () => {
    await distribution.release(core, 6);
    await exportAll(distribution, license, stick.at('bundle'));
    bothClocks(15 * dayMs);
    await refuses('license-expired');
  });

  test('for another host is refused', async () => {
    const other = distribution.sell(['sigma']);
    const second = await newEndpoint(endpoint.clock.now());
    const { bytes } = await requestActivation(second, { name: 'other', license: other.id });
    await answerRequest(distribution, other, bytes, stick.at('answer'));
    await distribution.release(core, 6);
    await exportAll(distribution, other, stick.at('bundle'));
    const kept = await keptVersions(endpoint);
    await refuses('license-missing');
    expect(await keptVersions(endpoint), 'the stick of another host keeps nothing here').toEqual(kept);
    await removeEndpoint(second);
  });
});

test('a host that has a network now and then takes both, newest first', async () => {
  await distribution.start();
  try {
    license.seats = 2;
    await activateAt(endpoint, distribution, license);
    await exportAll(distribution, license, stick.at('five'));
    await importBundle(endpoint, stick.at('five'));
    expect(distribution.statuses).toEqual([]);
    bothClocks(hourMs);
    await distribution.release(core, 6);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    await refuses('version-rollback', 'five');
    bothClocks(hourMs);
    await distribution.release(core, 7);
    await exportAll(distribution, license, stick.at('seven'));
    bothClocks(3 * dayMs);
    await importBundle(endpoint, stick.at('seven'));
    expect(await activeFlags(endpoint)).toEqual(['stale']);
    await expectCode('metadata-expired', () => update(endpoint)); // a server has no excuse
    repository.publish();
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #7: rule-7']);
    expect(await activeFlags(endpoint)).toEqual([]);
  } finally {
    await distribution.stop();
  }
});
