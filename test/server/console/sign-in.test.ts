import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secondMs } from '../../../base/clock.js';
import { nextPath } from '../../../server/console/guests.js';
import { consoleCall, type Fields, hiddenFields, TestVisitor } from '../../support/console.js';
import { codeAt, testPassword } from '../../support/person.js';
import { expectStatus, TestServer } from '../../support/server.js';

let server: TestServer;
let visitor: TestVisitor;
beforeAll(async () => {
  server = await TestServer.start();
  visitor = await TestVisitor.of(server, 'owner');
});
afterAll(() => server.stop());

const sameOrigin = { 'sec-fetch-site': 'same-origin' };

function send(path: string, fields: Fields, headers: Readonly<Record<string, string>> = sameOrigin) {
  return consoleCall(server.url, 'POST', path, headers, fields);
}

function rightFields(): { readonly email: string; readonly password: string; readonly code: string } {
  server.clock.advanceMs(30 * secondMs);
  const { person, totpSecret } = visitor.person;
  return { email: person.email.toUpperCase(), password: testPassword, code: codeAt(totpSecret, server.clock.now()) };
}

describe('signing in', () => {
  test('sets a cookie that no script and no other site can use', async () => {
    const answer = await send('/admin/sign-in', rightFields());
    expect(answer).toMatchObject({ status: 303, to: '/admin' });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-yms-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    const overview = await consoleCall(server.url, 'GET', '/admin', { cookie: cookie.split(';')[0] ?? '' });
    expect(overview.status).toBe(200);
  });

  test('a cookie that was there before is not taken over', async () => {
    const given = `__Host-yms-session=${'a'.repeat(43)}`;
    const answer = await send('/admin/sign-in', rightFields(), { ...sameOrigin, cookie: given });
    expect(answer.headers.get('set-cookie')).not.toContain('a'.repeat(43));
    expect((await consoleCall(server.url, 'GET', '/admin', { cookie: given })).status).toBe(303);
  });

  test('refused, it shows the address again, but neither password nor code', async () => {
    const fields = { ...rightFields(), password: 'wrong wrong wrong' };
    const { status, html, headers } = await send('/admin/sign-in', fields);
    expect(status).toBe(401);
    expect(headers.get('set-cookie')).toBeNull();
    expect(html).toContain('role="alert"');
    expect(html).toContain(`value="${fields.email}"`);
    expect(html).not.toContain('wrong wrong');
    expect(html).not.toContain(fields.code);
  });

  test('is refused from another site, and without a word where it comes from', async () => {
    for (const headers of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: server.url },
    ])
      expect((await send('/admin/sign-in', rightFields(), headers)).status).toBe(403);
    expect((await send('/admin/sign-in', rightFields(), { origin: server.url })).status).toBe(303);
  });

  test('is slowed down, and says for how long', async () => {
    const fields = { email: 'nobody@example.com', password: 'x', code: '000000' };
    for (let i = 0; i < 8; i++) expect((await send('/admin/sign-in', fields)).status).toBe(401);
    const answer = await send('/admin/sign-in', fields);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await send('/admin/sign-in', rightFields())).status).toBe(303);
  });

  test('goes on to the page that was asked for', async () => {
    const asked = await consoleCall(server.url, 'GET', '/admin/licenses?state=active', {});
    expect(asked).toMatchObject({ status: 303, to: '/admin/sign-in?next=%2Fadmin%2Flicenses%3Fstate%3Dactive' });
    const { html } = await consoleCall(server.url, 'GET', asked.to ?? '', {});
    const { next } = hiddenFields(html, '/admin/sign-in');
    expect((await send('/admin/sign-in', { ...rightFields(), next: next ?? '' })).to).toBe(
      '/admin/licenses?state=active',
    );
  });

  test.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/admin//evil.example',
    '/admin/../v1',
    '/admin\r\nSet-Cookie: a=b',
    '/administrator',
    '/v1/people',
    '',
    undefined,
  ])('goes to no other place than the console: %j', (asked) => {
    expect(nextPath(asked)).toBe('/admin');
  });
});

describe('an invitation', () => {
  test('is opened, shows its second factor, and makes the account', async () => {
    const body = { email: 'bea@example.com', name: 'Bea', role: 'auditor' };
    const made = await expectStatus(201, server.admin('POST', '/v1/people', body));
    const path = String(made.json?.['invitationPath']);
    const { html } = await consoleCall(server.url, 'GET', path, {});
    const secret = (/class="secret">([A-Z2-7 ]+)</.exec(html)?.[1] ?? '').replaceAll(' ', '');
    const { token = '' } = hiddenFields(html, '/admin/invitation');
    const fields = { token, password: 'four quiet yellow lamps', code: codeAt(secret, server.clock.now()) };
    expect((await send('/admin/invitation', { ...fields, password: 'short' })).status).toBe(422);
    expect((await send('/admin/invitation', { ...fields, code: '000000' })).status).toBe(422);
    expect((await send('/admin/invitation', fields, {})).status).toBe(403);
    const answer = await send('/admin/invitation', fields);
    expect(answer).toMatchObject({ status: 303, to: '/admin' });
    expect((await send('/admin/invitation', fields)).status).toBe(404);
    expect((await consoleCall(server.url, 'GET', path, {})).status).toBe(404);
  });

  test.each(['', 'x', `yms_invitation_${'a'.repeat(43)}`, "' or 1=1 --"])('unknown, is not: %j', async (token) => {
    const path = `/admin/invitation?token=${encodeURIComponent(token)}`;
    expect((await consoleCall(server.url, 'GET', path, {})).status).toBe(404);
  });
});

test('signing out ends the session, also for who kept the cookie', async () => {
  const other = await TestVisitor.of(server, 'auditor');
  const { html } = await other.get('/admin');
  expect((await other.post('/admin/sign-out', {})).status).toBe(403);
  const answer = await other.post('/admin/sign-out', hiddenFields(html, '/admin/sign-out'));
  expect(answer).toMatchObject({ status: 303, to: '/admin/sign-in' });
  expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
  expect((await other.get('/admin')).to).toContain('/admin/sign-in');
});
