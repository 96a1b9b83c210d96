import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEnvelope } from '../../../keys/envelope.js';
import { parseLicense } from '../../../packs/license.js';
import { settleMoves } from '../../../server/licensing/settle-moves.js';
import { type Answer, expectProblem, expectStatus, type TestHost, TestServer } from '../../support/server.js';
import { auditLength, newPlan, sellOfPlan } from './sales-support.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  await server.publish('sigma', 1);
  await server.publish('premium', 1);
});
afterAll(() => server.stop());

interface Scene {
  readonly free: string;
  readonly premium: string;
  readonly losing: { id: string; licenseKey: string };
  readonly keeping: { id: string };
}

async function scene(): Promise<Scene> {
  const free = await newPlan(server, { name: 'free', features: ['mining-pools', 'sigma'] });
  const premium = await newPlan(server, { name: 'premium', features: ['premium'] });
  const losing = await sellOfPlan(server, free);
  const keeping = await sellOfPlan(server, free, { addedFeatures: ['sigma'] });
  await sellOfPlan(server, premium);
  return { free, premium, losing, keeping };
}

const move = (json: object, path = '/v1/feature-moves') => server.admin('POST', path, json);
const featuresOf = async (id: string) => (await server.admin('GET', `/v1/licenses/${id}`)).json?.['features'];
const documentOf = (host: TestHost) => server.call('GET', '/v1/license', { token: host.token });
const opened = ({ bytes }: Answer) => parseLicense(parseEnvelope(bytes).payload);
const ids = (list: unknown) => (list as { licenseId: string }[]).map(({ licenseId }) => licenseId);

describe('a feature move', () => {
  test('shows who loses it and changes nothing', async () => {
    const { free, premium, losing, keeping } = await scene();
    const before = await auditLength(server);
    await server.activate(losing.licenseKey);
    const answer = await expectStatus(
      200,
      move({ feature: 'sigma', fromPlans: [free], toPlans: [premium] }, '/v1/feature-moves/preview'),
    );
    expect(ids(answer.json?.['loses'])).toEqual([losing.id]);
    expect(answer.json?.['loses']).toMatchObject([{ customerName: 'Example Ltd', planId: free, hosts: 1 }]);
    expect(ids(answer.json?.['keeps'])).toEqual([keeping.id]);
    expect(answer.json?.['gains']).toHaveLength(1);
    expect(await featuresOf(losing.id)).toEqual(['mining-pools', 'sigma']);
    expect(await auditLength(server)).toBe(before + 1); // the activation
  });

  test('acts at its very time: on the download, the document, and the audit log', async () => {
    const { free, premium, losing, keeping } = await scene();
    const host = await server.activate(losing.licenseKey);
    const pack = server.trustDomain.roles.get('sigma');
    expect(pack).toBeDefined();
    expect(opened(await documentOf(host)).packs).toHaveLength(1);
    const at = '2026-07-02T00:00:00Z';
    await expectStatus(201, move({ feature: 'sigma', fromPlans: [free], toPlans: [premium], effectiveAt: at }));
    server.clock.advanceMs(86_399_000);
    expect(opened(await documentOf(host)).features).toContain('sigma');
    server.clock.advanceMs(1000);
    const after = opened(await documentOf(host));
    expect([after.features, after.packs, after.grants]).toEqual([['mining-pools'], [], []]);
    const file = `/repository/targets/sigma/core/${'0'.repeat(64)}.stable.yms`;
    await expectProblem(403, 'feature-not-licensed', server.call('GET', file, { token: host.token }));
    expect(await featuresOf(keeping.id)).toContain('sigma');
    const log = (await server.admin('GET', '/v1/audit?limit=500')).json?.['items'] as Record<string, unknown>[];
    expect(log.find(({ action }) => action === 'feature-move.apply')).toMatchObject({
      actor: 'server',
      at,
      details: {
        before: { [free]: ['mining-pools', 'sigma'], [premium]: ['premium'] },
        after: { [free]: ['mining-pools'], [premium]: ['premium', 'sigma'] },
      },
    });
    expect(log.find(({ action }) => action === 'feature-move.create')).toMatchObject({
      details: { loses: [losing.id], keeps: [keeping.id] },
    });
  });

  test('without a time acts now; with keepExisting nobody loses it, and new licenses do not get it', async () => {
    const { free, premium, losing } = await scene();
    const answer = await expectStatus(
      201,
      move({ feature: 'sigma', fromPlans: [free], toPlans: [premium], keepExisting: true }),
    );
    expect(answer.json).toMatchObject({ appliedAt: answer.json?.['effectiveAt'], preview: { loses: [] } });
    expect(await featuresOf(losing.id)).toEqual(['mining-pools', 'sigma']);
    expect(await featuresOf((await sellOfPlan(server, free)).id)).toEqual(['mining-pools']);
    await expectProblem(
      409,
      'move-settled',
      server.admin('DELETE', `/v1/feature-moves/${String(answer.json?.['id'])}`),
    );
  });

  test('that is cancelled does not act, and the job applies one that nobody asks for', async () => {
    const { free, premium, losing } = await scene();
    const effectiveAt = new Date(server.clock.now().getTime() + 60_000).toISOString().replace('.000', '');
    const body = { feature: 'sigma', fromPlans: [free], toPlans: [premium], effectiveAt };
    const cancelled = String((await expectStatus(201, move(body))).json?.['id']);
    await expectStatus(204, server.admin('DELETE', `/v1/feature-moves/${cancelled}`));
    server.clock.advanceMs(60_000);
    await settleMoves(server.running.deps);
    expect(await featuresOf(losing.id)).toEqual(['mining-pools', 'sigma']);
    await expectProblem(400, 'request-body', move({ ...body, effectiveAt: '2026-07-01T00:00:00Z' }));
    await expectStatus(201, move({ ...body, effectiveAt: '2026-08-01T00:00:00Z' }));
    server.clock.advanceMs(40 * 86_400_000);
    await settleMoves(server.running.deps);
    const { records } = server.running.deps;
    expect(
      (await records.selectFrom('plans').select('features').where('id', '=', free).executeTakeFirst())?.features,
    ).toBe('["mining-pools"]');
    const pending = await expectStatus(200, server.admin('GET', '/v1/feature-moves?pending=true'));
    expect(pending.json?.['items']).toEqual([]);
  });

  test('of what is not there is refused', async () => {
    const { free, premium } = await scene();
    const before = await auditLength(server);
    await expectProblem(422, 'plan-unfit', move({ feature: 'other', fromPlans: [free], toPlans: [premium] }));
    const unknown = 'pln-000000000000-0000-000000000000';
    await expectProblem(422, 'reference-unknown', move({ feature: 'sigma', fromPlans: [free], toPlans: [unknown] }));
    await expectProblem(400, 'request-body', move({ feature: 'sigma', fromPlans: [free], toPlans: [free] }));
    await expectProblem(400, 'request-body', move({ feature: 'c-0123456789ab', fromPlans: [free], toPlans: [] }));
    expect(await auditLength(server)).toBe(before);
  });
});
