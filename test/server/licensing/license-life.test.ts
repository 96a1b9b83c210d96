import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs } from '../../../base/clock.js';
import { type AuditEntry, verifyAudit } from '../../../server/audit/audit.js';
import { coverageWords } from '../../../cli/commands/coverage-words.js';
import { activate } from '../../../scanner/update/activate.js';
import { loadState } from '../../../scanner/active/active.js';
import { update } from '../../../scanner/update/update.js';
import { rule } from '../../support/distribution.js';
import { activeFlags, activeRules, newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import { expectStatus, TestServer } from '../../support/server.js';
import { newCustomer, newPlan, sellOfPlan } from './sales-support.js';

let server: TestServer;
let endpoint: Awaited<ReturnType<typeof newEndpoint>>;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  await publishAll(1);
  endpoint = await newEndpoint(server.clock.now());
});
afterAll(async () => {
  await removeEndpoint(endpoint);
  await server.stop();
});

async function publishAll(sequence: number): Promise<void> {
  await server.publish('sigma', sequence, { items: [rule(`sigma-${sequence}`)] });
  await server.publish('mining-pools', sequence, { items: [rule(`pools-${sequence}`)] });
  await server.publish('premium', sequence, { items: [rule(`premium-${sequence}`)] });
}

/** Days pass for the server and the endpoint; the release goes on, as it would. */
async function pass(days: number, sequence: number): Promise<void> {
  for (const clock of [server.clock, endpoint.clock]) clock.advanceMs(days * dayMs);
  await publishAll(sequence);
}

const act = (name: string, json: object = {}) =>
  expectStatus(200, server.admin('POST', `/v1/licenses/${scene.id}/${name}`, json));

/** Features whose newest pack the endpoint scans with, and the state that its document says. */
async function got(sequence: number): Promise<{ state: string; features: string[] }> {
  const { license } = await update(endpoint);
  const features = (await activeRules(endpoint))
    .filter((line) => line.includes(`#${sequence}:`))
    .map((line) => line.split('/')[0] ?? '');
  return { state: license.state, features };
}

/** What `yms status` says of the license. */
async function said(): Promise<string> {
  return coverageWords(await loadState(endpoint.home), endpoint.clock.now()).join('\n');
}

/** What the steps hand on: the plans, the license, and how its host asked for a seat. */
const scene = { basic: '', premium: '', id: '', request: {} as Parameters<typeof activate>[1] };

type Step = readonly [name: string, run: () => Promise<void>];

const steps: readonly Step[] = [
  [
    'a trial is sold, and a host takes its seat',
    async () => {
      const trial = await newPlan(server, {
        name: 'trial',
        trial: true,
        features: ['sigma'],
        durationDays: 30,
        seats: 1,
      });
      scene.basic = await newPlan(server, {
        name: 'basic',
        features: ['mining-pools', 'sigma'],
        durationDays: 60,
        graceDays: 14,
        seats: 1,
      });
      scene.premium = await newPlan(server, { name: 'premium', features: ['premium'] });
      const { id, licenseKey } = await sellOfPlan(server, trial, { customerId: await newCustomer(server) });
      const { bytes: root } = await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'));
      scene.id = id;
      scene.request = { server: server.url, licenseKey, name: 'host.example', firstTrust: { root } };
      await activate(endpoint, scene.request);
      expect(await said()).toContain('run yms update');
    },
  ],
  [
    'trial',
    async () => {
      expect(await got(1)).toEqual({ state: 'trial', features: ['sigma'] });
      expect(await said()).toMatch(
        /is a trial and covers sigma\n {2}it ends at 2026-07-31T00:00:00Z; from then on no new packs come/,
      );
    },
  ],
  [
    'bought: the plan is changed',
    async () => {
      await act('upgrade', { planId: scene.basic });
      const { changes } = await update(endpoint);
      expect(changes).toEqual([
        { what: 'feature-added', feature: 'mining-pools' },
        { what: 'state', from: 'trial', to: 'active' },
        { what: 'end', from: '2026-07-31T00:00:00Z', to: '2026-08-30T00:00:00Z' },
      ]);
      expect(await got(1)).toEqual({ state: 'active', features: ['mining-pools', 'sigma'] });
    },
  ],
  [
    'a feature is added, and taken off again',
    async () => {
      const change = (addedFeatures: string[]) =>
        expectStatus(200, server.admin('PATCH', `/v1/licenses/${scene.id}`, { addedFeatures }));
      await change(['premium']);
      expect(await got(1)).toEqual({ state: 'active', features: ['mining-pools', 'premium', 'sigma'] });
      await change([]);
    },
  ],
  [
    'a second host gets no seat',
    async () => {
      const second = await newEndpoint(server.clock.now());
      await expectCode('seats-exhausted', () => activate(second, scene.request));
      await removeEndpoint(second);
    },
  ],
  [
    'suspended: no update, and what is in use stays',
    async () => {
      await act('suspend', { reason: 'unpaid' });
      const before = await activeRules(endpoint);
      await expectCode('license-suspended', () => update(endpoint));
      expect(await activeRules(endpoint)).toEqual(before);
      expect(await activeFlags(endpoint)).toContain('license-suspended');
      expect(await said()).toMatch(
        /since 2026-07-01T00:00:00Z: the license is suspended: no new packs come until it is resumed/,
      );
    },
  ],
  [
    'resumed',
    async () => {
      await act('resume');
      await pass(1, 2);
      expect(await got(2)).toEqual({ state: 'active', features: ['mining-pools', 'sigma'] });
      expect(await said()).toContain(
        'no longer covered: premium (removed from the license by 2026-07-02T00:00:00Z); its pack premium/core/stable 2026.7.1 stays in use, frozen',
      );
    },
  ],
  [
    'a feature moves to premium: its pack stays, frozen',
    async () => {
      const move = { feature: 'sigma', fromPlans: [scene.basic], toPlans: [scene.premium] };
      const seen = await expectStatus(200, server.admin('POST', '/v1/feature-moves/preview', move));
      expect(seen.json).toMatchObject({ loses: [{ licenseId: scene.id, hosts: 1 }] });
      await expectStatus(201, server.admin('POST', '/v1/feature-moves', move));
      await pass(1, 3);
      expect(await got(3)).toEqual({ state: 'active', features: ['mining-pools'] });
      expect(await activeRules(endpoint)).toContain('sigma/core #2: sigma-2');
      expect(await activeFlags(endpoint)).toContain('unlicensed sigma/core/stable');
      expect(await said()).toMatch(
        /covers mining-pools\n[^]*no longer covered: sigma .*2026-07-03T00:00:00Z.* sigma\/core\/stable 2026\.7\.2 stays in use/,
      );
    },
  ],
  [
    'grace',
    async () => {
      await pass(58, 4);
      expect(await got(4)).toEqual({ state: 'grace', features: ['mining-pools'] });
      expect(await said()).toMatch(
        /is in its grace time and covers mining-pools\n {2}it ended at 2026-08-30T00:00:00Z and is served until .* at least/,
      );
    },
  ],
  [
    'expired: nothing new comes, detection goes on',
    async () => {
      await pass(14, 5);
      await expectCode('license-expired', () => update(endpoint));
      expect(await said()).toMatch(
        /covered mining-pools\n {2}since 2026-09-13T00:00:00Z: the license has expired: no new packs come; detection goes on/,
      );
      expect((await activeRules(endpoint)).some((line) => line.includes('#5:'))).toBe(false);
    },
  ],
  [
    'renewed',
    async () => {
      await act('renew');
      expect(await got(5)).toEqual({ state: 'active', features: ['mining-pools'] });
    },
  ],
  [
    'revoked, for ever',
    async () => {
      await act('revoke', { reason: 'key was published' });
      expect(await said()).toContain('is active and covers mining-pools');
      await expectCode('license-revoked', () => update(endpoint));
      expect(await said()).toContain('the license is revoked, for ever: no new packs come');
      await expectCode('license-revoked', () => activate(endpoint, scene.request));
    },
  ],
  [
    'the audit log has each act once, in order',
    async () => {
      const log = (await server.admin('GET', '/v1/audit?limit=500')).json?.['items'] as AuditEntry[];
      expect(log.filter(({ subject }) => subject === scene.id).map(({ action }) => action)).toEqual([
        'license.create',
        'license.upgrade',
        'license.update',
        'license.update',
        'license.suspend',
        'license.resume',
        'license.renew',
        'license.revoke',
      ]);
      expect(verifyAudit(log)).toBe(log.at(-1)?.hash);
    },
  ],
  [
    'the report of documents has each state that was signed',
    async () => {
      const path = `/v1/reports/documents?licenseId=${scene.id}&sort=issuedAt&limit=500`;
      const items = (await server.admin('GET', path)).json?.['items'] as { state: string }[];
      expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['trial', 'active', 'grace']));
    },
  ],
];

/** Each step begins where the one before ended. */
describe('the life of a license', () => {
  test.each(steps)('%s', { timeout: 60_000 }, async (_name, run) => {
    await run();
  });
});
