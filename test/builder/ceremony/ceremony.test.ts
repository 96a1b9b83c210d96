import { describe, expect, test } from 'vitest';
import { missingRootSignatures, newRoot, signRoot } from '../../../builder/ceremony/root.js';
import {
  delegateFeature,
  missingTargetsSignatures,
  newTargets,
  nextTargets,
  setKeysJson,
  signTargets,
} from '../../../builder/ceremony/targets.js';
import { FixedClock } from '../../../base/clock.js';
import { parseKeysJson } from '../../../keys/keys-json.js';
import { encodeMetadata, parseMetadata, rolePolicy, verifyMetadata } from '../../../keys/metadata.js';
import { verifyRootSuccessor, verifySelfSigned } from '../../../keys/root.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../../keys/signing.js';
import { expectCode } from '../../support/expect-code.js';
import { at } from '../support.js';

const clock = new FixedClock('2026-07-01T00:00:00Z');
const keys = (count: number) => Array.from({ length: count }, () => newSigningKey());
const policy = (secrets: ReturnType<typeof keys>, threshold: number) => ({
  keys: secrets.map(({ publicKey }) => publicKey),
  threshold,
});

function trustDomain() {
  const root = keys(3);
  const targets = keys(3);
  const [snapshot, timestamp] = [keys(1), keys(1)];
  const plan = {
    root: policy(root, 2),
    targets: policy(targets, 2),
    snapshot: policy(snapshot, 1),
    timestamp: policy(timestamp, 1),
  };
  return { root, targets, snapshot, timestamp, plan };
}

describe('root', () => {
  test('a first root lasts a year, says how many signatures are missing, and verifies with its quorum', () => {
    const { root, plan } = trustDomain();
    let metadata = newRoot(plan, null, clock);
    expect(metadata.signed).toMatchObject({ version: 1, expires: '2027-07-01T00:00:00Z', consistent_snapshot: true });
    expect(missingRootSignatures(metadata, null)).toEqual([{ under: 'new', threshold: 2, valid: 0, missing: 2 }]);
    metadata = signRoot(metadata, null, signerOf(at(root, 0)));
    metadata = signRoot(metadata, null, signerOf(at(root, 0)));
    expect(missingRootSignatures(metadata, null)[0]?.missing).toBe(1);
    metadata = signRoot(metadata, null, signerOf(at(root, 2)));
    expect(missingRootSignatures(metadata, null)[0]?.missing).toBe(0);
    const read = parseMetadata('root', encodeMetadata(metadata));
    expect(verifySelfSigned(read)).toEqual(metadata.signed);
  });

  test('a successor needs the old and the new quorum, and keeps the roles that nobody changed', async () => {
    const { root, plan } = trustDomain();
    const first = newRoot(plan, null, clock).signed;
    const fresh = keys(2);
    let next = newRoot({ root: policy(fresh, 2) }, first, clock);
    expect(next.signed.version).toBe(2);
    expect(next.signed.roles.targets).toEqual(first.roles.targets);
    for (const key of fresh) next = signRoot(next, first, signerOf(key));
    expect(missingRootSignatures(next, first)).toEqual([
      { under: 'old', threshold: 2, valid: 0, missing: 2 },
      { under: 'new', threshold: 2, valid: 2, missing: 0 },
    ]);
    await expectCode('signature-threshold', () => verifyRootSuccessor(first, next));
    for (const key of root.slice(0, 2)) next = signRoot(next, first, signerOf(key));
    expect(verifyRootSuccessor(first, next).version).toBe(2);
  });

  test('signing a successor without the root before it is refused', async () => {
    const { root, plan } = trustDomain();
    const next = newRoot({}, newRoot(plan, null, clock).signed, clock);
    await expectCode('metadata-mismatch', () => signRoot(next, null, signerOf(at(root, 0))));
  });

  test('refused: a role without keys, a key twice, a threshold out of reach, a key that cannot sign, a stranger', async () => {
    const { root, targets, plan } = trustDomain();
    const incomplete = { root: plan.root, targets: plan.targets, snapshot: plan.snapshot };
    await expectCode('key-missing', () => newRoot(incomplete, null, clock));
    await expectCode('key-repeated', () =>
      newRoot({ ...plan, root: policy([at(root, 0), at(root, 0)], 2) }, null, clock),
    );
    await expectCode('key-repeated', () => newRoot({ ...plan, targets: policy([at(root, 0)], 1) }, null, clock));
    await expectCode('key-repeated', () => newRoot({ ...plan, timestamp: policy([at(targets, 0)], 1) }, null, clock));
    for (const threshold of [0, 4, 1.5])
      await expectCode('threshold-invalid', () => newRoot({ ...plan, root: policy(root, threshold) }, null, clock));
    const sealing = { keys: [newSealingKey().publicKey], threshold: 1 };
    await expectCode('key-kind', () => newRoot({ ...plan, snapshot: sealing }, null, clock));
    await expectCode('key-unknown', () => signRoot(newRoot(plan, null, clock), null, signerOf(at(targets, 0))));
  });

  test("the server's two online roles may share one key", () => {
    const { plan } = trustDomain();
    const root = newRoot({ ...plan, timestamp: plan.snapshot }, null, clock).signed;
    expect(root.roles.timestamp).toEqual(root.roles.snapshot);
  });
});

describe('targets', () => {
  test('delegates features, carries keys.json, and verifies with the quorum of root', () => {
    const { targets, plan } = trustDomain();
    const root = newRoot(plan, null, clock).signed;
    const [sigma, pools] = [keys(1), keys(2)];
    let signed = delegateFeature(newTargets(clock).signed, 'sigma', policy(sigma, 1));
    signed = delegateFeature(signed, 'mining-pools', policy(pools, 2));
    const license = newSigningKey().publicKey;
    const distribution = newSealingKey().publicKey;
    const set = setKeysJson(signed, { licenseKeys: [license], distributionKeys: [distribution] });
    let metadata = signTargets({ signed: set.signed, signatures: [] }, root, signerOf(at(targets, 0)));
    expect(missingTargetsSignatures(metadata, root)).toEqual({ under: 'targets', threshold: 2, valid: 1, missing: 1 });
    metadata = signTargets(metadata, root, signerOf(at(targets, 1)));
    const read = parseMetadata('targets', encodeMetadata(metadata));
    const verified = verifyMetadata(read, rolePolicy(root, 'targets'));
    expect(verified.expires).toBe('2026-09-29T00:00:00Z');
    expect(rolePolicy(verified.delegations ?? { keys: {}, roles: [] }, 'sigma').keys[0]?.keyid).toBe(
      sigma[0]?.publicKey.keyid,
    );
    expect(verified.delegations?.roles.map(({ paths }) => paths)).toEqual([['sigma/*/*'], ['mining-pools/*/*']]);
    expect(verified.targets['keys.json']?.length).toBe(set.keysJson.length);
    expect(parseKeysJson(set.keysJson).distributionKeys[0]?.keyid).toBe(distribution.keyid);
  });

  test('a feature is delegated once; --replace gives it to other keys and drops the old ones', async () => {
    const [old, fresh] = [keys(1), keys(1)];
    const signed = delegateFeature(newTargets(clock).signed, 'sigma', policy(old, 1));
    await expectCode('feature-delegated', () => delegateFeature(signed, 'sigma', policy(fresh, 1)));
    const replaced = delegateFeature(signed, 'sigma', policy(fresh, 1), { replace: true });
    expect(Object.keys(replaced.delegations?.keys ?? {})).toEqual([fresh[0]?.publicKey.keyid]);
    expect(replaced.delegations?.roles).toHaveLength(1);
    await expectCode('key-repeated', () => delegateFeature(signed, 'ioc', policy(old, 1)));
  });

  test.each(['Sigma', 'a/b', 'a b', '', '-a', 'a.b', 'a--b', 'targets', 'custom', 'x'.repeat(65)])(
    'refused as a feature: %j',
    async (feature) => {
      await expectCode('name-invalid', () => delegateFeature(newTargets(clock).signed, feature, policy(keys(1), 1)));
    },
  );

  test('a successor has the next version, no signatures and a new expiry', () => {
    const later = new FixedClock('2026-08-01T00:00:00Z');
    const first = newTargets(clock).signed;
    expect(nextTargets(first, later)).toEqual({
      signed: { ...first, version: 2, expires: '2026-10-30T00:00:00Z' },
      signatures: [],
    });
  });
});
