/** The console as people use it: by clicks and keys in a real Chromium, on a desk and on a phone. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, secondMs } from '../../base/clock.js';
import { acceptActivation } from '../../scanner/offline/activation-answer.js';
import { requestActivation } from '../../scanner/offline/activation-request.js';
import { accessibilityFaults, hasChromium, signInThrough, startChromium } from '../support/browser.js';
import { type ConsoleScene, consoleScene } from '../support/console-scene.js';
import { newEndpoint, removeEndpoint } from '../support/endpoint.js';
import { codeAt, joinedPerson, type TestPerson } from '../support/person.js';
import { expectStatus, type TestHost, TestServer } from '../support/server.js';

const slow = 180_000;
const desk = { width: 1280, height: 860 };
const phone = { width: 390, height: 844 };

/** `SCREENSHOTS=docs/screenshots npx vitest run test/browser` makes the pictures of docs/console.md anew. */
const screenshots = process.env['SCREENSHOTS'];

describe.skipIf(!hasChromium)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser.close());

  /** A page on which an error of a script, or of the content policy, fails the test. */
  async function openPage(
    options: Parameters<Browser['newContext']>[0],
  ): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('the server responded with a status of 4'))
        faults.push(message.text());
    });
    return { context, page, faults };
  }

  describe('every page', () => {
    let scene: ConsoleScene;
    let owner: TestPerson;
    let pages: readonly (readonly [name: string, path: string])[];
    beforeAll(async () => {
      scene = await consoleScene();
      const { deps } = scene.server.running;
      owner = await joinedPerson(deps, 'owner', 'ada@example.com');
      const first = async (table: 'licenses' | 'plans') =>
        (await deps.records.selectFrom(table).select('id').orderBy('id').executeTakeFirstOrThrow()).id;
      const behind = await deps.records
        .selectFrom('hosts')
        .select('id')
        .where('status', 'like', '%lastError%')
        .executeTakeFirstOrThrow();
      const { standard, premium } = scene.plans;
      pages = [
        ['overview', '/admin'],
        ['customers', '/admin/customers'],
        ['customer', `/admin/customers/${scene.customers['Northwind Traders'] ?? ''}`],
        ['licenses', '/admin/licenses'],
        ['license', `/admin/licenses/${await first('licenses')}`],
        ['license-new', '/admin/licenses/new'],
        ['plans', '/admin/plans'],
        ['plan', `/admin/plans/${await first('plans')}`],
        ['plan-new', '/admin/plans/new'],
        ['move', `/admin/plans/move?feature=sigma&fromPlans=${standard}&toPlans=${premium}`],
        ['hosts', '/admin/hosts'],
        ['host', `/admin/hosts/${behind.id}`],
        ['activate', '/admin/hosts/activate'],
        ['releases', '/admin/releases'],
        ['reports', '/admin/reports'],
        ['reports-seats', '/admin/reports/seats'],
        ['reports-documents', '/admin/reports/documents'],
        ['reports-downloads', '/admin/reports/downloads'],
        ['reports-none', '/admin/reports/documents?since=2030-01-01'],
        ['tokens', '/admin/tokens'],
        ['people', '/admin/people'],
        ['person', `/admin/people/${owner.person.id}`],
        ['audit', '/admin/audit'],
        ['search', '/admin/search?q=wind'],
        ['search-empty', '/admin/search?q=zzz'],
        ['account', '/admin/account'],
        ['absent', '/admin/absent'],
        ['sign-in', '/admin/sign-in'],
      ];
    }, slow);
    afterAll(() => scene.server.stop());

    test.each([
      ['desk', 'light', desk],
      ['desk', 'dark', desk],
      ['phone', 'light', phone],
      ['phone', 'dark', phone],
    ] as const)(
      'on a %s in %s is without fault for axe, and fits',
      async (label, colorScheme, viewport) => {
        const { context, page, faults } = await openPage({ viewport, colorScheme });
        await signInThrough(page, scene.server, owner);
        for (const [name, path] of pages) {
          await page.goto(scene.server.url + path);
          expect([name, await accessibilityFaults(page)]).toEqual([name, []]);
          const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
          expect([name, isTooWide]).toEqual([name, false]);
          if (screenshots !== undefined) await keepScreenshot(page, `${name}-${label}-${colorScheme}`);
        }
        expect(faults).toEqual([]);
        await context.close();
      },
      slow,
    );

    test(
      'is reached by keys',
      async () => {
        const { context, page, faults } = await openPage({ viewport: desk });
        await signInThrough(page, scene.server, owner);
        await page.keyboard.press('g');
        await page.keyboard.press('l');
        await page.waitForURL('**/admin/licenses');
        await page.keyboard.press('/');
        await page.keyboard.type('northw');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/admin/search?q=northw');
        expect(await page.getByRole('main').textContent()).toContain('Northwind Traders');
        await page.keyboard.press('Tab');
        for (let i = 0; i < 40; i++) {
          if ((await page.evaluate('document.activeElement.textContent')) === 'Northwind Traders') break;
          await page.keyboard.press('Tab');
        }
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { level: 1, name: 'Northwind Traders' }).waitFor();
        expect(faults).toEqual([]);
        await context.close();
      },
      slow,
    );

    test(
      'filters while one types, with the address that says so',
      async () => {
        const { context, page, faults } = await openPage({ viewport: desk });
        await signInThrough(page, scene.server, owner);
        await page.goto(`${scene.server.url}/admin/customers`);
        await page.getByRole('search', { name: 'Filter customers' }).getByLabel('Name').fill('contoso');
        await page.waitForURL('**/admin/customers?q=contoso');
        expect(await page.locator('table.list tbody tr').count()).toBe(1);
        expect(faults).toEqual([]);
        await context.close();
      },
      slow,
    );
  });

  describe('a host without a network', () => {
    test.each([
      ['with scripts, on a desk', true, desk],
      ['without scripts, on a phone', false, phone],
    ])(
      '%s',
      async (label, javaScriptEnabled, viewport) => {
        const server = await TestServer.start();
        await server.holdCeremony();
        await server.publish('sigma', 1);
        const { id } = await server.sellLicense({ features: ['sigma'] });
        const owner = await joinedPerson(server.running.deps, 'owner', 'ada@example.com');
        const endpoint = await newEndpoint(server.clock.now());
        const { bytes, hostKeyid } = await requestActivation(endpoint, { name: 'press-3 <i>', license: null });
        const { context, page, faults } = await openPage({ viewport, javaScriptEnabled, acceptDownloads: true });
        const look = async (name: string) => {
          if (javaScriptEnabled) expect([name, await accessibilityFaults(page)]).toEqual([name, []]);
          if (screenshots !== undefined) await keepScreenshot(page, `${name}-${label.split(' ').at(-1) ?? ''}-light`);
        };
        await signInThrough(page, server, owner);
        await page.getByRole('link', { name: 'Hosts', exact: true }).click();
        await page.getByRole('link', { name: 'Activate a host without a network' }).click();
        const request = page.getByLabel('Request file');
        await request.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
        await page.getByRole('button', { name: 'Look at it' }).click();
        await page.getByText('Expected the file that yms activate --request wrote').waitFor();
        await look('activate-refused');
        await request.setInputFiles({ name: 'press.request', mimeType: '', buffer: Buffer.from(bytes) });
        await page.getByRole('button', { name: 'Look at it' }).click();
        expect(await page.locator('code.secret').textContent()).toBe(hostKeyid);
        await look('activate-review');
        await page.getByLabel('License').selectOption(id);
        await page.getByRole('button', { name: 'Take a seat and make the answer' }).click();
        await page.getByRole('heading', { level: 1, name: 'Answer for press-3 <i>' }).waitFor();
        await look('activate-answer');
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('link', { name: 'Save press-3-i.answer' }).click(),
        ]);
        expect(download.suggestedFilename()).toBe('press-3-i.answer');
        const { bytes: root } = await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'));
        const options = { firstTrust: { root }, server: null };
        const { activation } = await acceptActivation(endpoint, await download.path(), options);
        expect(activation).toMatchObject({ licenseId: id, name: 'press-3 <i>' });
        expect(faults).toEqual([]);
        await context.close();
        await removeEndpoint(endpoint);
        await server.stop();
      },
      slow,
    );
  });

  test(
    'a report is filtered, and saved with its filter',
    async () => {
      const server = await TestServer.start();
      await server.holdCeremony();
      await server.publish('sigma', 1);
      const { licenseKey } = await server.sellLicense({ features: ['sigma'] });
      const host = await server.activate(licenseKey);
      await expectStatus(200, server.call('GET', '/v1/license', { token: host.token }));
      await expectStatus(201, server.admin('POST', '/v1/customers', { name: 'Contoso' }));
      const owner = await joinedPerson(server.running.deps, 'owner', 'ada@example.com');
      const { context, page, faults } = await openPage({ viewport: desk, acceptDownloads: true });
      await signInThrough(page, server, owner);
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      await page.waitForURL('**/admin/reports');
      expect(await page.locator('table.list tbody tr').count()).toBe(2);
      await page.getByLabel('Customer').selectOption({ label: 'Contoso' });
      await page.waitForURL('**/admin/reports?customerId=*');
      expect(await page.locator('table.list tbody tr').count()).toBe(1);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Save all as CSV' }).click(),
      ]);
      const rows = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
      expect(rows).toHaveLength(2);
      expect(rows[1]).toContain(',Contoso,0,');
      await page.getByRole('link', { name: 'License documents' }).click();
      await page.getByRole('link', { name: 'host.example' }).click();
      await page.waitForURL('**/admin/reports/documents?hostId=*');
      expect(await page.getByRole('main').textContent()).toContain('sigma/core/stable 2026.7.1');
      expect(faults).toEqual([]);
      await context.close();
      await server.stop();
    },
    slow,
  );

  describe('the life of a license', () => {
    test.each([
      ['with scripts', true],
      ['without scripts', false],
    ])(
      '%s',
      async (_, javaScriptEnabled) => {
        const server = await TestServer.start();
        await server.holdCeremony();
        await server.publish('sigma', 1);
        await server.publish('mining-pools', 1);
        const { context, page, faults } = await openPage({ viewport: desk, javaScriptEnabled });
        const click = (name: string) => page.getByRole('button', { name, exact: true }).click();
        const facts = async () => (await page.locator('dl.facts').first().textContent()) ?? '';

        await joinFirstOwner(page, server);

        await page.getByRole('link', { name: 'Make a plan' }).click();
        await makePlan(page, 'Trial', ['sigma'], { trial: true, graceDays: '0', durationDays: '30' });
        await page.goto(`${server.url}/admin/plans/new`);
        await makePlan(page, 'Standard', ['sigma'], { graceDays: '14', durationDays: '365' });
        await page.goto(`${server.url}/admin/plans/new`);
        await makePlan(page, 'Premium', ['sigma', 'mining-pools'], { graceDays: '14', durationDays: '365' });

        await page.getByRole('link', { name: 'Customers', exact: true }).click();
        await page.getByRole('form', { name: 'Add a customer' }).getByLabel('Name').fill('Adventure <b>Works</b>');
        await click('Add');
        await page.getByRole('link', { name: 'New license' }).click();
        await page.getByLabel('Plan', { exact: true }).selectOption({ label: 'Trial (trial)' });
        await click('Make the license');
        const licenseKey = (await page.locator('#once-secret').textContent()) ?? '';
        await page.getByRole('link', { name: 'To the license' }).click();
        const licenseUrl = page.url();
        expect(await facts()).toMatch(/State\s*trial/);
        const host = await server.activate(licenseKey);
        expect(await given(server, host)).toEqual({ state: 'trial', features: ['sigma'] });

        const act = async (title: string, fill: () => Promise<unknown> = () => Promise.resolve()) => {
          await page.goto(licenseUrl);
          await page.locator('summary', { hasText: new RegExp(`^${title}$`) }).click();
          await fill();
          await page.getByRole('form', { name: title, exact: true }).getByRole('button').click();
          await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
        };
        await act('Change the plan', () =>
          page.getByRole('form', { name: 'Change the plan' }).getByLabel('Plan').selectOption({ label: 'Standard' }),
        );
        expect(await given(server, host)).toEqual({ state: 'active', features: ['sigma'] });

        await page.getByRole('checkbox', { name: 'mining-pools' }).check();
        await page.getByRole('form', { name: 'Features and seats' }).getByLabel('Seats').fill('1');
        await click('Save');
        await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
        expect(await given(server, host)).toEqual({ state: 'active', features: ['mining-pools', 'sigma'] });
        await expect(server.activate(licenseKey)).rejects.toThrow('seats-exhausted');

        await act('Suspend');
        expect(await given(server, host)).toBe('license-suspended');
        await act('Resume');
        expect(await given(server, host)).toMatchObject({ state: 'active' });

        await page.getByRole('link', { name: 'Plans', exact: true }).click();
        await page.getByRole('link', { name: 'Move sigma' }).click();
        await page.getByRole('group', { name: 'Leaves' }).getByLabel('Trial').uncheck();
        await page.getByRole('group', { name: 'Leaves' }).getByLabel('Premium').uncheck();
        await click('Preview');
        expect(await page.locator('.preview').textContent()).toContain('Adventure <b>Works</b>');
        expect(await given(server, host)).toMatchObject({ features: ['mining-pools', 'sigma'] });
        await click('Move sigma now');
        await page.getByRole('status').filter({ hasText: 'The move is planned.' }).waitFor();
        expect(await given(server, host)).toEqual({ state: 'active', features: ['mining-pools'] });

        server.clock.advanceMs(370 * dayMs);
        await signIn(page, server);
        await page.goto(licenseUrl);
        expect(await facts()).toMatch(/State\s*grace/);
        expect(await given(server, host)).toMatchObject({ state: 'grace' });
        server.clock.advanceMs(14 * dayMs);
        await signIn(page, server);
        await page.goto(licenseUrl);
        expect(await facts()).toMatch(/State\s*expired/);
        expect(await given(server, host)).toBe('license-expired');
        await act('Renew');
        expect(await given(server, host)).toMatchObject({ state: 'active' });

        await page.goto(licenseUrl);
        await page.locator('summary', { hasText: /^Revoke$/ }).click();
        await page.getByRole('form', { name: 'Revoke' }).getByRole('button').click();
        await page.getByText('Tick the box to confirm.').waitFor();
        expect(await given(server, host)).toMatchObject({ state: 'active' });
        await page.getByRole('checkbox', { name: 'Yes, for ever' }).check();
        await page.getByRole('form', { name: 'Revoke' }).getByRole('button').click();
        await page.getByRole('status').filter({ hasText: 'Saved.' }).waitFor();
        expect(await given(server, host)).toBe('license-revoked');
        expect(await page.locator('summary', { hasText: /^Renew$/ }).count()).toBe(0);

        await page.getByRole('link', { name: 'What was done to this license' }).click();
        const acts = await page.locator('table.list tbody tr td:nth-of-type(3)').allTextContents();
        expect(acts.map((text) => text.trim())).toEqual([
          'license.revoke',
          'license.renew',
          'license.resume',
          'license.suspend',
          'license.update',
          'license.upgrade',
          'license.create',
        ]);
        await click('Sign out');
        await page.goto(licenseUrl);
        await page.waitForURL('**/admin/sign-in?next=**');
        expect(faults).toEqual([]);
        await context.close();
        await server.stop();
      },
      slow,
    );
  });
});

const password = 'four quiet yellow lamps';
let secret = '';

/** The first owner, invited with an admin token, by the page that the invitation opens. */
async function joinFirstOwner(page: Page, server: TestServer): Promise<void> {
  const body = { email: 'ada@example.com', name: 'Ada', role: 'owner' };
  const { json } = await expectStatus(201, server.admin('POST', '/v1/people', body));
  await page.goto(server.url + String(json?.['invitationPath']));
  secret = (await page.locator('code.secret').textContent())?.replaceAll(' ', '') ?? '';
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('One-time code').fill(codeAt(secret, server.clock.now()));
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.waitForURL('**/admin');
}

async function signIn(page: Page, server: TestServer): Promise<void> {
  server.clock.advanceMs(30 * secondMs);
  await page.goto(`${server.url}/admin/sign-in`);
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('One-time code').fill(codeAt(secret, server.clock.now()));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin');
}

async function makePlan(
  page: Page,
  name: string,
  features: readonly string[],
  terms: { readonly trial?: boolean; readonly graceDays: string; readonly durationDays: string },
): Promise<void> {
  await page.getByLabel('Name', { exact: true }).fill(name);
  for (const feature of features) await page.getByLabel(feature, { exact: true }).check();
  await page.getByLabel('Days', { exact: true }).fill(terms.durationDays);
  await page.getByLabel('Grace days').fill(terms.graceDays);
  if (terms.trial) await page.getByLabel('A trial').check();
  await page.getByRole('button', { name: 'Make the plan' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** What the endpoint gets now: state and features of its document, or the code of the refusal. */
async function given(server: TestServer, host: TestHost): Promise<unknown> {
  const { status, json } = await server.call('GET', '/v1/license', { token: host.token });
  if (status !== 200) return json?.['code'];
  const document = JSON.parse(Buffer.from(String(json?.['payload']), 'base64').toString('utf8')) as {
    state: string;
    features: string[];
  };
  return { state: document.state, features: document.features };
}

const kept = [
  'overview-desk-light',
  'overview-desk-dark',
  'overview-phone-light',
  'license-desk-light',
  'plans-desk-light',
  'move-desk-light',
  'activate-review-desk-light',
  'reports-documents-desk-light',
  'hosts-phone-dark',
];

async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (screenshots === undefined || !kept.includes(name)) return;
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), scale: 'css' });
}
