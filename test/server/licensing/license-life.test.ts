import { afterAll, beforeAll, expect, test } from 'vitest';
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

const act = (id: string, name: string, json: object = {}) =>
  expectStatus(200, server.admin('POST', `/v1/licenses/${id}/${name}`, json));

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

test(
  'the life of a license: trial, bought, feature added, seat limit, suspended, resumed, feature moved to premium, grace, expired, renewed, revoked',
  { timeout: 120_000 },
  async () => {
    const trial = await newPlan(server, {
      name: 'trial',
      trial: true,
      features: ['sigma'],
      durationDays: 30,
      seats: 1,
    });
    const basic = await newPlan(server, {
      name: 'basic',
      features: ['mining-pools', 'sigma'],
      durationDays: 60,
      graceDays: 14,
      seats: 1,
    });
    const premium = await newPlan(server, { name: 'premium', features: ['premium'] });
    const { id, licenseKey } = await sellOfPlan(server, trial, { customerId: await newCustomer(server) });
    const { bytes: root } = await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'));
    const request = { server: server.url, licenseKey, name: 'host.example', firstTrust: { root } };
    await activate(endpoint, request);

    expect(await said()).toContain('run yms update');
    expect(await got(1)).toEqual({ state: 'trial', features: ['sigma'] });
    expect(await said()).toMatch(
      /is a trial and covers sigma\n {2}it ends at 2026-07-31T00:00:00Z; from then on no new packs come/,
    );

    await act(id, 'upgrade', { planId: basic });
    const { changes } = await update(endpoint);
    expect(changes).toEqual([
      { what: 'feature-added', feature: 'mining-pools' },
      { what: 'state', from: 'trial', to: 'active' },
      { what: 'end', from: '2026-07-31T00:00:00Z', to: '2026-08-30T00:00:00Z' },
    ]);
    expect(await got(1)).toEqual({ state: 'active', features: ['mining-pools', 'sigma'] });

    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { addedFeatures: ['premium'] }));
    expect(await got(1)).toEqual({ state: 'active', features: ['mining-pools', 'premium', 'sigma'] });
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { addedFeatures: [] }));

    const second = await newEndpoint(server.clock.now());
    await expectCode('seats-exhausted', () => activate(second, request));
    await removeEndpoint(second);

    await act(id, 'suspend', { reason: 'unpaid' });
    const before = await activeRules(endpoint);
    await expectCode('license-suspended', () => update(endpoint));
    expect(await activeRules(endpoint)).toEqual(before);
    expect(await activeFlags(endpoint)).toContain('license-suspended');
    expect(await said()).toMatch(
      /since 2026-07-01T00:00:00Z: the license is suspended: no new packs come until it is resumed/,
    );

    await act(id, 'resume');
    await pass(1, 2);
    expect(await got(2)).toEqual({ state: 'active', features: ['mining-pools', 'sigma'] });
    expect(await said()).toContain(
      'no longer covered: premium (removed from the license by 2026-07-02T00:00:00Z); its pack premium/core/stable 2026.7.1 stays in use, frozen',
    );

    const move = { feature: 'sigma', fromPlans: [basic], toPlans: [premium] };
    const seen = await expectStatus(200, server.admin('POST', '/v1/feature-moves/preview', move));
    expect(seen.json).toMatchObject({ loses: [{ licenseId: id, hosts: 1 }] });
    await expectStatus(201, server.admin('POST', '/v1/feature-moves', move));
    await pass(1, 3);
    expect(await got(3)).toEqual({ state: 'active', features: ['mining-pools'] });
    expect(await activeRules(endpoint)).toContain('sigma/core #2: sigma-2'); // what it had it keeps, frozen
    expect(await activeFlags(endpoint)).toContain('unlicensed sigma/core/stable');
    expect(await said()).toMatch(
      /covers mining-pools\n[^]*no longer covered: sigma .*2026-07-03T00:00:00Z.* sigma\/core\/stable 2026\.7\.2 stays in use/,
    );

    await pass(58, 4);
    expect(await got(4)).toEqual({ state: 'grace', features: ['mining-pools'] });
    expect(await said()).toMatch(
      /is in its grace time and covers mining-pools\n {2}it ended at 2026-08-30T00:00:00Z and is served until .* at least/,
    );

    await pass(14, 5);
    await expectCode('license-expired', () => update(endpoint));
    expect(await said()).toMatch(
      /covered mining-pools\n {2}since 2026-09-13T00:00:00Z: the license has expired: no new packs come; detection goes on/,
    );
    expect((await activeRules(endpoint)).some((line) => line.includes('#5:'))).toBe(false);

    await act(id, 'renew');
    expect(await got(5)).toEqual({ state: 'active', features: ['mining-pools'] });

    await act(id, 'revoke', { reason: 'key was published' });
    expect(await said()).toContain('is active and covers mining-pools');
    await expectCode('license-revoked', () => update(endpoint));
    expect(await said()).toContain('the license is revoked, for ever: no new packs come');
    await expectCode('license-revoked', () => activate(endpoint, request));

    const log = (await server.admin('GET', '/v1/audit?limit=500')).json?.['items'] as AuditEntry[];
    expect(log.filter(({ subject }) => subject === id).map(({ action }) => action)).toEqual([
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
    const received = await server.admin('GET', `/v1/reports/documents?licenseId=${id}&sort=issuedAt&limit=500`);
    const states = (received.json?.['items'] as { state: string }[]).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['trial', 'active', 'grace']));
  },
);
