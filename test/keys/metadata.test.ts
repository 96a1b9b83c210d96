import { Metadata, Targets } from '@tufjs/models';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.js';
import { FixedClock } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { encodePublicKey, type SecretKey } from '../../keys/key.js';
import { encodeMetadata, parseMetadata, rolePolicy, verifyMetadata, verifyUnexpired } from '../../keys/metadata.js';
import { verifyRootSuccessor, verifySelfSigned } from '../../keys/root.js';
import type { RootRole, TargetsRole } from '../../keys/roles.js';
import { addSignature, newSigningKey, signerOf, signMetadata } from '../../keys/signing.js';
import { expectCode } from '../support/expect-code.js';

const people = [1, 2, 3, 4, 5].map((seed) => newSigningKey(new Uint8Array(32).fill(seed)));
const [a, b, c, d, e] = people as [SecretKey, SecretKey, SecretKey, SecretKey, SecretKey];
const table = (...keys: SecretKey[]) =>
  Object.fromEntries(keys.map(({ publicKey }) => [publicKey.keyid, encodePublicKey(publicKey)]));
const role = (threshold: number, ...keys: SecretKey[]) => ({
  keyids: keys.map(({ publicKey }) => publicKey.keyid),
  threshold,
});

function rootOf(version: number, quorum: SecretKey[]): RootRole {
  return {
    _type: 'root',
    spec_version: '1.0.31',
    version,
    expires: '2027-11-24T00:00:00Z',
    consistent_snapshot: true,
    keys: table(...quorum, d, e),
    roles: { root: role(2, ...quorum), targets: role(1, d), snapshot: role(1, e), timestamp: role(1, e) },
  };
}
function parseDelegation(name: string, path: string) {
  const roles = [{ name, ...role(1, a), terminating: true, paths: [path] }];
  const targets = { _type: 'targets', spec_version: '1.0.31', version: 1, expires: '2027-01-01T00:00:00Z' };
  const signed = { ...targets, targets: {}, delegations: { keys: table(a), roles } };
  return parseMetadata('targets', utf8(JSON.stringify({ signed, signatures: [] })));
}
const sign = (root: RootRole, ...keys: SecretKey[]) => signMetadata(root, keys.map(signerOf));

describe('metadata', () => {
  test('survives the wire, and tuf-js finds the same signatures valid', () => {
    const root = sign(rootOf(1, [a, b, c]), a, c);
    const parsed = parseMetadata('root', encodeMetadata(root));
    expect(verifyMetadata(parsed, rolePolicy(parsed.signed, 'root'))).toEqual(root.signed);

    const theirs = Metadata.fromJSON('root' as never, JSON.parse(canonicalJson(root)) as never);
    expect(() => theirs.verifyDelegate('root', theirs as never)).not.toThrow();
    const broken = { ...root, signatures: root.signatures.slice(0, 1) };
    const one = Metadata.fromJSON('root' as never, JSON.parse(canonicalJson(broken)) as never);
    expect(() => one.verifyDelegate('root', one as never)).toThrow();
  });

  test('a targets role in our form is one in theirs', () => {
    const targets: TargetsRole = {
      _type: 'targets',
      spec_version: '1.0.31',
      version: 3,
      expires: '2027-01-01T00:00:00Z',
      targets: { 'sigma/core/stable.yms': { length: 10, hashes: { sha256: 'a'.repeat(64) } } },
      delegations: {
        keys: table(a),
        roles: [{ name: 'sigma', ...role(1, a), terminating: true, paths: ['sigma/*/*'] }],
      },
    };
    const parsed = parseMetadata('targets', encodeMetadata(signMetadata(targets, [signerOf(d)])));
    const theirs = Targets.fromJSON(JSON.parse(canonicalJson(parsed.signed)) as never);
    expect(theirs.delegations?.roles?.['sigma']?.isDelegatedPath('sigma/core/stable.yms')).toBe(true);
    expect(theirs.delegations?.roles?.['sigma']?.isDelegatedPath('premium/core/stable.yms')).toBe(false);
  });

  test.each([
    ['a date in another spelling', { expires: '2027-11-24T00:00:00.000Z' }],
    ['a date that never comes', { expires: '2027-02-30T00:00:00Z' }],
    ['version zero', { version: 0 }],
    ['an unknown member', { extra: true }],
    ['inconsistent snapshots', { consistent_snapshot: false }],
    ['a threshold nobody can meet', { roles: { ...rootOf(1, [a]).roles, root: role(2, a) } }],
    ['a key named twice in a role', { roles: { ...rootOf(1, [a, b]).roles, root: role(2, a, a) } }],
  ])('refuses %s', async (_, change) => {
    const bytes = utf8(JSON.stringify({ signed: { ...rootOf(1, [a, b]), ...change }, signatures: [] }));
    await expectCode('metadata-malformed', () => parseMetadata('root', bytes));
  });

  test('refuses duplicate members, which libraries read in different ways', async () => {
    const text = canonicalJson(sign(rootOf(1, [a, b]), a, b));
    const twice = text.replace('"version":1', '"version":1,"version":2');
    await expectCode('metadata-malformed', () => parseMetadata('root', utf8(twice)));
  });

  test('refuses a key under a name that is not its hash, so one key cannot count as two', async () => {
    const root = rootOf(1, [a, b]);
    const alias = { ...root, keys: { ...root.keys, ['e'.repeat(64)]: encodePublicKey(a.publicKey) } };
    await expectCode('keyid-mismatch', () => parseMetadata('root', encodeMetadata(sign(alias, a, b))));
  });

  test('refuses a feature role with the paths of another', async () => {
    await expectCode('metadata-malformed', () => parseDelegation('sigma', 'premium/*/*'));
  });

  test('refuses a feature that is named like a role of the repository', async () => {
    expect(parseDelegation('sigma', 'sigma/*/*').signed.delegations?.roles).toHaveLength(1);
    for (const name of ['timestamp', 'root', 'custom'])
      await expectCode('metadata-malformed', () => parseDelegation(name, `${name}/*/*`));
  });
});

describe('thresholds', () => {
  test('count distinct keys', async () => {
    const once = sign(rootOf(1, [a, b, c]), a);
    await expectCode('signature-threshold', () => verifySelfSigned(once));
    expect(verifySelfSigned(addSignature(once, signerOf(b))).version).toBe(1);
    await expectCode('signature-threshold', () => verifySelfSigned(addSignature(once, signerOf(a))));
  });

  test('pass over signatures of other keys, and over invalid ones', async () => {
    const root = sign(rootOf(1, [a, b, c]), a, e);
    await expectCode('signature-threshold', () => verifySelfSigned(root));
    const forged = { ...root, signatures: [...root.signatures, { keyid: b.publicKey.keyid, sig: '00'.repeat(64) }] };
    await expectCode('signature-threshold', () => verifySelfSigned(forged));
  });

  test('two names for one key are one key', async () => {
    const root = sign(rootOf(1, [a, b]), a);
    const alias = { ...a.publicKey, keyid: 'e'.repeat(64) };
    const [first] = root.signatures;
    const twice = { ...root, signatures: [...root.signatures, { keyid: alias.keyid, sig: first?.sig ?? '' }] };
    await expectCode('signature-threshold', () => verifyMetadata(twice, { keys: [a.publicKey, alias], threshold: 2 }));
  });
});

describe('root rotation', () => {
  const first = rootOf(1, [a, b, c]);

  test('needs the old quorum and the new one', async () => {
    const next = rootOf(2, [c, d, e]);
    await expectCode('signature-threshold', () => verifyRootSuccessor(first, sign(next, d, e)));
    await expectCode('signature-threshold', () => verifyRootSuccessor(first, sign(next, a, b)));
    expect(verifyRootSuccessor(first, sign(next, a, b, d, e))).toEqual(next);
  });

  test('goes up by exactly one', async () => {
    await expectCode('root-version', () => verifyRootSuccessor(first, sign(rootOf(3, [a, b, c]), a, b)));
    await expectCode('root-version', () => verifyRootSuccessor(first, sign(rootOf(1, [a, b, c]), a, b)));
  });
});

describe('expiry', () => {
  test('is over at its very second', async () => {
    const root = rootOf(1, [a, b]);
    expect(verifyUnexpired(root, new FixedClock('2027-11-23T23:59:59Z'))).toBe(root);
    await expectCode('metadata-expired', () => verifyUnexpired(root, new FixedClock('2027-11-24T00:00:00Z')));
  });
});
