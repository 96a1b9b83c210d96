import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { dayMs, formatSeconds } from '../../../base/clock.js';
import { saveKeyFile } from '../../../keys/keyfile.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey, signEnvelope, signerOf } from '../../../keys/signing.js';
import { encodeHeader, packPayloadType } from '../../../packs/header.js';
import { loadActive } from '../../../scanner/active/active.js';
import { refusedOrThrow } from '../../../scanner/error.js';
import { acceptLicense, loadStoredLicense } from '../../../scanner/license/entitlement.js';
import { update } from '../../../scanner/update/update.js';
import { type AttackScene, attackScene, core, good } from '../../support/attack-scene.js';
import { rule } from '../../support/distribution.js';
import { activateAt, activeFlags, activeRules, newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';

let distribution: AttackScene['distribution'];
let repository: AttackScene['repository'];
let license: AttackScene['license'];
let endpoint: AttackScene['endpoint'];
const { pointerPacks, refusesAll } = attackScene((scene) => ({ distribution, repository, license, endpoint } = scene));

describe('the license', () => {
  test.each(['expired', 'suspended', 'revoked'] as const)('%s', async (state) => {
    await distribution.release(core, 6);
    license.state = state;
    await refusesAll(`license-${state}`);
    expect(await activeFlags(endpoint)).toContain(`license-${state}`);
  });

  test('a document that says revoked', async () => {
    distribution.alterLicense = (document) => ({ ...document, state: 'revoked' });
    await distribution.release(core, 6);
    await refusesAll('license-revoked');
  });

  test('unlicensed: a feature that is no longer named stays, frozen and flagged', async () => {
    license.features = ['premium'];
    await distribution.release(core, 6);
    const { packs, switched } = await update(endpoint);
    expect(packs).toMatchObject([{ outcome: 'unlicensed', sequence: 5 }]);
    expect(switched).toBe(false);
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['unlicensed sigma/core/stable']);
    license.features = ['sigma'];
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('a pack that is named in another channel only is taken from there', async () => {
    const isBeta = ({ channel }: { readonly channel: string }) => channel === 'beta';
    distribution.alterLicense = (document) => ({
      ...document,
      packs: document.packs.filter(isBeta),
      grants: document.grants.filter(isBeta),
    });
    await distribution.release(core, 6);
    await distribution.release('sigma/core/beta', 7);
    const { packs } = await update(endpoint);
    expect(packs.map(({ channel, outcome, sequence }) => `${channel} ${outcome} ${sequence}`)).toEqual([
      'beta updated 7',
      'stable replaced null',
    ]);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #7: rule-7']);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('issued in a far future, which would have every later update refused', async () => {
    distribution.alterLicense = (document) => ({
      ...document,
      issuedAt: repository.inDays(1000),
      expiresAt: repository.inDays(1014),
      licenseExpiresAt: repository.inDays(2000),
    });
    await distribution.release(core, 6);
    const before = await loadStoredLicense(endpoint.home);
    await refusesAll('license-issued-ahead');
    expect(await loadStoredLicense(endpoint.home)).toEqual(before);
    distribution.alterLicense = (document) => document;
    for (const host of license.hosts) host.issued = null;
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  test('400 documents, each a day after the one before, do not walk the mark of time', async () => {
    const latest = new Date(endpoint.clock.now().getTime() + dayMs);
    let walked = endpoint.clock.now().getTime();
    let refused = 0;
    const [host] = license.hosts;
    if (!host) throw new Error('no host');
    const policy = { keys: [repository.licenseKey.publicKey], hostKeyid: host.key.keyid, hostId: host.id };
    let stored = await loadStoredLicense(endpoint.home);
    for (let n = 0; n < 400; n++) {
      walked += dayMs;
      const day = (days: number): string => formatSeconds(new Date(walked + days * dayMs));
      distribution.alterLicense = (document) => ({
        ...document,
        issuedAt: day(0),
        expiresAt: day(14),
        licenseExpiresAt: day(1000),
      });
      host.issued = null;
      const before = stored;
      try {
        stored = acceptLicense(distribution.issue(license, host), null, stored, policy, endpoint.clock).stored;
      } catch (error) {
        expect(refusedOrThrow(error).code).toBe('license-issued-ahead');
        expect(stored).toBe(before);
        refused += 1;
      }
    }
    expect(refused).toBe(399);
    expect(stored?.greatestIssuedAt).toBe(formatSeconds(latest));
  });

  test.each(['suspended', 'revoked', 'expired'] as const)(
    '%s, and issued ahead of this clock: the state is what people hear of',
    async (state) => {
      distribution.alterLicense = (document) => ({
        ...document,
        state,
        issuedAt: repository.inDays(2),
        expiresAt: repository.inDays(16),
      });
      for (const host of license.hosts) host.issued = null;
      const before = await loadStoredLicense(endpoint.home);
      await refusesAll(`license-${state}`);
      expect(await loadStoredLicense(endpoint.home)).toEqual(before);
    },
  );

  test('signed by a key that keys.json does not name', async () => {
    await distribution.release(core, 6);
    const listed = repository.licenseKey;
    repository.licenseKey = newSigningKey();
    await refusesAll('signature-unknown-key');
    repository.licenseKey = listed;
    await update(endpoint);
  });

  test('of another host', async () => {
    license.seats = 2;
    const other = await newEndpoint(endpoint.clock.now());
    await activateAt(other, distribution, license);
    const [, second] = license.hosts;
    if (!second) throw new Error('no second host');
    const envelope = distribution.issue(license, second);
    distribution.intercept = (_, path) => (path === 'v1/license' ? { status: 200, body: envelope } : undefined);
    await refusesAll('license-host');
    await removeEndpoint(other);
  });

  test('an older document, which had more features', async () => {
    const [host] = license.hosts;
    if (!host) throw new Error('no host');
    const old = distribution.issue(license, host);
    license.features = [];
    await update(endpoint);
    distribution.intercept = (_, path) => (path === 'v1/license' ? { status: 200, body: old } : undefined);
    const before = await pointerPacks();
    await expectCode('license-rollback', () => update(endpoint));
    expect(await pointerPacks()).toEqual(before);
  });

  test('a pack header signed by the license key does not pass for a license', async () => {
    const header = await distribution.seal(core, 6, [rule('rule-6')]);
    const envelope = signEnvelope(packPayloadType, encodeHeader(header.header), [signerOf(repository.licenseKey)]);
    distribution.intercept = (_, path) => (path === 'v1/license' ? { status: 200, body: envelope } : undefined);
    await refusesAll('payload-type');
  });

  test('stolen host token with another host’s key', async () => {
    const thief = await newEndpoint(endpoint.clock.now());
    await mkdir(thief.home.path, { recursive: true });
    for (const name of ['connection', 'anchor'] as const)
      await writeFile(thief.home[name], await readFile(endpoint.home[name]), { mode: 0o600 });
    await saveKeyFile(thief.home.hostKey, newSealingKey(), {
      name: 'host',
      createdAt: thief.clock.now(),
      passphrase: null,
    });
    await expectCode('license-host', () => update(thief));
    expect((await loadActive(thief.home, thief.clock)).packs).toEqual([]);
    await removeEndpoint(thief);
  });

  test('a token that the server no longer knows', async () => {
    license.hosts.length = 0;
    await refusesAll('token-refused');
  });
});
