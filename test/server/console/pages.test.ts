import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Role, roles } from '../../../server/actor/roles.js';
import { secretOn, TestVisitor } from '../../support/console.js';
import { expectStatus, TestServer } from '../../support/server.js';

let server: TestServer;
let owner: TestVisitor;
let customerId: string;
beforeAll(async () => {
  server = await TestServer.start();
  owner = await TestVisitor.of(server, 'owner');
  await server.holdCeremony();
  await server.publish('sigma', 1);
  const { licenseKey } = await server.sellLicense();
  await server.activate(licenseKey);
  const customers = await expectStatus(200, server.admin('GET', '/v1/customers'));
  customerId = (customers.json?.['items'] as { id: string }[])[0]?.id ?? '';
});
afterAll(() => server.stop());

/** Page → who sees it. */
const pages: Readonly<Record<string, readonly Role[]>> = {
  '/admin': roles,
  '/admin/customers': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/licenses': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/licenses/new': ['owner', 'license-manager'],
  '/admin/plans': ['owner', 'license-manager', 'auditor'],
  '/admin/plans/new': ['owner', 'license-manager'],
  '/admin/plans/move': ['owner', 'license-manager'],
  '/admin/hosts': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/hosts/activate': ['owner', 'license-manager', 'customer'],
  '/admin/releases': ['owner', 'license-manager', 'publisher', 'auditor'],
  '/admin/reports': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/reports/seats': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/reports/documents': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/reports/downloads': ['owner', 'license-manager', 'auditor', 'customer'],
  '/admin/tokens': ['owner', 'auditor'],
  '/admin/people': ['owner', 'auditor'],
  '/admin/audit': ['owner', 'auditor'],
  '/admin/search': roles,
  '/admin/account': roles,
};

describe('each role', () => {
  test.each(roles)('%s sees its own pages and no others', async (role) => {
    const visitor = await TestVisitor.of(server, role, role === 'customer' ? customerId : null);
    for (const [path, who] of Object.entries(pages)) {
      const { status, html } = await visitor.get(path);
      expect([path, status]).toEqual([path, who.includes(role) ? 200 : 403]);
      expect(html).toContain('<html lang="en">');
    }
    const { html } = await visitor.get('/admin');
    for (const [, path = ''] of html.matchAll(/<a[^>]+href="(\/admin[^"]*)"/g))
      expect([path, (await visitor.get(path.replaceAll('&amp;', '&'))).status]).toEqual([path, 200]);
  });
});

test('an owner makes a customer', async () => {
  const answer = await owner.send('/admin/customers', '/admin/customers', { name: 'Northwind' });
  expect(answer).toMatchObject({ status: 303 });
  expect((await owner.get(answer.to ?? '')).html).toContain('Northwind');
});

test('an owner sells a license, whose key is shown once', async () => {
  const answer = await owner.send('/admin/licenses/new', '/admin/licenses/new', {
    customerId,
    planId: '',
    features: ['sigma'],
    seats: '3',
    expiresAt: '2030-01-01',
  });
  expect(answer.status).toBe(200);
  expect(secretOn(answer.html)).toMatch(/^YMS-/);
});
