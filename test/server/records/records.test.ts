import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs } from '../../../base/clock.js';
import { appendAudit, auditEntry, verifyAudit } from '../../../server/audit/audit.js';
import { isUniqueViolation } from '../../../server/records/database.js';
import { transact, transactAll } from '../../../server/records/transaction.js';
import { type EmptyStore, stores } from '../../support/stores.js';
import { type TestHost, expectStatus, TestServer } from '../../support/server.js';
import { newCustomer, newPlan, sellOfPlan } from '../licensing/sales-support.js';

describe.each(stores)('the records on $name', ({ open }) => {
  let store: EmptyStore;
  let server: TestServer;
  const records = () => server.running.deps.records;
  beforeAll(async () => {
    store = await open();
    server = await TestServer.start({ recordsUrl: store.recordsUrl });
    await server.holdCeremony();
  });
  afterAll(async () => {
    await server.stop();
    await store.close();
  });

  const documentOf = (host: TestHost) => server.call('GET', '/v1/license', { token: host.token });

  test('serve a release, a license of a plan, and its document', async () => {
    const pack = await server.publish('sigma', 1);
    const { licenseKey } = await sellOfPlan(server, await newPlan(server));
    const host = await server.activate(licenseKey);
    expect((await expectStatus(200, documentOf(host))).json?.['payloadType']).toBe('application/vnd.yms.license+json');
    await expectStatus(200, server.call('GET', server.targetPath(pack), { token: host.token }));
    const releases = await expectStatus(200, server.admin('GET', '/v1/releases'));
    expect(releases.json?.['items']).toMatchObject([{ sequence: 1, path: 'sigma/core/stable.yms' }]);
  });

  test('give the last seat once, however many ask at the same time', async () => {
    const { id, licenseKey } = await sellOfPlan(server, await newPlan(server, { seats: 3 }));
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => server.activate(licenseKey)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await server.admin('GET', `/v1/licenses/${id}`)).json?.['seatsUsed']).toBe(3);
  });

  test('keep the audit log one chain, however many write at the same time', async () => {
    const { clock } = server;
    const append = (subject: string) =>
      records()
        .transaction()
        .execute((trx) => appendAudit(trx, clock, { actor: 'server', action: 'test.act', subject }));
    await Promise.all(Array.from({ length: 20 }, (_, i) => append(`s-${i}`)));
    const rows = await records().selectFrom('audit').selectAll().orderBy('sequence').execute();
    expect(verifyAudit(rows.map(auditEntry))).toBe(rows.at(-1)?.hash);
  });

  test('move a feature at its time, page and sort lists, free floating seats, report', async () => {
    const free = await newPlan(server, { name: 'free', seats: 1, floatingDays: 2 });
    const premium = await newPlan(server, { name: 'premium', features: ['premium'] });
    const { id, licenseKey } = await sellOfPlan(server, free, { customerId: await newCustomer(server, 'Zeta') });
    const first = await server.activate(licenseKey);
    const effectiveAt = new Date(server.clock.now().getTime() + dayMs).toISOString().replace('.000', '');
    const move = { feature: 'sigma', fromPlans: [free], toPlans: [premium], effectiveAt };
    await expectStatus(201, server.admin('POST', '/v1/feature-moves', move));
    server.clock.advanceMs(3 * dayMs);
    expect((await server.admin('GET', `/v1/licenses/${id}`)).json?.['features']).toEqual([]);
    const second = await server.activate(licenseKey);
    expect(second.hostId).not.toBe(first.hostId);
    const names: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const found: Record<string, unknown> =
        (await server.admin('GET', `/v1/customers?sort=-name&limit=1${cursor && `&cursor=${cursor}`}`)).json ?? {};
      names.push(...(found['items'] as { name: string }[]).map(({ name }) => name));
      cursor = found['next'] as string | null;
    }
    expect(names[0]).toBe('Zeta');
    expect(names).toEqual(names.toSorted().reverse());
    for (const state of ['trial', 'active', 'grace', 'expired', 'suspended', 'revoked'])
      await expectStatus(200, server.admin('GET', `/v1/licenses?state=${state}&feature=sigma&q=z%25`));
    for (const name of ['usage', 'seats', 'documents', 'downloads'])
      await expectStatus(200, server.admin('GET', `/v1/reports/${name}?format=csv`));
  });

  test('join what several functions do into one transaction; one of them that fails undoes its own part', async () => {
    const { createdAt } = { createdAt: '2026-01-01T00:00:00Z' };
    const insert = (id: string) => records().insertInto('customers').values({ id, name: id, createdAt }).execute();
    const fails = (id: string) =>
      transact(records(), async (trx) => {
        await trx.insertInto('customers').values({ id, name: id, createdAt }).execute();
        throw new Error('stop');
      });
    const found = async () => {
      const rows = await records().selectFrom('customers').select('id').where('id', 'like', 'joined-%').execute();
      return rows.map(({ id }) => id).sort();
    };
    await transactAll(records(), async () => {
      await insert('joined-1');
      await expect(fails('joined-2')).rejects.toThrow('stop');
      await transact(records(), (trx) =>
        trx.insertInto('customers').values({ id: 'joined-3', name: '3', createdAt }).execute(),
      );
      expect(await found()).toEqual(['joined-1', 'joined-3']);
    });
    const undone = transactAll(records(), async () => {
      await insert('joined-4');
      await transact(records(), () => insert('joined-5'));
      await fails('joined-6');
    });
    await expect(undone).rejects.toThrow('stop');
    expect(await found()).toEqual(['joined-1', 'joined-3']);
  });

  test('tell a key that is taken from any other failure', async () => {
    const row = { id: 'cus-000000000000-0000-000000000001', name: 'a', createdAt: '2026-07-01T00:00:00Z' };
    await records().insertInto('customers').values(row).execute();
    const again = records().insertInto('customers').values(row).execute();
    await expect(again.catch((error: unknown) => isUniqueViolation(error))).resolves.toBe(true);
    expect(isUniqueViolation(new Error('other'))).toBe(false);
  });
});
