/** HTML, SQL, headers and odd Unicode in every field: shown as they are or refused, and never anything else. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { html } from '../../../server/console/html.js';
import { consoleCall, TestVisitor } from '../../support/console.js';
import { expectStatus, type TestHost, TestServer } from '../../support/server.js';

describe('the template', () => {
  test('lets no text become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: made } = html`<p title="${text}">${text}</p>`;
        expect(made.slice(0, 10)).toBe('<p title="');
        expect(made.slice(10, -4)).toMatch(/^[^<>"'`]*">[^<>"'`]*$/);
        expect(made.isWellFormed()).toBe(true);
      }),
    );
  });

  test('shows what would be invisible or turn the text around', () => {
    expect(html`${'a\u202Eb\u0000c\u200Bd\uFEFF\uD800'}`.text).toBe('a\\u{202E}b\\u{0}c\\u{200B}d\\u{FEFF}\\u{D800}');
    expect(html`${'Łódź 三和 👩‍💻'}`.text).toContain('Łódź 三和 👩');
    expect(html`${['a', null, false, undefined, 1, html`<b>${'<'}</b>`]}`.text).toBe('a1<b>&lt;</b>');
  });
});

const tricks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'; drop table customers; --",
  "' or '1'='1",
  '{{7*7}} ${7*7} <%= 7*7 %>',
  'javascript:alert(1)',
  '%3Cscript%3E &lt;b&gt; &#60;',
  '../../etc/passwd',
  '%',
  '_',
  '\\',
];
/** Refused in names, wherever they stand. */
const refused = ['a\r\nSet-Cookie: x=y', 'turned \u202E around', 'zero\u200Bwidth', 'nul\u0000'];

let server: TestServer;
let owner: TestVisitor;
let host: TestHost;
let licenseId: string;
beforeAll(async () => {
  server = await TestServer.start();
  owner = await TestVisitor.of(server, 'owner');
  const { id, licenseKey } = await server.sellLicense();
  licenseId = id;
  host = await server.activate(licenseKey);
});
afterAll(() => server.stop());

/** No element of the page but ours: a trick that became markup would be one of these. */
function expectHarmless(page: string): void {
  const scripts = [...page.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
  expect(scripts).toEqual([expect.stringMatching(/^<script src="\/admin\/assets\/[0-9a-f]{16}\/console\.js" defer>$/)]);
  const bare = page.replaceAll(/="[^"]*"/g, '=""');
  expect(/<img|<iframe|<[a-z]+[^>]*\s(?:on[a-z]+|style)=/i.exec(bare)?.[0]).toBeUndefined();
  expect(page).not.toMatch(/href="\s*(?:javascript|data):/i);
}

describe('names', () => {
  test.each(tricks)('%j is kept and shown as it is', async (name) => {
    const answer = await owner.send('/admin/customers', '/admin/customers', { name });
    expect(answer.status).toBe(303);
    const { html: page } = await owner.get(answer.to ?? '');
    expectHarmless(page);
    expect(page).toContain(html`<h1>${name}</h1>`.text);
    for (const path of ['/admin/customers', '/admin/licenses/new', `/admin/search?q=${encodeURIComponent(name)}`]) {
      const found = await owner.get(path);
      expect(found.status).toBe(200);
      expectHarmless(found.html);
      expect(found.html).toContain(html`${name}`.text);
    }
  });

  test.each(refused)('%j is refused', async (name) => {
    const answer = await owner.send('/admin/customers', '/admin/customers', { name });
    expect(answer.status).toBe(400);
    expectHarmless(answer.html);
  });

  test('a percent sign finds a percent sign, not everything', async () => {
    const { html: page } = await owner.get('/admin/customers?q=%25');
    expect(page).toContain('<h1>Customers</h1>');
    expect(page).not.toContain('Example Ltd');
  });
});

test.each([...tricks, ...refused.slice(1, 4)])('an error message of a host: %j', async (message) => {
  const report = { client: '0.1.0', sequenceSeen: 1, packs: [], lastError: { code: 'odd', message } };
  await expectStatus(204, server.call('POST', '/v1/status', { token: host.token, json: report }));
  const { html: page } = await owner.get(`/admin/hosts/${host.hostId}`);
  expectHarmless(page);
  expect(page).toContain(html`${message}`.text);
});

describe('addresses', () => {
  test.each(tricks.map(encodeURIComponent))('%s in a query or a path is no more than a text', async (text) => {
    for (const path of [
      `/admin/search?q=${text}`,
      `/admin/hosts?q=${text}&cursor=${text}`,
      `/admin/audit?subject=${text}&actor=${text}&action=${text}&before=${text}`,
      `/admin/plans/move?feature=${text}`,
      `/admin/hosts/${text}`,
      `/admin/licenses/${text}`,
      `/admin/customers/${text}`,
      `/admin/people/${text}`,
      `/admin/licenses?state=${text}`,
      `/admin/licenses?cursor=${text}`,
      `/admin/customers?done=${text}`,
      `/admin/assets/${text}/console.js`,
      `/admin/sign-in?next=${text}`,
    ]) {
      const { status, html: page } = await owner.get(path);
      expect([path, status < 500]).toEqual([path, true]);
      if (page !== '') expectHarmless(page);
    }
  });
});

test('every field of every form takes every trick without a failure', async () => {
  const pages = [
    '/admin/plans/new',
    '/admin/licenses/new',
    `/admin/licenses/${licenseId}`,
    '/admin/tokens',
    '/admin/people',
  ];
  for (const path of pages) {
    const { html: page } = await owner.get(path);
    for (const [, action = '', body = ''] of page.matchAll(
      /<form method="post" action="([^"]+)"[^>]*>(.*?)<\/form>/gs,
    )) {
      if (action.endsWith('/sign-out') || action.endsWith('/transfer')) continue;
      const names = new Set([...body.matchAll(/name="([^"]+)"/g)].map(([, name = '']) => name));
      for (const trick of [...tricks, ...refused, '-1', '99999999999999999999', '1e9']) {
        const fields = [...names].filter((name) => !name.startsWith('form-')).map((name) => [name, trick]);
        if (!(await owner.get(path)).html.includes(`action="${action}"`)) break; // a license that was suspended
        const answer = await owner.send(path, action, Object.fromEntries(fields) as Record<string, string>);
        expect([action, trick, answer.status < 500]).toEqual([action, trick, true]);
        if (answer.to === null) expectHarmless(answer.html);
      }
    }
  }
}, 120_000);

describe('every answer', () => {
  test.each(['/admin', '/admin/sign-in', '/admin/absent', '/admin/hosts/x', '/admin/invitation?token=x'])(
    'of %s lets nothing in from elsewhere, and is not kept',
    async (path) => {
      for (const answer of [await owner.get(path), await consoleCall(server.url, 'GET', path, {})]) {
        const policy = answer.headers.get('content-security-policy') ?? '';
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('referrer-policy')).toBe('same-origin');
      }
    },
  );

  test('styles and scripts are kept for ever, under names that change with them', async () => {
    const { html: page } = await owner.get('/admin');
    const [, style = ''] = /rel="stylesheet" href="([^"]+)"/.exec(page) ?? [];
    const answer = await consoleCall(server.url, 'GET', style, {});
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect((await consoleCall(server.url, 'GET', style.replace(/[0-9a-f]{16}/, '0'.repeat(16)), {})).status).toBe(404);
  });

  test('other methods are told which there are', async () => {
    const answer = await consoleCall(server.url, 'DELETE', '/admin/customers', { cookie: owner.cookie });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
  });
});

test('refusals are counted by reason and day, and shown', async () => {
  await server.call('GET', '/v1/license', { token: 'yms_host_wrong' });
  const { html: page } = await owner.get('/admin');
  expect(page).toMatch(/<th scope="row">token-invalid<\/th>/);
  const rows = await server.running.deps.records.selectFrom('refusals').selectAll().execute();
  expect(rows.find(({ code }) => code === 'token-invalid')).toEqual({
    day: '2026-07-01',
    code: 'token-invalid',
    count: 1,
  });
});

test('counts of refusals outlast the server', async () => {
  const counts = () =>
    server.running.deps.records
      .selectFrom('refusals')
      .select('count')
      .where('code', '=', 'token-missing')
      .executeTakeFirst();
  for (let i = 0; i < 3; i++) await server.call('GET', '/v1/license');
  await server.restart();
  const before = await counts();
  expect(before?.count).toBeGreaterThanOrEqual(3);
  await server.call('GET', '/v1/license');
  await server.restart();
  expect((await counts())?.count).toBe((before?.count ?? 0) + 1);
});
