/** What keeps forms from being sent by others, twice, by those who may not, or with things that do not belong there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePublicKey } from '../../../keys/key.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { encodeActivationRequest } from '../../../packs/activation.js';
import { hiddenFields, TestVisitor } from '../../support/console.js';
import { expectStatus, TestServer } from '../../support/server.js';

let server: TestServer;
let owner: TestVisitor;
let ours: string;
let theirs: { customer: string; license: string; host: string };
beforeAll(async () => {
  server = await TestServer.start();
  owner = await TestVisitor.of(server, 'owner');
  const { json } = await expectStatus(201, server.admin('POST', '/v1/customers', { name: 'Ours' }));
  ours = String(json?.['id']);
  const { id, licenseKey } = await server.sellLicense();
  const { hostId } = await server.activate(licenseKey);
  const license = await expectStatus(200, server.admin('GET', `/v1/licenses/${id}`));
  theirs = { customer: String(license.json?.['customerId']), license: id, host: hostId };
});
afterAll(() => server.stop());

const forgedRequest = Buffer.from(
  encodeActivationRequest({
    format: 1,
    client: '0.1.0',
    hostKey: encodePublicKey(newSealingKey().publicKey),
    license: null,
    name: 'forged',
    nonce: 'ab'.repeat(16),
  }),
).toString('base64');

const counted = async () => {
  const { records } = server.running.deps;
  return [
    (await records.selectFrom('audit').select('sequence').execute()).length,
    (await records.selectFrom('customers').select('id').execute()).length,
  ];
};

async function customerForm(visitor: TestVisitor): Promise<Record<string, string>> {
  return { ...hiddenFields((await visitor.get('/admin/customers')).html, '/admin/customers'), name: 'Contoso' };
}

describe('a form', () => {
  test('is refused from another site, without its token, and with that of another session', async () => {
    const fields = await customerForm(owner);
    const stranger = await customerForm(await TestVisitor.of(server, 'owner'));
    const before = await counted();
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }])
      expect((await owner.post('/admin/customers', fields, headers)).status).toBe(403);
    for (const token of ['', 'x', stranger['form-token'] ?? ''])
      expect((await owner.post('/admin/customers', { ...fields, 'form-token': token })).status).toBe(403);
    expect(await counted()).toEqual(before);
  });

  test('is carried out once, and after a refusal again', async () => {
    const fields = await customerForm(owner);
    expect((await owner.post('/admin/customers', { ...fields, name: '' })).status).toBe(400);
    const both = await Promise.all([owner.post('/admin/customers', fields), owner.post('/admin/customers', fields)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([303, 409]);
    expect((await owner.post('/admin/customers', fields)).status).toBe(409);
    const without = { ...(await customerForm(owner)), 'form-once': '' };
    expect((await owner.post('/admin/customers', without)).status).toBe(409);
  });

  test('is no JSON, no file, and not large', async () => {
    const fields = await customerForm(owner);
    const json = await owner.post('/admin/customers', fields, { 'content-type': 'application/json' });
    expect(json.status).toBe(415);
    const file = await owner.post('/admin/customers', fields, { 'content-type': 'multipart/form-data; boundary=x' });
    expect(file.status).toBe(415);
    const large = await owner.post('/admin/customers', { ...fields, name: 'x'.repeat(300_000) });
    expect(large.status).toBe(413);
  });

  test('with fields that it does not have changes nothing by them', async () => {
    const answer = await owner.post('/admin/customers', {
      ...(await customerForm(owner)),
      id: theirs.customer,
      createdAt: '2000-01-01T00:00:00Z',
    });
    const { json } = await server.admin('GET', `/v1/customers/${answer.to?.split('/').at(-1)?.split('?')[0] ?? ''}`);
    expect(json).toMatchObject({ name: 'Contoso', createdAt: expect.stringMatching(/^2026/) as string });
    expect(json?.['id']).not.toBe(theirs.customer);
  });

  test('that was opened before somebody else saved is refused, and shows what is there now', async () => {
    const path = `/admin/customers/${ours}`;
    const stale = hiddenFields((await owner.get(path)).html, path);
    await owner.send(path, path, { name: 'Ours, renamed' });
    const answer = await owner.post(path, { ...stale, name: 'Ours, lost' });
    expect(answer.status).toBe(412);
    expect(answer.html).toContain('role="alert"');
    expect((await owner.get(path)).html).toContain('Ours, renamed');
  });

  test('refused, names the field and keeps what was typed', async () => {
    const { status, html } = await owner.send('/admin/plans/new', '/admin/plans/new', {
      name: 'Gold',
      features: ['No Name'],
      seats: '-4',
      durationDays: '10',
    });
    expect(status).toBe(400);
    expect(html).toMatch(/name="seats"[^>]+aria-invalid="true"/);
    expect(html).toMatch(/name="name"[^>]+value="Gold"/);
  });
});

describe('every act', () => {
  /** Form → fields; those of role auditor may send none of them. */
  const acts = (): Readonly<Record<string, Record<string, string>>> => ({
    '/admin/customers': { name: 'Forged' },
    [`/admin/customers/${theirs.customer}`]: { name: 'Forged' },
    [`/admin/customers/${theirs.customer}/features`]: { name: 'Forged' },
    '/admin/groups': { customerId: theirs.customer, name: 'Forged' },
    '/admin/plans/new': { name: 'Forged', features: 'sigma', seats: '1', durationDays: '1' },
    '/admin/plans/move': { feature: 'sigma' },
    '/admin/licenses/new': { customerId: theirs.customer, features: 'sigma', seats: '1', expiresAt: '2030-01-01' },
    [`/admin/licenses/${theirs.license}`]: { features: 'premium', seats: '1000' },
    [`/admin/licenses/${theirs.license}/suspend`]: {},
    [`/admin/licenses/${theirs.license}/revoke`]: { sure: 'yes' },
    [`/admin/licenses/${theirs.license}/transfer`]: { customerId: ours },
    [`/admin/hosts/${theirs.host}`]: { name: 'forged' },
    [`/admin/hosts/${theirs.host}/remove`]: {},
    '/admin/hosts/activate/answer': { licenseId: theirs.license, days: '60', request: forgedRequest },
    '/admin/tokens': { name: 'Forged', scope: 'admin' },
    '/admin/activation-tokens': { name: 'Forged', licenseId: theirs.license, uses: '5' },
    '/admin/people': { name: 'Forged', email: 'forged@example.com', role: 'owner' },
  });

  async function refusals(visitor: TestVisitor, allowed: readonly number[]): Promise<void> {
    const before = await counted();
    const { html } = await visitor.get('/admin');
    const { 'form-token': token = '' } = hiddenFields(html, '/admin/sign-out');
    for (const [i, [path, fields]] of Object.entries(acts()).entries()) {
      const once = `${'0'.repeat(14)}${String(i).padStart(2, '0')}`;
      const { status } = await visitor.post(path, { ...fields, 'form-token': token, 'form-once': once });
      expect([path, status]).toEqual([path, expect.toSatisfy((got: number) => allowed.includes(got))]);
    }
    expect(await counted()).toEqual(before);
  }

  test('is refused for those who only look', async () => {
    await refusals(await TestVisitor.of(server, 'auditor'), [403]);
    await refusals(await TestVisitor.of(server, 'publisher'), [403]);
  });

  test('is refused for another customer’s own admin, who learns nothing of what is there', async () => {
    await refusals(await TestVisitor.of(server, 'customer', ours), [403, 404, 422]);
  });

  test('of somebody who is shut out meanwhile is refused', async () => {
    const visitor = await TestVisitor.of(server, 'license-manager');
    const fields = await customerForm(visitor);
    await server.admin('PATCH', `/v1/people/${visitor.person.person.id}`, { role: 'auditor' });
    expect((await visitor.post('/admin/customers', fields)).status).toBe(403);
    await server.admin('PATCH', `/v1/people/${visitor.person.person.id}`, { disabled: true });
    expect((await visitor.post('/admin/customers', fields)).status).toBe(401);
  });
});

describe('a customer’s own admin', () => {
  test('sees nothing of another customer, by list, by id, by search', async () => {
    const visitor = await TestVisitor.of(server, 'customer', ours);
    for (const path of [
      `/admin/customers/${theirs.customer}`,
      `/admin/licenses/${theirs.license}`,
      `/admin/hosts/${theirs.host}`,
    ])
      expect([path, (await visitor.get(path)).status]).toEqual([path, 404]);
    for (const path of [
      '/admin',
      '/admin/customers',
      '/admin/licenses',
      `/admin/licenses?customerId=${theirs.customer}`,
      '/admin/hosts',
      `/admin/hosts?customerId=${theirs.customer}`,
      '/admin/hosts?q=host',
      '/admin/search?q=Example',
      '/admin/search?q=host',
      `/admin/search?q=${theirs.host}`,
      `/admin/search?q=${theirs.license}`,
    ]) {
      const { status, html } = await visitor.get(path);
      expect([path, status]).toEqual([path, 200]);
      for (const text of ['Example Ltd', 'host.example', `/admin/hosts/${theirs.host}`, `/${theirs.license}"`])
        expect([path, html.includes(text)]).toEqual([path, false]);
    }
  });

  test('sees its own, frees a seat, and hands out activation tokens', async () => {
    const visitor = await TestVisitor.of(server, 'customer', theirs.customer);
    expect((await visitor.get('/admin/licenses')).html).toContain(theirs.license);
    expect((await visitor.get(`/admin/hosts/${theirs.host}`)).html).toContain('host.example');
    const path = `/admin/licenses/${theirs.license}`;
    await visitor.send(`/admin/customers/${theirs.customer}`, '/admin/groups', {
      customerId: theirs.customer,
      name: 'Paint shop',
    });
    expect((await visitor.get('/admin/search?q=paint')).html).toContain('/admin/hosts?groupId=grp-');
    const stranger = await TestVisitor.of(server, 'customer', ours);
    expect((await stranger.get('/admin/search?q=paint')).html).not.toContain('Paint shop');
    const made = await visitor.send(path, '/admin/activation-tokens', { name: 'rollout', uses: '2' });
    expect(made.html).toMatch(/yms_activation_[\w-]{43}/);
    expect((await visitor.get(path)).html).not.toContain(`action="${path}"`);
    const removal = `/admin/hosts/${theirs.host}/remove`;
    expect((await visitor.send(`/admin/hosts/${theirs.host}`, removal, {})).status).toBe(303);
    expect((await visitor.get(`/admin/hosts/${theirs.host}`)).status).toBe(404);
  });
});
