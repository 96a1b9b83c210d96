import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { dayMs, FixedClock } from '../../base/clock.js';
import { activate } from '../../scanner/update/activate.js';
import { type Endpoint, update } from '../../scanner/update/update.js';
import { rule } from '../support/distribution.js';
import { activeFlags, activeRules, newEndpoint, removeEndpoint } from '../support/endpoint.js';
import { expectCode } from '../support/expect-code.js';
import { expectStatus, TestServer } from '../support/server.js';

/** The endpoint and the real server, every exchange held against openapi.yaml. */
let server: TestServer;
let endpoint: Endpoint & { readonly clock: FixedClock };
let license: { id: string; licenseKey: string };

beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  await server.publish('sigma', 1, { items: [rule('rule-1')] });
  await server.publish('premium', 1, { items: [rule('dear')] });
});
afterAll(() => server.stop());

beforeEach(async () => {
  license = await server.sellLicense({ seats: 1 });
  endpoint = await newEndpoint(server.clock.now());
  await activateHere(endpoint);
});
afterEach(() => removeEndpoint(endpoint));

async function activateHere(at: Endpoint): Promise<void> {
  const { bytes } = await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'));
  const request = { server: server.url, licenseKey: license.licenseKey, name: 'host.example' };
  await activate(at, { ...request, firstTrust: { root: bytes } });
}

test('activate, update, update again, a newer release', async () => {
  expect(await update(endpoint)).toMatchObject({ switched: true, license: { state: 'active' } });
  expect(await activeRules(endpoint)).toEqual(['sigma/core #1: rule-1']);
  expect(await update(endpoint)).toMatchObject({ switched: false, packs: [{ outcome: 'current' }] });

  await server.publish('sigma', 2, { items: [rule('rule-2')] });
  expect(await update(endpoint)).toMatchObject({ packs: [{ outcome: 'updated', sequence: 2 }] });
  expect(await activeRules(endpoint)).toEqual(['sigma/core #2: rule-2']);
  expect(await activeFlags(endpoint)).toEqual([]);

  const hosts = await expectStatus(200, server.admin('GET', `/v1/hosts?licenseId=${license.id}`));
  expect(JSON.stringify(hosts.json)).toContain('"sequence":2');
});

test('a second host finds no seat, and the first may activate again', async () => {
  const second = await newEndpoint(server.clock.now());
  await expectCode('seats-exhausted', () => activateHere(second));
  await removeEndpoint(second);
  await activateHere(endpoint);
  await update(endpoint);
});

test('a license key with a typing error', async () => {
  const request = { server: server.url, licenseKey: 'YMS-no-such-key', name: 'host.example', firstTrust: null };
  await expectCode('license-key-unknown', () => activate(endpoint, request));
});

test.each(['suspended', 'revoked'] as const)(
  'a license that is %s: the last good set works on, flagged',
  async (status) => {
    await update(endpoint);
    const before = await activeRules(endpoint);
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${license.id}`, { status }));
    await expectCode(`license-${status}`, () => update(endpoint));
    expect(await activeRules(endpoint)).toEqual(before);
    expect(await activeFlags(endpoint)).toEqual([`license-${status}`, 'update-failed']);
  },
);

test('a feature that the license no longer names stays, frozen', async () => {
  await update(endpoint);
  const before = await activeRules(endpoint);
  await expectStatus(200, server.admin('PATCH', `/v1/licenses/${license.id}`, { features: ['premium'] }));
  const { packs } = await update(endpoint);
  expect(packs.map(({ feature, outcome }) => `${feature} ${outcome}`)).toEqual(['premium updated', 'sigma unlicensed']);
  expect(await activeRules(endpoint)).toEqual(['premium/core #1: dear', ...before]);
});

test('a clock that is two days fast: refused, and flagged', async () => {
  await update(endpoint);
  endpoint.clock.advanceMs(2 * dayMs);
  await expectCode('metadata-expired', () => update(endpoint));
  expect(await activeFlags(endpoint)).toContain('stale');
});
