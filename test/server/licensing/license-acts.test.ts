import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs } from '../../../base/clock.js';
import { licenseStates } from '../../../packs/license.js';
import { licenseState } from '../../../server/licensing/license-state.js';
import { licenseActs, transitions } from '../../../server/licensing/transitions.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';
import { auditLength, newCustomer, newPlan, sellOfPlan } from './sales-support.js';

let server: TestServer;
let paid: string;
let trial: string;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  paid = await newPlan(server, { name: 'paid', durationDays: 100, graceDays: 10 });
  trial = await newPlan(server, { name: 'trial', durationDays: 30, trial: true });
});
afterAll(() => server.stop());

const act = (id: string, name: string, json: object = {}) => server.admin('POST', `/v1/licenses/${id}/${name}`, json);
const state = async (id: string) => (await server.admin('GET', `/v1/licenses/${id}`)).json?.['state'];
const dated = (expiresAt: string) => ({ notBefore: '2026-01-01T00:00:00Z', expiresAt });

/** A new license in the state. */
async function licenseIn(wanted: string): Promise<string> {
  if (wanted === 'trial') return (await sellOfPlan(server, trial)).id;
  if (wanted === 'grace') return (await sellOfPlan(server, paid, dated('2026-06-25T00:00:00Z'))).id;
  if (wanted === 'expired') return (await sellOfPlan(server, paid, dated('2026-06-01T00:00:00Z'))).id;
  const { id } = await sellOfPlan(server, paid);
  if (wanted !== 'active') await expectStatus(200, act(id, wanted === 'suspended' ? 'suspend' : 'revoke'));
  return id;
}

async function inputOf(name: string): Promise<object> {
  if (name === 'extend') return { expiresAt: '2028-01-01T00:00:00Z' };
  if (name === 'upgrade') return { planId: paid };
  return name === 'transfer' ? { customerId: await newCustomer(server) } : {};
}

describe('the table of transitions', () => {
  test.each(licenseStates.flatMap((from) => licenseActs.map((name) => [from, name] as const)))(
    'from %s by %s',
    async (from, name) => {
      const id = await licenseIn(from);
      expect(await state(id)).toBe(from);
      const input = await inputOf(name);
      const before = await auditLength(server);
      const to = transitions[name][from];
      if (to === undefined) {
        await expectProblem(409, 'transition-refused', act(id, name, input));
        expect(await state(id)).toBe(from);
        expect(await auditLength(server)).toBe(before);
        return;
      }
      const answer = await expectStatus(200, act(id, name, input));
      expect(to).toContain(answer.json?.['state']);
      expect(await state(id)).toBe(answer.json?.['state']);
      expect(await auditLength(server)).toBe(before + 1);
    },
  );

  test('holds for time alone, whatever the plan', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(400), fc.nat(800), fc.nat(800), (isTrial, graceDays, first, later) => {
        const license = {
          status: 'active',
          notBefore: '2026-01-01T00:00:00Z',
          expiresAt: '2026-06-01T00:00:00Z',
        } as const;
        const plan = { trial: isTrial, graceMs: graceDays * dayMs };
        const at = (day: number) => licenseState(license, new Date(Date.UTC(2026, 0, 1 + day)), plan);
        const [from, to] = [at(first), at(first + later)];
        expect([from, ...(transitions.clock[from] ?? [])]).toContain(to);
      }),
    );
  });

  test('stands in docs/licensing.md as it is in the code', async () => {
    const page = await readFile(new URL('../../../docs/licensing.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => /^\| `[a-z]+` \|/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      );
    const shown = Object.fromEntries(rows.map(([name = '', ...cells]) => [name, cells]));
    const expected = Object.fromEntries(
      Object.entries(transitions).map(([name, moves]) => [
        name,
        licenseStates.map((from) => moves[from]?.join(', ') ?? '-'),
      ]),
    );
    expect(shown).toEqual(expected);
  });
});

describe('an act', () => {
  const ends = async (id: string, name: string, json: object) =>
    (await expectStatus(200, act(id, name, json))).json?.['expiresAt'];

  test('renews from the end, or from now when the license has expired', async () => {
    expect(await ends(await licenseIn('active'), 'renew', {})).toBe('2027-01-17T00:00:00Z');
    expect(await ends(await licenseIn('grace'), 'renew', {})).toBe('2026-10-03T00:00:00Z');
    expect(await ends(await licenseIn('expired'), 'renew', {})).toBe('2026-10-09T00:00:00Z');
    expect(await ends(await licenseIn('active'), 'renew', { days: 1 })).toBe('2026-10-10T00:00:00Z');
    const { id } = await server.sellLicense();
    await expectProblem(400, 'request-body', act(id, 'renew'));
  });

  test('extends to a later end only', async () => {
    const id = await licenseIn('active');
    expect(await ends(id, 'extend', { days: 2 })).toBe('2026-10-11T00:00:00Z');
    await expectProblem(400, 'request-body', act(id, 'extend', { expiresAt: '2026-10-01T00:00:00Z' }));
    await expectProblem(400, 'request-body', act(id, 'extend', { days: 1, expiresAt: '2027-10-01T00:00:00Z' }));
    await expectProblem(400, 'request-body', act(await licenseIn('expired'), 'extend', { days: 1 }));
  });

  test('upgrades with the new plan’s terms; a trial starts a term', async () => {
    const large = await newPlan(server, {
      name: 'large',
      features: ['all'],
      seats: 50,
      durationDays: 700,
      channel: 'beta',
    });
    const bought = await expectStatus(200, act(await licenseIn('trial'), 'upgrade', { planId: large }));
    expect(bought.json).toMatchObject({
      state: 'active',
      seats: 50,
      features: ['all'],
      channel: 'beta',
      expiresAt: '2028-05-31T00:00:00Z',
    });
    const moved = await expectStatus(200, act(await licenseIn('active'), 'upgrade', { planId: large, seats: 5 }));
    expect(moved.json).toMatchObject({ seats: 5, expiresAt: '2026-10-09T00:00:00Z' });
    await expectProblem(422, 'plan-unfit', act(await licenseIn('active'), 'upgrade', { planId: trial }));
    const { id, licenseKey } = await sellOfPlan(server, paid);
    await server.activate(licenseKey);
    await server.activate(licenseKey);
    await expectProblem(409, 'seats-in-use', act(id, 'upgrade', { planId: large, seats: 1 }));
    expect((await server.admin('GET', `/v1/licenses/${id}`)).json).toMatchObject({ planId: paid, seats: 2 });
  });

  test('transfers to another customer: the old key and the hosts are no longer worth anything', async () => {
    const { id, licenseKey } = await sellOfPlan(server, paid);
    const host = await server.activate(licenseKey);
    const customerId = await newCustomer(server, 'Buyer');
    const answer = await expectStatus(200, act(id, 'transfer', { customerId }));
    expect(answer.json).toMatchObject({ customerId, seatsUsed: 0 });
    await expectProblem(401, 'token-invalid', server.call('GET', '/v1/license', { token: host.token }));
    await expect(server.activate(licenseKey)).rejects.toThrow(/license-key-unknown/);
    await server.activate(String(answer.json?.['licenseKey']));
  });

  test('with a stale ETag is refused', async () => {
    const id = await licenseIn('active');
    const etag = (await server.admin('GET', `/v1/licenses/${id}`)).headers.get('etag') ?? '';
    await expectStatus(200, act(id, 'renew'));
    const suspend = server.call('POST', `/v1/licenses/${id}/suspend`, {
      token: server.adminToken,
      json: {},
      headers: { 'if-match': etag },
    });
    await expectProblem(412, 'precondition-failed', suspend);
    expect(await state(id)).toBe('active');
  });
});
