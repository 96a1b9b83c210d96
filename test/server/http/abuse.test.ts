import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, hourMs } from '../../../base/clock.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { expectProblem, expectStatus, type TestHost, TestServer, text } from '../../support/server.js';
import { auditLength, newCustomer, newPlan, sellOfPlan } from '../licensing/sales-support.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  await server.publish('sigma', 1);
});
afterAll(() => server.stop());

const fetchDocument = (host: TestHost, etag?: string) =>
  server.call('GET', '/v1/license', {
    token: host.token,
    headers: etag === undefined ? {} : { 'if-none-match': etag },
  });
const shownHost = async ({ hostId }: TestHost) => (await server.admin('GET', `/v1/hosts/${hostId}`)).json ?? {};

describe('a cloned host', () => {
  test('is flagged when it shows a serial that was consumed, and is still served', async () => {
    const { id, licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);
    const etag = async (held?: string) =>
      (await expectStatus(200, fetchDocument(host, held))).headers.get('etag') ?? expect.fail('no ETag');
    const first = await etag();
    const change = (features: string[]) => server.admin('PATCH', `/v1/licenses/${id}`, { features });
    await change(['sigma']);
    const second = await etag(first);
    expect(second).not.toBe(first);
    await etag(first); // the answer was lost: the host asks again as before
    expect((await shownHost(host))['flag']).toBeNull();
    await expectStatus(304, fetchDocument(host, second));
    await etag(first); // the copy
    expect(await shownHost(host)).toMatchObject({ flag: 'serial-replayed' });
    const before = await auditLength(server);
    await etag(first);
    expect(await auditLength(server)).toBe(before);
    const cleared = await expectStatus(200, server.admin('PATCH', `/v1/hosts/${host.hostId}`, { flag: null }));
    expect(cleared.json).toMatchObject({ flag: null, flaggedAt: null });
    await expectProblem(400, 'request-body', server.admin('PATCH', `/v1/hosts/${host.hostId}`, { flag: 'x' }));
  });
});

describe('seats', () => {
  test('that float come free when their host was not seen, and are taken again by it', async () => {
    const planId = await newPlan(server, { seats: 1, floatingDays: 3 });
    const { id, licenseKey } = await sellOfPlan(server, planId);
    const first = await server.activate(licenseKey);
    await expectStatus(200, fetchDocument(first));
    await expect(server.activate(licenseKey)).rejects.toThrow(/seats-exhausted/);
    server.clock.advanceMs(3 * dayMs + 1000);
    const second = await server.activate(licenseKey);
    expect((await server.admin('GET', `/v1/licenses/${id}`)).json).toMatchObject({ seatsUsed: 1, seats: 1 });
    await expectProblem(409, 'seats-exhausted', fetchDocument(first));
    await expectStatus(204, server.admin('DELETE', `/v1/hosts/${second.hostId}`));
    await expectStatus(200, fetchDocument(first));
    expect((await shownHost(first))['seatFreedAt']).toBeNull();
  });

  test('that are locked stay with their host', async () => {
    const { licenseKey } = await sellOfPlan(server, await newPlan(server, { seats: 1 }));
    await server.activate(licenseKey);
    server.clock.advanceMs(90 * dayMs);
    await expect(server.activate(licenseKey)).rejects.toThrow(/seats-exhausted/);
  });

  test('are not multiplied by removing and activating in a loop', async () => {
    const { licenseKey } = await server.sellLicense({ seats: 1 });
    let made = 0;
    for (; made < 30; made++) {
      const host = await server.activate(licenseKey).catch((error: unknown) => String(error));
      if (typeof host === 'string') {
        expect(host).toMatch(/rate-limited/);
        break;
      }
      await server.admin('DELETE', `/v1/hosts/${host.hostId}`);
    }
    expect(made).toBe(server.running.deps.config.activationsPerHour);
    server.clock.advanceMs(hourMs);
    await server.activate(licenseKey);
  });
});

describe('an activation token', () => {
  const make = async (json: object) =>
    (await expectStatus(201, server.admin('POST', '/v1/activation-tokens', { name: 'rollout', ...json }))).json ?? {};

  test('stands for the license key, for as many new hosts as it says', async () => {
    const { id } = await server.sellLicense({ seats: 5 });
    const token = await make({ licenseId: id, uses: 2 });
    const key = newSealingKey();
    await server.activate(String(token['token']), key);
    await server.activate(String(token['token']), key); // the same host again costs nothing
    await server.activate(String(token['token']));
    await expect(server.activate(String(token['token']))).rejects.toThrow(/license-key-unknown/);
    const listed = await server.admin('GET', `/v1/activation-tokens?licenseId=${id}`);
    expect(listed.json?.['items']).toMatchObject([{ scope: 'activation', usesLeft: 0 }]);
    expect(JSON.stringify(listed.json)).not.toContain(String(token['token']));
  });

  test('ends at its time and when it is removed, and opens nothing else', async () => {
    const { id } = await server.sellLicense();
    const expiresAt = new Date(server.clock.now().getTime() + hourMs).toISOString().replace('.000', '');
    const short = await make({ licenseId: id, expiresAt });
    const gone = await make({ licenseId: id });
    await expectProblem(403, 'scope-missing', server.call('GET', '/v1/license', { token: String(gone['token']) }));
    await expectStatus(204, server.admin('DELETE', `/v1/activation-tokens/${String(gone['id'])}`));
    await expect(server.activate(String(gone['token']))).rejects.toThrow(/license-key-unknown/);
    server.clock.advanceMs(hourMs);
    await expect(server.activate(String(short['token']))).rejects.toThrow(/license-key-unknown/);
  });
});

test('a token that is rotated works on for the hours that were said, and not after', async () => {
  const made = await expectStatus(201, server.admin('POST', '/v1/tokens', { name: 'ci', scope: 'auditor' }));
  const old = String(made.json?.['token']);
  const path = `/v1/tokens/${String(made.json?.['id'])}/rotate`;
  const fresh = await expectStatus(201, server.admin('POST', path, { graceHours: 1 }));
  const ask = (token: string) => server.call('GET', '/v1/audit', { token });
  await expectStatus(200, ask(old));
  await expectStatus(200, ask(String(fresh.json?.['token'])));
  server.clock.advanceMs(hourMs);
  await expectProblem(401, 'token-expired', ask(old));
  await expectStatus(200, ask(String(fresh.json?.['token'])));
});

describe('a feature of one customer', () => {
  test('is given to nobody else, also not by a plan, a transfer or the records', async () => {
    const [owner, other] = [await newCustomer(server, 'Owner'), await newCustomer(server, 'Other')];
    const made = await expectStatus(201, server.admin('POST', `/v1/customers/${owner}/features`, { name: 'ours' }));
    const feature = String(made.json?.['feature']);
    expect(feature).toMatch(/^c-[0-9a-f]{12}$/);
    const terms = { features: [feature], seats: 1, expiresAt: '2030-01-01T00:00:00Z' };
    const before = await auditLength(server);
    const foreign = server.admin('POST', '/v1/licenses', { customerId: other, ...terms });
    await expectProblem(422, 'feature-foreign', foreign);
    const plan = { name: 'p', features: [feature], seats: 1, durationDays: 1 };
    await expectProblem(400, 'request-body', server.admin('POST', '/v1/plans', plan));
    expect(await auditLength(server)).toBe(before);
    const sold = await expectStatus(201, server.admin('POST', '/v1/licenses', { customerId: owner, ...terms }));
    const id = String(sold.json?.['id']);
    expect(sold.json?.['features']).toEqual([feature]);
    const moved = server.admin('POST', `/v1/licenses/${id}/transfer`, { customerId: other });
    expect((await expectStatus(200, moved)).json?.['features']).toEqual([]);
    const { records } = server.running.deps;
    await records
      .updateTable('licenses')
      .set({ features: JSON.stringify([feature]) })
      .where('id', '=', id)
      .execute();
    const key = (await server.admin('POST', `/v1/licenses/${id}/transfer`, { customerId: other })).json?.['licenseKey'];
    await records
      .updateTable('licenses')
      .set({ features: JSON.stringify([feature]) })
      .where('id', '=', id)
      .execute();
    const host = await server.activate(String(key));
    const file = `/repository/targets/${feature}/core/${'0'.repeat(64)}.stable.yms`;
    await expectProblem(403, 'feature-not-licensed', server.call('GET', file, { token: host.token }));
    const document = text((await fetchDocument(host)).bytes);
    expect(Buffer.from((JSON.parse(document) as { payload: string }).payload, 'base64').toString()).not.toContain(
      feature,
    );
  });
});

describe('an Idempotency-Key', () => {
  const post = (key: string, json: object, path = '/v1/customers', token = server.adminToken) =>
    server.call('POST', path, { token, json, headers: { 'idempotency-key': key } });

  test('gets the same answer again, and the work is done once', async () => {
    const { id: licenseId } = await server.sellLicense();
    const before = await auditLength(server);
    const body = { name: 'rollout', licenseId };
    const [first, ...again] = await Promise.all([1, 2, 3].map(() => post('key-1', body, '/v1/activation-tokens')));
    const last = await post('key-1', body, '/v1/activation-tokens');
    const made = [first, ...again].filter((answer) => answer?.status === 201);
    expect(made.length).toBeGreaterThan(0);
    for (const answer of made) expect(answer?.json).toEqual(last.json);
    expect(String(last.json?.['token'])).toMatch(/^yms_activation_/);
    expect(await auditLength(server)).toBe(before + 1);
    const rows = JSON.stringify(await server.running.deps.records.selectFrom('idempotency').selectAll().execute());
    expect(rows).not.toContain(String(last.json?.['token']));
  });

  test('is another one for another request, another caller, another day', async () => {
    const first = await expectStatus(201, post('key-2', { name: 'a' }));
    await expectProblem(422, 'idempotency-mismatch', post('key-2', { name: 'b' }));
    const made = await server.admin('POST', '/v1/tokens', { name: 't', scope: 'license-manager' });
    const other = await post('key-2', { name: 'a' }, '/v1/customers', String(made.json?.['token']));
    expect(other.json?.['id']).not.toBe(first.json?.['id']);
    server.clock.advanceMs(dayMs + 1000);
    expect((await expectStatus(201, post('key-2', { name: 'a' }))).json?.['id']).not.toBe(first.json?.['id']);
    await expectProblem(400, 'idempotency-key', post('k'.repeat(201), { name: 'a' }));
  });

  test('of a refused request may be used again', async () => {
    const body = { name: 'x', licenseId: 'lic-000000000000-0000-000000000000' };
    await expectProblem(422, 'reference-unknown', post('key-3', body, '/v1/activation-tokens'));
    await expectProblem(422, 'reference-unknown', post('key-3', body, '/v1/activation-tokens'));
  });
});

describe('reports', () => {
  test('come as JSON pages and as CSV in which no cell is a formula', async () => {
    const customerId = await newCustomer(server, '=HYPERLINK("http://evil.example","x"), Ltd');
    await sellOfPlan(server, await newPlan(server), { customerId });
    const answer = await expectStatus(200, server.admin('GET', '/v1/reports/seats?format=csv'));
    expect(answer.headers.get('content-type')).toContain('text/csv');
    const [header = '', ...rows] = text(answer.bytes).trimEnd().split('\r\n');
    expect(header).toBe('licenseId,customerId,customerName,plan,state,features,seats,seatsUsed,floatingDays,expiresAt');
    expect(rows.find((row) => row.includes(customerId))).toContain(`"'=HYPERLINK(""http://evil.example"",""x""), Ltd"`);
    const usage = await expectStatus(200, server.admin('GET', `/v1/reports/usage?customerId=${customerId}`));
    expect(usage.json?.['items']).toMatchObject([{ licenses: 1, usableLicenses: 1, seats: 2, seatsUsed: 0 }]);
  });

  test('say what each host received, also after it was removed', async () => {
    const { licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);
    await expectStatus(200, fetchDocument(host));
    const pack = await server.publish('sigma', 2);
    const path = server.targetPath(pack);
    for (let i = 0; i < 2; i++) await expectStatus(200, server.call('GET', path, { token: host.token }));
    const of = async (name: string) =>
      (await server.admin('GET', `/v1/reports/${name}?hostId=${host.hostId}`)).json?.['items'];
    const downloads = [{ path: 'sigma/core/stable.yms', times: 2 }];
    await expect.poll(() => of('downloads')).toMatchObject(downloads); // noted when the answer has gone out
    await expectStatus(204, server.admin('DELETE', `/v1/hosts/${host.hostId}`));
    expect(await of('documents')).toMatchObject([
      { serial: 1, state: 'active', grants: ['sigma/core/stable 2026.7.1 full'] },
    ]);
    expect(await of('downloads')).toMatchObject(downloads);
  });
});

test('the reference page has every call and loads nothing from elsewhere', async () => {
  const answer = await expectStatus(200, server.call('GET', '/reference'));
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  const page = text(answer.bytes);
  for (const word of ['/v1/feature-moves', 'seats-exhausted', 'licenses:write']) expect(page).toContain(word);
  expect(page).not.toMatch(/<script|src=|href="https?:/);
});
