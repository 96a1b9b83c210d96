import { beforeEach, describe, expect, test } from 'vitest';
import { utf8 } from '../../../base/bytes.js';
import { dayMs, FixedClock } from '../../../base/clock.js';
import { newSigningKey } from '../../../keys/signing.js';
import type { RepositorySource } from '../../../scanner/follow/fetcher.js';
import { findTarget, type Keep, maxRootRotations, refreshTrust } from '../../../scanner/follow/refresh.js';
import { expectCode } from '../../support/expect-code.js';
import { fileOf, TestRepository } from '../../support/repository.js';

let repository: TestRepository;
let trustedRoot: Uint8Array;
/** What is kept, as on a disk: the next refresh starts from it. */
let known: Map<string, Uint8Array>;
let requests: string[];
let source: RepositorySource;

function sourceOf(files: ReadonlyMap<string, Uint8Array>): RepositorySource {
  return {
    metadata: (name) => {
      requests.push(name);
      return Promise.resolve(files.get(`metadata/${name}`) ?? null);
    },
    target: () => Promise.reject(new Error('no target is asked for here')),
  };
}

const now = (): Date => repository.clock.now();
const keep: Keep = (role, bytes) => {
  known.set(role, bytes);
  return Promise.resolve();
};
const refresh = () => refreshTrust({ source, known: new Map(known), keep }, known.get('root') ?? trustedRoot, now());

beforeEach(async () => {
  repository = new TestRepository(new FixedClock('2026-03-01T12:00:00Z'), ['sigma', 'premium']);
  repository.putTarget(repository.role('sigma'), 'sigma/core/stable.yms', utf8('a pack'), {
    kind: 'full',
    version: '1',
    sequence: 1,
  });
  repository.publish();
  trustedRoot = repository.metadata('1.root.json');
  requests = [];
  source = sourceOf(repository.files);
  known = new Map();
  await findTarget(await refresh(), 'sigma/core/stable.yms');
  requests = [];
});

describe('what a refresh asks for', () => {
  test('nothing new: the next root and the timestamp', async () => {
    const target = await findTarget(await refresh(), 'sigma/core/stable.yms');
    expect(target).toMatchObject({ role: 'sigma', length: 6, custom: { sequence: 1 } });
    expect(requests).toEqual(['2.root.json', 'timestamp.json']);
  });

  test('a release: only what changed', async () => {
    repository.writeRole('premium');
    repository.writeSnapshot();
    repository.writeTimestamp();
    await findTarget(await refresh(), 'sigma/core/stable.yms');
    expect(requests).toEqual(['2.root.json', 'timestamp.json', '3.snapshot.json']);
  });

  test('stored files that are broken are fetched again', async () => {
    for (const role of [...known.keys()].filter((name) => name !== 'root')) known.set(role, utf8('{broken'));
    await refresh();
    expect(requests).toEqual(['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
  });
});

describe('roots', () => {
  test('root rotated three times while the endpoint slept', async () => {
    for (let i = 0; i < 3; i++) {
      const old = repository.rootKeys;
      repository.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
      repository.timestampKeys = [newSigningKey()];
      repository.snapshotKeys = [newSigningKey()];
      repository.writeRoot(old);
    }
    repository.publish();
    const { trusted } = await refresh();
    expect(trusted.root.version).toBe(4);
    expect(requests.slice(0, 4)).toEqual(['2.root.json', '3.root.json', '4.root.json', '5.root.json']);
  });

  test('keys taken away by a new root: a lower timestamp under the new ones is accepted (fast-forward recovery)', async () => {
    const old = repository.rootKeys;
    repository.timestampKeys = [newSigningKey()];
    repository.snapshotKeys = [newSigningKey()];
    repository.writeRoot(old);
    repository.timestamp.version = 0;
    repository.snapshot.version = 0;
    repository.publish();
    const { trusted } = await refresh();
    expect(trusted.snapshotFile.version).toBe(1);
  });

  test('a root that the old quorum did not sign', async () => {
    repository.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    repository.writeRoot();
    await expectCode('signature-threshold', refresh);
  });

  test('a root that only one of the new quorum signed', async () => {
    const [old, mine] = [repository.rootKeys, newSigningKey()];
    repository.rootKeys = [mine, newSigningKey(), newSigningKey()];
    repository.writeRoot(old);
    repository.write('2.root.json', repository.root, [...old, mine]);
    await expectCode('signature-threshold', refresh);
  });

  test('a root that skips a version', async () => {
    repository.root.version = 2;
    repository.writeRoot();
    repository.files.set('metadata/2.root.json', repository.metadata('3.root.json'));
    await expectCode('root-version', refresh);
  });

  test('more rotations than the limit', async () => {
    for (let i = 0; i <= maxRootRotations; i++) repository.writeRoot();
    await expectCode('root-rotations', refresh);
  });

  test('an expired root', async () => {
    repository.clock.advanceMs(364 * dayMs);
    repository.publish();
    await refresh();
    repository.clock.advanceMs(2 * dayMs);
    repository.publish();
    await expectCode('metadata-expired', refresh);
  });
});

describe('rollback', () => {
  test('of the timestamp', async () => {
    const old = repository.metadata('timestamp.json');
    repository.publish();
    await refresh();
    repository.files.set('metadata/timestamp.json', old);
    await expectCode('version-rollback', refresh);
  });

  test('of the timestamp, when the trusted one has expired', async () => {
    const old = repository.metadata('timestamp.json');
    repository.publish();
    await refresh();
    repository.clock.advanceMs(2 * dayMs);
    repository.files.set('metadata/timestamp.json', old);
    await expectCode('version-rollback', refresh);
  });

  test('of the snapshot, under a newer timestamp', async () => {
    repository.snapshot.version = 0;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('version-rollback', refresh);
  });

  test('of targets, under a newer snapshot', async () => {
    repository.publish();
    await refresh();
    repository.snapshot.meta['targets.json'] = fileOf(1, repository.metadata('1.targets.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('version-rollback', refresh);
  });

  test('of a role, under a newer snapshot', async () => {
    repository.snapshot.meta['sigma.json'] = fileOf(1, repository.metadata('1.sigma.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('version-rollback', refresh);
  });

  test('a role that vanishes from the snapshot', async () => {
    delete repository.snapshot.meta['sigma.json'];
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('role-dropped', refresh);
  });
});

describe('freeze', () => {
  test('an expired timestamp, the same as the trusted one', async () => {
    repository.clock.advanceMs(dayMs + 1000);
    await expectCode('metadata-expired', refresh);
  });

  test('an expired timestamp, newer than the trusted one', async () => {
    repository.timestamp.expires = repository.inDays(0);
    repository.writeTimestamp();
    await expectCode('metadata-expired', refresh);
  });

  test('an expired snapshot', async () => {
    repository.snapshot.expires = repository.inDays(-1);
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('metadata-expired', refresh);
  });

  test('expired targets', async () => {
    repository.targets.expires = repository.inDays(-1);
    repository.writeTargets();
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('metadata-expired', refresh);
  });

  test('an expired role harms its own paths only', async () => {
    repository.role('sigma').version += 1;
    repository.role('sigma').expires = repository.inDays(-1);
    const bytes = repository.write('3.sigma.json', repository.role('sigma'), repository.keysOf('sigma'));
    repository.snapshot.meta['sigma.json'] = fileOf(3, bytes);
    repository.writeSnapshot();
    repository.writeTimestamp();
    const followed = await refresh();
    await expectCode('metadata-expired', () => findTarget(followed, 'sigma/core/stable.yms'));
    expect(await findTarget(followed, 'premium/core/stable.yms')).toBeNull();
  });
});

describe('mix and match', () => {
  test('a snapshot of another timestamp', async () => {
    repository.writeSnapshot();
    repository.writeTimestamp();
    repository.files.set('metadata/3.snapshot.json', repository.metadata('2.snapshot.json'));
    await expectCode('metadata-mismatch', refresh);
  });

  test('targets of another snapshot', async () => {
    repository.publish();
    repository.files.set('metadata/3.targets.json', repository.metadata('2.targets.json'));
    await expectCode('metadata-mismatch', refresh);
  });

  test('a snapshot whose version is not the one that the timestamp names', async () => {
    repository.snapshot.version += 1;
    const bytes = repository.write('3.snapshot.json', repository.snapshot, repository.snapshotKeys);
    repository.timestamp.meta['snapshot.json'] = fileOf(4, bytes);
    repository.files.set('metadata/4.snapshot.json', bytes);
    repository.writeTimestamp();
    await expectCode('metadata-mismatch', refresh);
  });

  test('a snapshot that is not there', async () => {
    repository.writeSnapshot();
    repository.writeTimestamp();
    repository.files.delete('metadata/3.snapshot.json');
    await expectCode('metadata-missing', refresh);
  });
});

describe('signatures', () => {
  test('wrong key: a timestamp signed by the snapshot key', async () => {
    repository.writeTimestamp(repository.snapshotKeys);
    await expectCode('signature-threshold', refresh);
  });

  test('threshold met by one key twice: the signature listed twice', async () => {
    const [one] = repository.targetsKeys;
    if (!one) throw new Error('no key');
    repository.writeTargets([one]);
    const { signed, signatures } = JSON.parse(Buffer.from(repository.metadata('3.targets.json')).toString()) as never;
    const twice = { signed, signatures: [...(signatures as object[]), ...(signatures as object[])] };
    const bytes = repository.writeMetadata('3.targets.json', twice as never);
    repository.snapshot.meta['targets.json'] = fileOf(3, bytes);
    repository.writeSnapshot();
    repository.writeTimestamp();
    await expectCode('metadata-malformed', refresh);
  });

  test('threshold met by one key twice: the key listed under two ids', async () => {
    const [one] = repository.targetsKeys;
    if (!one) throw new Error('no key');
    const old = repository.rootKeys;
    repository.writeRoot(old);
    const root = structuredClone(repository.root);
    const json = root.keys[one.publicKey.keyid];
    if (!json) throw new Error('no key');
    root.keys['0'.repeat(64)] = json;
    root.roles.targets.keyids = [one.publicKey.keyid, '0'.repeat(64)];
    repository.write('2.root.json', root, old);
    await expectCode('keyid-mismatch', refresh);
  });

  test('one release key signing another feature’s role', async () => {
    repository.writeRole('premium', repository.keysOf('sigma'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    const followed = await refresh();
    await expectCode('signature-threshold', () => findTarget(followed, 'premium/core/stable.yms'));
  });

  test('one release key listing another feature’s path', async () => {
    repository.putTarget(repository.role('sigma'), 'premium/core/stable.yms', utf8('not yours'));
    repository.publish();
    const followed = await refresh();
    expect(await findTarget(followed, 'sigma/core/stable.yms')).not.toBeNull();
    expect(await findTarget(followed, 'premium/core/stable.yms')).toBeNull();
  });
});

test('a path that nobody delegates', async () => {
  expect(await findTarget(await refresh(), 'other/core/stable.yms')).toBeNull();
  expect(await findTarget(await refresh(), '__proto__')).toBeNull();
});
