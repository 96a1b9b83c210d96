import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixedClock } from '../../base/clock.js';
import { activate } from '../../scanner/update/activate.js';
import { loadActive } from '../../scanner/active/active.js';
import { openHome } from '../../scanner/state/home.js';
import type { Endpoint } from '../../scanner/update/update.js';
import { type TestDistribution, type TestLicense } from './distribution.js';

export const testClient = '0.1.0';

/** An endpoint with a state folder of its own; its clock is not the server's. */
export async function newEndpoint(now: Date): Promise<Endpoint & { readonly clock: FixedClock }> {
  const home = openHome(join(await mkdtemp(join(tmpdir(), 'yms-endpoint-')), 'home'));
  return { home, clock: new FixedClock(now), client: testClient };
}

export async function removeEndpoint({ home }: Endpoint): Promise<void> {
  await rm(join(home.path, '..'), { recursive: true, force: true });
}

export async function activateAt(
  endpoint: Endpoint,
  distribution: TestDistribution,
  license: TestLicense,
): Promise<void> {
  const root = distribution.repository.metadata('1.root.json');
  const request = { server: distribution.url, licenseKey: license.key, name: 'test-host', firstTrust: { root } };
  await activate(endpoint, request);
}

/** What an endpoint would scan with: pack, version, sequence and rule ids, loaded from its disk. */
export async function activeRules({ home, clock }: Endpoint): Promise<string[]> {
  const { packs } = await loadActive(home, clock);
  return packs.map(
    ({ accepted, rules }) =>
      `${accepted.feature}/${accepted.pack} #${accepted.sequence}: ${rules.map(({ id }) => id.replace('keyword:', '')).join(' ')}`,
  );
}

export async function activeFlags({ home, clock }: Endpoint): Promise<string[]> {
  const { flags } = await loadActive(home, clock);
  return flags.map(({ code, subject }) => (subject === 'endpoint' ? code : `${code} ${subject}`));
}
