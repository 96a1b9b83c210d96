import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { secondMs } from '../../base/clock.js';
import { codeAt, type TestPerson, testPassword } from './person.js';
import type { TestServer } from './server.js';

export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const hasChromium = existsSync(chromiumPath);

/** No sandbox of its own, as in a container; nothing that would look for the internet. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What axe finds against WCAG 2.2 A and AA, one line for each place. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** Signs in by the form, as a person does. The clock goes on by half a minute, for each code counts once. */
export async function signInThrough(page: Page, server: TestServer, who: TestPerson): Promise<void> {
  server.clock.advanceMs(30 * secondMs);
  await page.goto(`${server.url}/admin/sign-in`);
  await page.getByLabel('E-mail').fill(who.person.email);
  await page.getByLabel('Password').fill(testPassword);
  await page.getByLabel('One-time code').fill(codeAt(who.totpSecret, server.clock.now()));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/admin');
}
