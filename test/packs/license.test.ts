import { describe, expect, test } from 'vitest';
import { canonicalJsonBytes } from '../../base/json.js';
import { openerOf } from '../../keys/sealing.js';
import { encodeLicense, type Grant, type License, openGrant, parseLicense, sealGrant } from '../../packs/license.js';
import { sealPack } from '../../packs/pack.js';
import { expectCode } from '../support/expect-code.js';
import { distributionKey, hostKey, packInput, recipients, signers } from './sample.js';

const { header, contentKey } = await sealPack(packInput(), { signers, recipients });
const grant = sealGrant(header, contentKey, hostKey.publicKey);

const license: License = {
  license: 'lic_1',
  customer: { id: 'cus_1', name: 'Exämple AG' },
  host: { id: 'hst_1', keyid: hostKey.publicKey.keyid },
  features: ['mining-pools', 'sigma'],
  packs: [
    { feature: 'mining-pools', pack: 'monero', channel: 'stable' },
    { feature: 'sigma', pack: 'core', channel: 'stable' },
  ],
  state: 'active',
  notBefore: '2026-07-01T00:00:00Z',
  expiresAt: '2026-07-15T00:00:00Z',
  licenseExpiresAt: '2027-07-01T00:00:00Z',
  issuedAt: '2026-07-01T00:00:00Z',
  serial: 1,
  grants: [grant],
};

function isTaken(changes: Record<string, unknown>): boolean {
  try {
    parseLicense(canonicalJsonBytes({ ...license, ...changes }));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'license-malformed' });
    return false;
  }
}

describe('license document', () => {
  test('comes back as it was encoded', () => {
    expect(parseLicense(encodeLicense(license))).toEqual(license);
  });

  test('is encoded alike whatever order its lists come in', () => {
    const later: Grant = { ...grant, sequence: 10, keyCommitment: 'f'.repeat(64) };
    const delta: Grant = { ...later, kind: 'delta' };
    const mixed = {
      ...license,
      features: license.features.toReversed(),
      packs: license.packs.toReversed(),
      grants: [later, grant, delta],
    };
    const parsed = parseLicense(encodeLicense(mixed));
    expect(parsed).toEqual({ ...license, grants: [grant, delta, later] });
    expect(encodeLicense({ ...mixed, grants: [delta, later, grant] })).toEqual(encodeLicense(mixed));
  });

  test.each(Object.keys(license))('must have %s', (member) => {
    expect(isTaken({ [member]: undefined })).toBe(false);
    expect(isTaken({ [member]: null })).toBe(false);
  });

  test('has no other members, at any depth', () => {
    expect(isTaken({ note: 1 })).toBe(false);
    expect(isTaken({ customer: { ...license.customer, note: 1 } })).toBe(false);
    expect(isTaken({ host: { ...license.host, note: 1 } })).toBe(false);
    expect(isTaken({ grants: [{ ...grant, note: 1 }] })).toBe(false);
  });

  test('has its lists sorted, each entry once', () => {
    expect(isTaken({ features: license.features.toReversed() })).toBe(false);
    expect(isTaken({ features: ['mining-pools', 'sigma', 'sigma'] })).toBe(false);
    expect(isTaken({ packs: license.packs.toReversed() })).toBe(false);
    expect(isTaken({ grants: [grant, grant] })).toBe(false);
    expect(
      isTaken({
        grants: [
          { ...grant, sequence: 10 },
          { ...grant, sequence: 9 },
        ],
      }),
    ).toBe(false);
    expect(
      isTaken({
        grants: [
          { ...grant, sequence: 9 },
          { ...grant, sequence: 10 },
        ],
      }),
    ).toBe(true);
  });

  test('does not contradict itself', () => {
    expect(isTaken({ features: ['mining-pools'] })).toBe(false);
    expect(isTaken({ packs: license.packs.slice(0, 1) })).toBe(false);
    expect(isTaken({ expiresAt: license.notBefore })).toBe(false);
    expect(isTaken({ issuedAt: license.expiresAt })).toBe(false);
    expect(isTaken({ features: [], packs: [], grants: [] })).toBe(true);
  });

  test('is strict about texts, times and states', () => {
    expect(isTaken({ customer: { id: 'cus_1', name: 'a\u001b[2J' } })).toBe(false);
    for (const [text, taken] of [
      ['\u{1f600}'.repeat(200), true],
      ['\u{1f600}'.repeat(201), false],
      ['a'.repeat(201), false],
      ['', false],
    ] as const)
      expect(isTaken({ customer: { id: 'cus_1', name: text } })).toBe(taken);
    expect(isTaken({ customer: { id: '../x', name: 'a' } })).toBe(false);
    expect(isTaken({ issuedAt: '2026-07-01T00:00:00.000Z' })).toBe(false);
    expect(isTaken({ state: 'cancelled' })).toBe(false);
    expect(isTaken({ serial: 0 })).toBe(false);
    for (const state of ['trial', 'active', 'grace', 'expired', 'suspended', 'revoked'])
      expect(isTaken({ state })).toBe(true);
  });

  test('is refused by its writer too', async () => {
    await expectCode('license-malformed', () => encodeLicense({ ...license, serial: 0 }));
  });
});

describe('grant', () => {
  test('opens for its host', () => {
    expect(openGrant(grant, openerOf(hostKey))).toEqual(contentKey);
  });

  test('does not open for another', async () => {
    await expectCode('sealed-box', () => openGrant(grant, openerOf(distributionKey)));
  });

  test('is bound to its release', async () => {
    for (const changes of [
      { feature: 'premium' },
      { pack: 'other' },
      { sequence: 2 },
      { version: '2' },
      { kind: 'delta' },
    ])
      await expectCode('key-commitment', () => openGrant({ ...grant, ...changes } as Grant, openerOf(hostKey)));
  });

  test('is not made of a content key that the release is not committed to', async () => {
    await expectCode('key-commitment', () => sealGrant(header, Buffer.alloc(32), hostKey.publicKey));
  });
});
