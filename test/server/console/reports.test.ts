/** What an admin sends on, as pages and as files. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs } from '../../../base/clock.js';
import { TestVisitor } from '../../support/console.js';
import { expectStatus, type TestHost, TestServer } from '../../support/server.js';

let server: TestServer;
let owner: TestVisitor;
let ours: string;
let license: { id: string; licenseKey: string };
let first: TestHost;
let second: TestHost;

const pages = ['/admin/reports', '/admin/reports/seats', '/admin/reports/documents', '/admin/reports/downloads'];
const fileOf = (page: string) => (page === '/admin/reports' ? '/admin/reports/usage' : page);

beforeAll(async () => {
  server = await TestServer.start({ features: ['sigma'] });
  owner = await TestVisitor.of(server, 'owner');
});
afterAll(() => server.stop());

test('with nothing to tell, each page says what to do next, and each file is whole', async () => {
  for (const page of pages) {
    const { status, html } = await owner.get(page);
    expect([page, status]).toEqual([page, 200]);
    expect(html).toContain('class="empty"');
    expect(JSON.parse((await owner.get(`${fileOf(page)}.json`)).html)).toEqual({ items: [], next: null });
    expect((await owner.get(`${fileOf(page)}.csv`)).html.split('\r\n')).toHaveLength(2);
  }
});

describe('after some business', () => {
  beforeAll(async () => {
    await server.holdCeremony();
    const pack = await server.publish('sigma', 1);
    license = await server.sellLicense({ features: ['sigma'] });
    const { json } = await expectStatus(200, server.admin('GET', `/v1/licenses/${license.id}`));
    ours = String(json?.['customerId']);
    first = await server.activate(license.licenseKey);
    second = await server.activate(license.licenseKey);
    await expectStatus(200, server.call('GET', '/v1/license', { token: first.token }));
    await expectStatus(200, server.call('GET', server.targetPath(pack), { token: first.token }));
    server.clock.advanceMs(3 * dayMs);
    await expectStatus(200, server.call('GET', '/v1/license', { token: second.token }));
    owner = await TestVisitor.of(server, 'owner');
  });

  test('pages show who used what, and what each host received', async () => {
    expect((await owner.get('/admin/reports')).html).toMatch(/Example Ltd[^]*Taken[^]*2/);
    expect((await owner.get('/admin/reports/seats')).html).toMatch(/Example Ltd[^]*active[^]*2 of 2[^]*node-locked/);
    const documents = (await owner.get('/admin/reports/documents')).html;
    expect(documents.indexOf(second.hostId)).toBeLessThan(documents.indexOf(first.hostId));
    expect(documents).toContain('sigma/core/stable');
    expect((await owner.get('/admin/reports/downloads')).html).toContain('sigma/core/stable.yms');
  });

  test('filters by host and day hold for the page and for its files', async () => {
    const since = server.clock.now().toISOString().slice(0, 10);
    const page = await owner.get(`/admin/reports/documents?since=${since}`);
    expect(page.html).toContain(second.hostId);
    expect(page.html).not.toContain(first.hostId);
    const [, link = ''] = /href="([^"]+documents\.json[^"]*)"/.exec(page.html) ?? [];
    const { items } = JSON.parse((await owner.get(link.replaceAll('&amp;', '&'))).html) as { items: object[] };
    expect(items).toMatchObject([{ hostId: second.hostId, state: 'active', features: ['sigma'] }]);
    const one = await owner.get(`/admin/reports/documents.csv?hostId=${first.hostId}`);
    expect(one.html.trim().split('\r\n')).toHaveLength(2);
    expect(one.headers.get('content-type')).toContain('text/csv');
    expect(one.headers.get('content-disposition')).toMatch(/^attachment; filename="documents-\d{4}-\d\d-\d\d\.csv"$/);
    expect((await owner.get(`/admin/reports/documents?since=${since}&hostId=${first.hostId}`)).html).toContain(
      'Show all',
    );
  });

  test('files say what the API says', async () => {
    for (const name of ['usage', 'seats', 'documents', 'downloads']) {
      const api = await expectStatus(200, server.admin('GET', `/v1/reports/${name}`));
      const file = JSON.parse((await owner.get(`/admin/reports/${name}.json?sort=id`)).html) as object;
      expect(file).toEqual(api.json);
      const csv = await expectStatus(200, server.admin('GET', `/v1/reports/${name}?format=csv`));
      expect((await owner.get(`/admin/reports/${name}.csv?sort=id`)).html).toBe(
        Buffer.from(csv.bytes).toString('utf8'),
      );
    }
  });

  test('a host that was removed stays in what was received', async () => {
    await expectStatus(204, server.admin('DELETE', `/v1/hosts/${first.hostId}`));
    expect((await owner.get('/admin/reports/documents')).html).toContain(first.hostId);
    expect((await owner.get(`/admin/reports/downloads?hostId=${first.hostId}`)).html).toContain(
      'sigma/core/stable.yms',
    );
  });

  test('a query that is none is refused before a file begins', async () => {
    for (const path of [
      '/admin/reports/documents.csv?since=yesterday',
      '/admin/reports/usage.json?cursor=x',
      '/admin/reports/seats?sort=name',
    ])
      expect([path, (await owner.get(path)).status]).toEqual([path, 400]);
  });

  test('a customer’s own admin sees own rows only, whatever is asked for', async () => {
    const stranger = await expectStatus(201, server.admin('POST', '/v1/customers', { name: 'Stranger' }));
    const other = await TestVisitor.of(server, 'customer', String(stranger.json?.['id']));
    const own = await TestVisitor.of(server, 'customer', ours);
    for (const page of pages) {
      const query = `?customerId=${ours}`;
      for (const path of [page, page + query, `${fileOf(page)}.json${query}`, `${fileOf(page)}.csv${query}`]) {
        const { status, html } = await other.get(path);
        expect([path, status]).toEqual([path, 200]);
        for (const text of ['Example Ltd', license.id, second.hostId])
          expect([path, html.includes(text)]).toEqual([path, false]);
      }
      expect((await own.get(page)).html).not.toContain('class="empty"');
    }
  });

  test('files are not for those who may not see the page', async () => {
    const publisher = await TestVisitor.of(server, 'publisher');
    expect((await publisher.get('/admin/reports/usage.csv')).status).toBe(403);
    const nobody = await expectStatus(200, server.call('GET', '/admin/sign-in'));
    expect(nobody.status).toBe(200);
    expect((await owner.get('/admin/reports/usage.csv', { cookie: '' })).status).toBe(303);
  });
});
