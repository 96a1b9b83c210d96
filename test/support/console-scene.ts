/** A server as it looks after some months of business: what the console's pages show in tests and in the documents. */
import { dayMs, formatSeconds, hourMs, minuteMs } from '../../base/clock.js';
import type { SealedPack } from '../../packs/pack.js';
import { createToken } from '../../server/access/api-tokens.js';
import { createCustomer } from '../../server/licensing/customers.js';
import { createMove } from '../../server/licensing/feature-moves.js';
import { createGroup } from '../../server/licensing/groups.js';
import { extendLicense, revokeLicense, suspendLicense } from '../../server/licensing/license-acts.js';
import { sellLicense } from '../../server/licensing/licenses.js';
import { createPlan } from '../../server/licensing/plans.js';
import { testOwner } from './person.js';
import { expectStatus, type TestHost, TestServer } from './server.js';

export interface ConsoleScene {
  readonly server: TestServer;
  readonly plans: { readonly trial: string; readonly standard: string; readonly premium: string };
  readonly customers: Readonly<Record<string, string>>;
}

export async function consoleScene(): Promise<ConsoleScene> {
  const server = await TestServer.start({ features: ['sigma', 'mining-pools', 'ioc'] });
  const { deps } = server.running;
  const inDays = (days: number) => formatSeconds(new Date(server.clock.now().getTime() + days * dayMs));
  const plan = async (name: string, features: string[], named: object = {}) =>
    (
      await createPlan(deps, testOwner, {
        name,
        features,
        seats: 10,
        durationDays: 365,
        channel: 'stable',
        trial: false,
        graceDays: 14,
        documentDays: 14,
        floatingDays: null,
        ...named,
      })
    ).shown.id;
  const plans = {
    trial: await plan('Trial', ['sigma'], { trial: true, durationDays: 30, graceDays: 0, seats: 3 }),
    standard: await plan('Standard', ['ioc', 'sigma']),
    premium: await plan('Premium', ['ioc', 'mining-pools', 'sigma'], { seats: 50, floatingDays: 30 }),
  };
  await server.holdCeremony();
  const released: SealedPack[] = [];
  for (const feature of ['sigma', 'mining-pools', 'ioc'])
    released.push(await server.publish(feature, 1, { version: '2026.7.1' }));

  const customers: Record<string, string> = {};
  const hosts: TestHost[] = [];
  const sold = [
    ['Northwind Traders', 'premium', 200, 5],
    ['Contoso Manufacturing', 'standard', 25, 3],
    ['Fabrikam Energy', 'trial', 12, 1],
    ['Tailspin Airports', 'standard', 300, 2],
    ['Wide World Importers', 'premium', 21, 1],
    ['Łódzkie Zakłady Optyczne', 'standard', 90, 0],
    ['三和精密工業', 'standard', 150, 1],
  ] as const;
  for (const [name, planName, days, hostCount] of sold) {
    const { shown: customer } = await createCustomer(deps, testOwner, { name });
    customers[name] = customer.id;
    const terms = { customerId: customer.id, planId: plans[planName], expiresAt: inDays(days) };
    const { shown: license } = await sellLicense(deps, testOwner, terms);
    for (let i = 0; i < hostCount; i++) hosts.push(await server.activate(license.licenseKey));
    if (name.startsWith('Tailspin')) await suspendLicense(deps, testOwner, license.id, { reason: 'invoice 4711' });
    if (name.startsWith('三')) await revokeLicense(deps, testOwner, license.id, { reason: 'key was leaked' });
    if (name.startsWith('Contoso')) await extendLicense(deps, testOwner, license.id, { days: 3 });
  }
  await nameHosts(server, hosts);
  for (const host of hosts) await fetchAll(server, host, released);
  await createGroup(deps, testOwner, { customerId: customers['Northwind Traders'] ?? '', name: 'Domain controllers' });
  await createToken(deps, testOwner, { name: 'release pipeline', scope: 'publisher' });

  server.clock.advanceMs(22 * dayMs);
  await server.publish('sigma', 2, { version: '2026.7.2' });
  const publishedAt = server.clock.now().getTime();
  for (const [i, host] of hosts.entries()) {
    server.clock.advanceMs(5 * hourMs);
    if (i % 4 !== 3) await report(server, host, i % 5 !== 4, publishedAt);
  }
  server.clock.advanceMs(hourMs);
  await createMove(deps, testOwner, {
    feature: 'ioc',
    fromPlans: [plans.standard],
    toPlans: [],
    effectiveAt: inDays(30),
    keepExisting: false,
  });
  for (let i = 0; i < 5; i++) await server.call('GET', '/v1/license', { token: 'yms_host_mistyped' });
  await server.call('POST', '/v1/activations', { json: {} });
  return { server, plans, customers };
}

async function nameHosts({ running }: TestServer, hosts: readonly TestHost[]): Promise<void> {
  const names = ['dc-01', 'dc-02', 'web-01', 'mail-01', 'build-07', 'laptop-anna', 'scada-gw', 'kiosk-3', 'files-02'];
  for (const [i, { hostId }] of hosts.entries())
    await running.deps.records
      .updateTable('hosts')
      .set({ name: `${names[i % names.length] ?? 'host'}.example` })
      .where('id', '=', hostId)
      .execute();
}

/** As an endpoint does: a document, and each pack that its license covers; the rest is refused. */
async function fetchAll(server: TestServer, { token }: TestHost, packs: readonly SealedPack[]): Promise<void> {
  const { status } = await server.call('GET', '/v1/license', { token });
  if (status !== 200) return;
  server.clock.advanceMs(2 * minuteMs);
  for (const pack of packs) await server.call('GET', server.targetPath(pack), { token });
}

async function report(server: TestServer, host: TestHost, isCurrent: boolean, publishedAt: number): Promise<void> {
  const now = server.clock.now();
  const pack = (feature: string, sequence: number, installedAt: number) => ({
    feature,
    pack: 'core',
    channel: 'stable',
    version: `2026.7.${sequence}`,
    sequence,
    contentDigest: 'a'.repeat(64),
    installedAt: formatSeconds(new Date(installedAt)),
  });
  const packs = [
    pack('ioc', 1, publishedAt - 10 * dayMs),
    pack('mining-pools', 1, publishedAt - 10 * dayMs),
    pack('sigma', isCurrent ? 2 : 1, isCurrent ? now.getTime() : publishedAt - 10 * dayMs),
  ];
  const failed = { lastError: { code: 'disk-full', message: 'packs: expected room, got <a full disk>' } };
  const json = { client: '0.1.0', sequenceSeen: 2, packs, ...(isCurrent ? {} : failed) };
  await expectStatus(204, server.call('POST', '/v1/status', { token: host.token, json }));
}
