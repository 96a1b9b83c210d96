import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';
import { auditLength, newCustomer, newPlan, sellOfPlan } from './sales-support.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
});
afterAll(() => server.stop());

const license = async (id: string) => (await expectStatus(200, server.admin('GET', `/v1/licenses/${id}`))).json ?? {};

describe('a plan', () => {
  test('gives its terms to a license that is sold of it', async () => {
    const planId = await newPlan(server, { features: ['sigma', 'pools'], seats: 7, channel: 'beta', floatingDays: 3 });
    const { id } = await sellOfPlan(server, planId, { addedFeatures: ['extra'], removedFeatures: ['pools'] });
    expect(await license(id)).toMatchObject({
      planId,
      features: ['extra', 'sigma'],
      addedFeatures: ['extra'],
      removedFeatures: ['pools'],
      seats: 7,
      floatingDays: 3,
      channel: 'beta',
      state: 'active',
      expiresAt: '2027-07-01T00:00:00Z',
    });
  });

  test('changes its licenses at once in what they cover, not in what was copied', async () => {
    const planId = await newPlan(server);
    const { id } = await sellOfPlan(server, planId);
    const changed = await expectStatus(
      200,
      server.admin('PATCH', `/v1/plans/${planId}`, { features: ['pools'], seats: 99, graceDays: 10 }),
    );
    expect(changed.json).toMatchObject({ features: ['pools'], seats: 99, graceDays: 10 });
    expect(await license(id)).toMatchObject({ features: ['pools'], seats: 2, graceUntil: '2027-07-11T00:00:00Z' });
  });

  test('that is archived is no longer sold', async () => {
    const planId = await newPlan(server);
    const { id } = await sellOfPlan(server, planId);
    await expectStatus(200, server.admin('PATCH', `/v1/plans/${planId}`, { archived: true }));
    const before = await auditLength(server);
    const customerId = await newCustomer(server);
    await expectProblem(409, 'plan-archived', server.admin('POST', '/v1/licenses', { planId, customerId }));
    expect(await auditLength(server)).toBe(before + 1);
    expect((await license(id))['state']).toBe('active');
  });

  test('is written over only by who has read it as it is', async () => {
    const planId = await newPlan(server);
    const path = `/v1/plans/${planId}`;
    const etag = (await server.admin('GET', path)).headers.get('etag') ?? '';
    const patch = (json: object, ifMatch: string) =>
      server.call('PATCH', path, { token: server.adminToken, json, headers: { 'if-match': ifMatch } });
    await expectStatus(200, patch({ seats: 3 }, etag));
    await expectProblem(412, 'precondition-failed', patch({ seats: 4 }, etag));
    await expectProblem(412, 'precondition-failed', patch({ seats: 4 }, '"nonsense"'));
    const read = await expectStatus(200, server.admin('GET', path));
    expect(read.json).toMatchObject({ seats: 3 });
    const unchanged = { token: server.adminToken, headers: { 'if-none-match': read.headers.get('etag') ?? '' } };
    await expectStatus(304, server.call('GET', path, unchanged));
    await expectStatus(200, patch({ seats: 4 }, '*'));
  });
});

describe('a list', () => {
  test('is sorted either way, filtered, and pages neither repeat nor leave out', async () => {
    for (const name of ['delta', 'alpha', 'charlie', 'bravo', 'alpha']) await newPlan(server, { name: `list ${name}` });
    const page = async (query: string) =>
      (await expectStatus(200, server.admin('GET', `/v1/plans?${query}`))).json ?? {};
    const names = (items: unknown) => (items as { name: string }[]).map(({ name }) => name.replace('list ', ''));
    const all: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const found: Record<string, unknown> = await page(`q=LIST&sort=-name&limit=2${cursor && `&cursor=${cursor}`}`);
      all.push(...names(found['items']));
      cursor = found['next'] as string | null;
    }
    expect(all).toEqual(['delta', 'charlie', 'bravo', 'alpha', 'alpha']);
    expect(names((await page('q=list&sort=name&limit=1'))['items'])).toEqual(['alpha']);
    expect((await page('q=100%25'))['items']).toEqual([]);
    const { next } = await page('q=list&sort=name&limit=1');
    await expectProblem(400, 'request-cursor', server.admin('GET', `/v1/plans?sort=-name&cursor=${String(next)}`));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/plans?sort=keyDigest'));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/plans?archived=maybe'));
  });

  test('of licenses knows the states as a license shows them', async () => {
    const customerId = await newCustomer(server);
    const paid = await newPlan(server, { name: 'paid', graceDays: 10, durationDays: 10 });
    const trial = await newPlan(server, { name: 'trial', trial: true, durationDays: 30 });
    const sell = async (planId: string, terms: object = {}) =>
      (await sellOfPlan(server, planId, { customerId, ...terms })).id;
    const since = { notBefore: '2026-01-01T00:00:00Z' };
    const ids: Record<string, string[]> = {
      active: [await sell(paid)],
      trial: [await sell(trial)],
      grace: [await sell(paid, { ...since, expiresAt: '2026-06-25T00:00:00Z' })],
      expired: [
        await sell(paid, { ...since, expiresAt: '2026-06-20T00:00:00Z' }),
        await sell(trial, { ...since, expiresAt: '2026-06-30T00:00:00Z' }),
        (await server.sellLicense({ customerId, ...since, expiresAt: '2026-06-30T00:00:00Z' })).id,
      ],
      suspended: [await sell(paid)],
      revoked: [await sell(paid)],
    };
    await expectStatus(200, server.admin('POST', `/v1/licenses/${ids['suspended']?.[0] ?? ''}/suspend`, {}));
    await expectStatus(200, server.admin('POST', `/v1/licenses/${ids['revoked']?.[0] ?? ''}/revoke`, {}));
    for (const [state, expected] of Object.entries(ids)) {
      const answer = await server.admin('GET', `/v1/licenses?customerId=${customerId}&state=${state}`);
      const items = (await expectStatus(200, Promise.resolve(answer))).json?.['items'] as {
        id: string;
        state: string;
      }[];
      expect(items.map(({ id }) => id)).toEqual(expected);
      expect(items.every((item) => item.state === state)).toBe(true);
    }
  });
});
