import { beforeEach, describe, expect, test } from 'vitest';
import { FixedClock, hourMs } from '../../../base/clock.js';
import {
  type RepositoryReader,
  type VerifiedRepository,
  verifyRepository,
} from '../../../builder/published/repository.js';
import { parseMetadata } from '../../../keys/metadata.js';
import type { RootRole } from '../../../keys/roles.js';
import { newSigningKey } from '../../../keys/signing.js';
import { expectCode } from '../../support/expect-code.js';
import { TestRepository } from '../../support/repository.js';

/** What a hostile or broken server may serve a publisher, who would build the next release on it. */
describe('verifyRepository', () => {
  let clock: FixedClock;
  let repository: TestRepository;
  let trustedRoot: RootRole;

  beforeEach(() => {
    clock = new FixedClock('2026-07-01T00:00:00Z');
    repository = new TestRepository(clock, ['sigma', 'ioc']);
    trustedRoot = parseMetadata('root', repository.metadata('1.root.json')).signed;
  });

  const reader: RepositoryReader = {
    metadata: (name) => Promise.resolve(repository.files.get(`metadata/${name}`) ?? null),
    target: (name) => Promise.resolve(repository.files.get(`targets/${name}`) ?? null),
  };
  const verify = (seen: VerifiedRepository | null = null, allowStale = false) =>
    verifyRepository(reader, { trustedRoot, seen, allowStale, clock });

  test('reads every role, and the keys of keys.json', async () => {
    const { root, published } = await verify();
    expect(root.version).toBe(1);
    expect([...(published?.roles.keys() ?? [])]).toEqual(['sigma', 'ioc']);
    expect(published?.keys?.distributionKeys[0]?.keyid).toBe(repository.distributionKey.publicKey.keyid);
  });

  test('an empty repository is no fault, unless it had releases before', async () => {
    const seen = await verify();
    repository.files.clear();
    expect(await verify()).toEqual({ root: trustedRoot, published: null });
    await expectCode('metadata-version', () => verify(seen));
  });

  test('rollback of timestamp', async () => {
    const old = repository.metadata('timestamp.json');
    repository.publish();
    const seen = await verify();
    repository.files.set('metadata/timestamp.json', old);
    await expectCode('metadata-version', () => verify(seen));
  });

  test('rollback of snapshot under a newer timestamp', async () => {
    const old = structuredClone(repository.timestamp.meta);
    repository.writeSnapshot();
    repository.writeTimestamp();
    const seen = await verify();
    repository.timestamp.meta = old;
    repository.writeTimestamp();
    await expectCode('metadata-version', () => verify(seen));
  });

  test.each(['targets', 'sigma'])('rollback of %s inside a newer snapshot', async (name) => {
    const old = structuredClone(repository.snapshot.meta[`${name}.json`]);
    repository.publish();
    const seen = await verify();
    if (old) repository.snapshot.meta[`${name}.json`] = old;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('metadata-version', () => verify(seen));
  });

  test('a role that is gone from the snapshot', async () => {
    const seen = await verify();
    delete repository.snapshot.meta['ioc.json'];
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('metadata-version', () => verify(seen));
  });

  test('freeze: an expired timestamp or snapshot, but not for what was stored', async () => {
    clock.advanceMs(25 * hourMs);
    await expectCode('metadata-expired', () => verify());
    expect((await verify(null, true)).published?.timestamp.version).toBe(1);
    repository.timestamp.expires = repository.inDays(1);
    repository.writeTimestamp();
    expect((await verify()).published?.timestamp.version).toBe(2);
    clock.advanceMs(7 * 24 * hourMs);
    repository.timestamp.expires = repository.inDays(1);
    repository.writeTimestamp();
    await expectCode('metadata-expired', () => verify());
  });

  test('mix and match: a file that the snapshot does not pin', async () => {
    const before = repository.metadata('1.sigma.json');
    repository.publish();
    repository.files.set('metadata/2.sigma.json', before);
    await expectCode('metadata-mismatch', () => verify());
    repository.files.delete('metadata/2.sigma.json');
    await expectCode('metadata-missing', () => verify());
  });

  test('wrong keys: timestamp, snapshot, targets below its threshold, a role of another feature', async () => {
    repository.writeTimestamp([newSigningKey()]);
    await expectCode('signature-threshold', () => verify());
    repository.writeSnapshot([newSigningKey()]);
    repository.writeTimestamp();
    await expectCode('signature-threshold', () => verify());
    repository.writeTargets(repository.targetsKeys.slice(0, 1));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('signature-threshold', () => verify());
    repository.writeTargets();
    repository.writeRole('sigma', repository.keysOf('ioc'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('signature-threshold', () => verify());
  });

  test("a role that lists another feature's path", async () => {
    repository.putTarget(repository.role('ioc'), 'sigma/core/stable.yms', Buffer.from('x'));
    repository.publish();
    await expectCode('metadata-mismatch', () => verify());
  });

  test('keys.json swapped', async () => {
    for (const [name] of repository.files)
      if (name.endsWith('.keys.json')) repository.files.set(name, Buffer.from('{}'));
    await expectCode('metadata-mismatch', () => verify());
  });

  test('roots are followed one by one; a gap or a stranger ends it', async () => {
    const old = repository.rootKeys;
    repository.rootKeys = [newSigningKey(), newSigningKey()];
    repository.writeRoot(old);
    repository.writeRoot();
    expect((await verify()).root.version).toBe(3);
    repository.files.delete('metadata/2.root.json');
    expect((await verify()).root.version).toBe(1);
    repository.rootKeys = [newSigningKey(), newSigningKey()];
    repository.root.version = 1;
    repository.writeRoot();
    await expectCode('signature-threshold', () => verify());
  });

  test('new online keys in root forgive lower versions of what the old ones signed', async () => {
    repository.timestamp.version = 1_000_000;
    repository.publish();
    const seen = await verify();
    repository.snapshotKeys = [newSigningKey()];
    repository.timestampKeys = [newSigningKey()];
    repository.writeRoot();
    repository.timestamp.version = 5;
    repository.writeSnapshot();
    repository.writeTimestamp();
    expect((await verify(seen)).published?.timestamp.version).toBe(6);
  });
});
