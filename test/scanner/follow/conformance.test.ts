/**
 * The client workflow of TUF 1.0.31, case by case after the names of theupdateframework/tuf-conformance, in the profile
 * of our metadata. Each case says what is kept after a refusal; docs/spec/repository.md lists where we deviate and why.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { canonicalize } from '@tufjs/canonical-json';
import { sha256Hex, utf8 } from '../../../base/bytes.js';
import { dayMs, FixedClock } from '../../../base/clock.js';
import { encodePublicKey, type SecretKey } from '../../../keys/key.js';
import { newSigningKey, signerOf, signMetadata } from '../../../keys/signing.js';
import type { RepositorySource } from '../../../scanner/follow/fetcher.js';
import { findTarget, type Keep, refreshTrust } from '../../../scanner/follow/refresh.js';
import { expectCode } from '../../support/expect-code.js';
import { fileOf, TestRepository } from '../../support/repository.js';

let repository: TestRepository;
let firstRoot: Uint8Array;
/** What is kept, as on a disk: the next refresh starts from it. */
let kept: Map<string, Uint8Array>;
let requests: string[];

const core = 'sigma/core/stable.yms';
const source: RepositorySource = {
  metadata: (name) => {
    requests.push(name);
    return Promise.resolve(repository.files.get(`metadata/${name}`) ?? null);
  },
  target: () => Promise.reject(new Error('no target is asked for here')),
};
const keep: Keep = (role, bytes) => {
  kept.set(role, bytes);
  return Promise.resolve();
};

function refresh() {
  const known = new Map(kept);
  return refreshTrust({ source, known, keep }, known.get('root') ?? firstRoot, repository.clock.now());
}

function keptVersion(role: string): number {
  const bytes = kept.get(role) ?? repository.metadata('1.root.json');
  return (JSON.parse(Buffer.from(bytes).toString()) as { signed: { version: number } }).signed.version;
}

/** Root, timestamp, snapshot and targets as kept. */
const keptVersions = () => ['root', 'timestamp', 'snapshot', 'targets'].map(keptVersion);

/** A refresh is refused with this code, and these versions are kept after it. */
async function refuses(code: string, versions: readonly number[]): Promise<void> {
  await expectCode(code, refresh);
  expect(keptVersions()).toEqual(versions);
}

/** A file whose content a test bends after it was signed. */
function bent(name: string, bend: (file: { signed: Record<string, unknown>; signatures: unknown[] }) => void) {
  const file = JSON.parse(Buffer.from(repository.metadata(name)).toString()) as Parameters<typeof bend>[0];
  bend(file);
  const bytes = utf8(JSON.stringify(file));
  repository.files.set(`metadata/${name}`, bytes);
  return bytes;
}

beforeEach(async () => {
  repository = new TestRepository(new FixedClock('2026-03-01T12:00:00Z'), ['sigma', 'premium']);
  repository.putTarget(repository.role('sigma'), core, utf8('a pack'), { kind: 'full', version: '1', sequence: 1 });
  repository.publish();
  firstRoot = repository.metadata('1.root.json');
  kept = new Map();
  requests = [];
  await findTarget(await refresh(), core);
  expect(keptVersions()).toEqual([1, 2, 2, 2]);
});

describe('basic', () => {
  test('basic_init_and_refresh', () => {
    expect(requests).toEqual(['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json', '2.sigma.json']);
  });

  test('timestamp_eq_versions_check, timestamp_content_changes: the trusted one stays, byte for byte', async () => {
    const before = kept.get('timestamp');
    repository.timestamp.version -= 1;
    repository.timestamp.meta['snapshot.json'].version = 100;
    repository.writeTimestamp();
    const { trusted } = await refresh();
    expect(trusted.snapshotFile.version).toBe(2);
    expect(kept.get('timestamp')).toBe(before);
  });

  test('snapshot_404, targets_404: what came before is kept', async () => {
    repository.publish();
    const targets = repository.metadata('3.targets.json');
    repository.files.delete('metadata/3.targets.json');
    await refuses('metadata-missing', [1, 3, 3, 2]);
    repository.files.set('metadata/3.targets.json', targets);
    repository.publish();
    repository.files.delete('metadata/4.snapshot.json');
    await refuses('metadata-missing', [1, 4, 3, 2]);
  });

  test('snapshot_hash_mismatch, targets_hash_mismatch', async () => {
    repository.publish();
    bent('3.targets.json', (file) => file.signatures.reverse());
    await refuses('metadata-mismatch', [1, 3, 3, 2]);
    repository.publish();
    bent('4.snapshot.json', (file) => file.signatures.push({ keyid: '0'.repeat(64), sig: '' }));
    await refuses('metadata-mismatch', [1, 4, 3, 2]);
  });

  test('url_and_metadata_version_mismatch', async () => {
    repository.write('2.root.json', { ...repository.root, version: 3 }, repository.rootKeys);
    await refuses('root-version', [1, 2, 2, 2]);
    repository.files.delete('metadata/2.root.json');
    repository.writeTargets();
    repository.snapshot.meta['targets.json'] = fileOf(4, repository.metadata('3.targets.json'));
    repository.files.set('metadata/4.targets.json', repository.metadata('3.targets.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('metadata-mismatch', [1, 3, 3, 2]);
    repository.writeSnapshot();
    repository.timestamp.meta['snapshot.json'] = fileOf(5, repository.metadata('4.snapshot.json'));
    repository.files.set('metadata/5.snapshot.json', repository.metadata('4.snapshot.json'));
    repository.writeTimestamp();
    await refuses('metadata-mismatch', [1, 4, 3, 2]);
  });

  test('incorrect_metadata_type', async () => {
    const [snapshot, timestamp] = [repository.metadata('2.snapshot.json'), repository.metadata('timestamp.json')];
    repository.files.set('metadata/2.root.json', snapshot);
    await refuses('metadata-malformed', [1, 2, 2, 2]);
    repository.files.delete('metadata/2.root.json');
    repository.files.set('metadata/timestamp.json', snapshot);
    await refuses('metadata-malformed', [1, 2, 2, 2]);
    repository.files.set('metadata/3.snapshot.json', timestamp);
    repository.timestamp.meta['snapshot.json'] = fileOf(3, timestamp);
    repository.writeTimestamp();
    await refuses('metadata-malformed', [1, 3, 2, 2]);
  });

  test.each(['timestamp', 'snapshot', 'targets'] as const)('unsigned_metadata: %s', async (role) => {
    repository.publish();
    if (role === 'timestamp') bent('timestamp.json', (file) => (file.signatures = []));
    if (role === 'snapshot') {
      repository.timestamp.meta['snapshot.json'] = fileOf(
        3,
        bent('3.snapshot.json', (file) => (file.signatures = [])),
      );
      repository.writeTimestamp();
    }
    if (role === 'targets') {
      repository.snapshot.meta['targets.json'] = fileOf(
        3,
        bent('3.targets.json', (file) => (file.signatures = [])),
      );
      repository.writeSnapshot();
      repository.writeTimestamp();
    }
    await refuses(
      'signature-threshold',
      { timestamp: [1, 2, 2, 2], snapshot: [1, 4, 2, 2], targets: [1, 4, 4, 2] }[role],
    );
  });

  test('invalid_sig_in_valid_metadata: signatures that are none beside enough good ones', async () => {
    for (const sig of ['', 'ff', 'F'.repeat(128), '0'.repeat(128), 'ab'.repeat(4627)]) {
      repository.publish();
      bent('timestamp.json', (file) => file.signatures.push({ keyid: '0'.repeat(64), sig }));
      await refresh();
      expect(keptVersion('timestamp')).toBe(repository.timestamp.version);
    }
  });
});

describe('expiration', () => {
  test('root_expired: the root is kept, and nothing that came after it is asked for', async () => {
    repository.root.expires = repository.inDays(-1);
    repository.writeRoot();
    repository.publish();
    requests = [];
    await refuses('metadata-expired', [2, 2, 2, 2]);
    expect(requests).toEqual(['2.root.json', '3.root.json', 'timestamp.json']);
  });

  test('intermediate_root_expired: one on the way to the newest may have', async () => {
    const expires = repository.root.expires;
    repository.root.expires = repository.inDays(-1);
    repository.writeRoot();
    repository.root.expires = expires;
    repository.writeRoot();
    await refresh();
    expect(keptVersions()).toEqual([3, 2, 2, 2]);
  });

  test('timestamp_expired: not kept, as 5.4.4 stands before 5.4.5', async () => {
    repository.timestamp.expires = repository.inDays(-1);
    repository.writeTimestamp();
    await refuses('metadata-expired', [1, 2, 2, 2]);
  });

  test('snapshot_expired: the timestamp is kept', async () => {
    repository.snapshot.expires = repository.inDays(-1);
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('metadata-expired', [1, 3, 2, 2]);
  });

  test('targets_expired: timestamp and snapshot are kept', async () => {
    repository.targets.expires = repository.inDays(-1);
    repository.writeTargets();
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('metadata-expired', [1, 3, 3, 2]);
  });

  test('expired_metadata: kept files that have expired are marks still', async () => {
    const old = repository.metadata('timestamp.json');
    repository.clock.advanceMs(8 * dayMs);
    repository.publish();
    repository.timestamp.version = 0;
    repository.writeTimestamp();
    await refuses('version-rollback', [1, 2, 2, 2]);
    repository.files.set('metadata/timestamp.json', old);
    await refuses('metadata-expired', [1, 2, 2, 2]);
    repository.timestamp.version = 2;
    repository.writeTimestamp();
    await refresh();
    expect(keptVersions()).toEqual([1, 3, 3, 3]);
  });
});

describe('rollback', () => {
  test('new_timestamp_version_rollback', async () => {
    const old = repository.metadata('timestamp.json');
    repository.publish();
    await refresh();
    repository.files.set('metadata/timestamp.json', old);
    await refuses('version-rollback', [1, 3, 3, 3]);
  });

  test('new_timestamp_snapshot_rollback, snapshot_rollback', async () => {
    repository.snapshot.version = 0;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('version-rollback', [1, 2, 2, 2]);
  });

  test('new_snapshot_version_rollback, simple_snapshot_rollback: the kept one is used', async () => {
    repository.files.set('metadata/2.snapshot.json', repository.metadata('1.snapshot.json'));
    requests = [];
    await refresh();
    expect(requests).toEqual(['2.root.json', 'timestamp.json']);
  });

  test('targets_rollback', async () => {
    repository.snapshot.meta['targets.json'] = fileOf(1, repository.metadata('1.targets.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('version-rollback', [1, 3, 2, 2]);
  });

  test('role_rollback: no key of the role was replaced', async () => {
    repository.snapshot.meta['sigma.json'] = fileOf(1, repository.metadata('1.sigma.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('version-rollback', [1, 3, 2, 2]);
  });

  test('targets_role_removal: a role that was in the snapshot stays in it', async () => {
    delete repository.snapshot.meta['premium.json'];
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('role-dropped', [1, 3, 2, 2]);
  });

  test('after a broken answer: what was kept counts (a mirror that broke one file, then serves the old set)', async () => {
    const old = new Map(repository.files);
    const rootKeys = repository.rootKeys;
    repository.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    repository.writeRoot(rootKeys);
    repository.publish();
    repository.publish();
    repository.files.set('metadata/4.snapshot.json', repository.metadata('2.snapshot.json'));
    await refuses('metadata-mismatch', [2, 4, 2, 2]);
    for (const name of [...repository.files.keys()]) repository.files.delete(name);
    for (const [name, bytes] of old) repository.files.set(name, bytes);
    await refuses('version-rollback', [2, 4, 2, 2]);
  });
});

describe('fast-forward recovery (5.3.11)', () => {
  const rotate = (role: 'snapshotKeys' | 'timestampKeys'): void => {
    repository[role] = [newSigningKey()];
    repository.writeRoot();
  };

  test('new_timestamp_fast_forward_recovery', async () => {
    repository.timestamp.version = 99_999;
    repository.writeTimestamp();
    await refresh();
    rotate('timestampKeys');
    repository.timestamp.version = 0;
    repository.writeTimestamp();
    await refresh();
    expect(keptVersions()).toEqual([2, 1, 2, 2]);
  });

  test('new_snapshot_fast_forward_recovery', async () => {
    repository.snapshot.version = 99_999;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refresh();
    rotate('snapshotKeys');
    rotate('timestampKeys');
    repository.snapshot.version = 0;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refresh();
    expect(keptVersion('snapshot')).toBe(1);
  });

  test('new_targets_fast_forward_recovery, by new snapshot keys', async () => {
    repository.targets.version = 99_999;
    repository.writeTargets();
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refresh();
    repository.targets.version = 2;
    repository.publish();
    await refuses('version-rollback', [1, 4, 3, 100_000]);
    rotate('snapshotKeys');
    repository.publish();
    await refresh();
    expect(keptVersion('targets')).toBe(4);
  });
});

describe('a release role whose keys were replaced', () => {
  /** The thief ran the role far ahead; the quorum gives it to these keys, and it begins again. */
  async function evict(keys: readonly SecretKey[], threshold = 1): Promise<void> {
    repository.role('sigma').version = 99_999;
    repository.publish();
    await findTarget(await refresh(), core);
    expect(keptVersion('sigma')).toBe(100_000);
    const delegations = repository.targets.delegations ?? { keys: {}, roles: [] };
    for (const { publicKey } of keys) delegations.keys[publicKey.keyid] = encodePublicKey(publicKey);
    Object.assign(delegations.roles.find(({ name }) => name === 'sigma') ?? {}, {
      keyids: keys.map(({ publicKey }) => publicKey.keyid),
      threshold,
    });
    repository.releaseKeys.set('sigma', [...keys]);
    repository.role('sigma').version = 0;
    repository.publish();
  }

  test('starts over', async () => {
    await evict([newSigningKey()]);
    await findTarget(await refresh(), core);
    expect([keptVersion('sigma'), ...keptVersions()]).toEqual([1, 1, 4, 4, 4]);
    repository.publish();
    await findTarget(await refresh(), core);
    expect(keptVersion('sigma')).toBe(2);
  });

  test('does not while the keys that stayed meet the threshold', async () => {
    await evict([...repository.keysOf('sigma'), newSigningKey()]);
    await refuses('version-rollback', [1, 4, 3, 3]);
  });

  test('starts over when one that stayed is too few', async () => {
    await evict([...repository.keysOf('sigma'), newSigningKey()], 2);
    await findTarget(await refresh(), core);
    expect(keptVersion('sigma')).toBe(1);
  });

  test('the snapshot that sets it back is kept with targets only: a broken answer does not wipe the mark out', async () => {
    const keysBefore = repository.keysOf('sigma');
    await evict([newSigningKey()]);
    const targets = repository.metadata('4.targets.json');
    repository.files.delete('metadata/4.targets.json');
    await refuses('metadata-missing', [1, 4, 3, 3]);
    // Who holds the snapshot and timestamp keys tries to set it back without new keys.
    repository.files.set('metadata/3.targets.json', kept.get('targets') ?? targets);
    repository.snapshot.meta['targets.json'] = fileOf(3, repository.metadata('3.targets.json'));
    repository.write('1.sigma.json', { ...repository.role('sigma'), version: 1 }, keysBefore);
    repository.snapshot.meta['sigma.json'] = fileOf(1, repository.metadata('1.sigma.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('version-rollback', [1, 5, 3, 3]);
    repository.files.set('metadata/4.targets.json', targets);
    repository.publish();
    await refresh();
    expect(keptVersions()).toEqual([1, 6, 6, 5]);
  });

  test('no other role and no targets go down with it', async () => {
    await evict([newSigningKey()]);
    repository.snapshot.meta['premium.json'] = fileOf(1, repository.metadata('1.premium.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refuses('version-rollback', [1, 5, 3, 3]);
  });
});

/** Keys by number, as tuf-conformance writes them. */
interface RootVersion {
  readonly keys: readonly number[];
  readonly threshold: number;
  readonly sigs: readonly number[];
}
const v = (keys: readonly number[], threshold: number, sigs: readonly number[]): RootVersion => ({
  keys,
  threshold,
  sigs,
});
const pool = Array.from({ length: 10 }, (_, i) => newSigningKey(new Uint8Array(32).fill(i + 1)));
const pick = (numbers: readonly number[]): SecretKey[] => numbers.flatMap((n) => pool[n] ?? []);

describe('root_rotation', () => {
  const [of5, of5b] = [
    [0, 1, 2, 3, 4],
    [0, 1, 3, 4, 5],
  ];
  test.each<[string, RootVersion[], string | null]>([
    ['1-of-1-key-rotation', [v([1], 1, [1]), v([2], 1, [2, 1]), v([2], 1, [2])], null],
    [
      '1-of-1-key-rotation-unused-signatures',
      [v([1], 1, [3, 1, 4]), v([2], 1, [3, 2, 1, 4]), v([2], 1, [3, 2, 4])],
      null,
    ],
    ['3-of-5-sign-with-different-keycombos', [v(of5, 3, [0, 2, 4]), v(of5, 3, [0, 4, 1]), v(of5, 3, [0, 1, 3])], null],
    ['3-of-5-one-key-rotated', [v(of5, 3, [0, 2, 4]), v(of5b, 3, [0, 4, 1])], null],
    [
      '3-of-5-one-key-rotated-with-intermediate-step',
      [v(of5, 3, [0, 2, 4]), v(of5b, 3, [0, 2, 4, 5]), v(of5b, 3, [0, 4, 5])],
      null,
    ],
    [
      '3-of-5-all-keys-rotated-with-intermediate-step',
      [v(of5, 3, [0, 2, 4]), v([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]), v([5, 6, 7, 8, 9], 3, [5, 6, 7])],
      null,
    ],
    ['1-of-3-threshold-increase-to-2-of-3', [v([1, 2, 3], 1, [1]), v([1, 2, 3], 2, [1, 2])], null],
    [
      '2-of-3-threshold-decrease-to-1-of-3',
      [v([1, 2, 3], 2, [1, 2]), v([1, 2, 3], 1, [1, 2]), v([1, 2, 3], 1, [1])],
      null,
    ],
    ['1-of-2-threshold-increase-to-2-of-2', [v([1], 1, [1]), v([1, 2], 2, [1, 2])], null],
    ['fail-not-signed-with-old-key', [v([1], 1, [1]), v([2], 1, [2, 3, 4])], 'signature-threshold'],
    ['fail-not-signed-with-new-key', [v([1], 1, [1]), v([2], 1, [1, 3, 4])], 'signature-threshold'],
    ['fails-not-signed-with-3-new-keys', [v(of5, 3, [0, 2, 4]), v(of5b, 3, [0, 2, 4])], 'signature-threshold'],
    ['fails-not-signed-with-3-old-keys', [v(of5, 3, [0, 2, 4]), v(of5b, 3, [0, 4, 5])], 'signature-threshold'],
    ['threshold-bump-fails', [v([1, 2, 3], 1, [1]), v([1, 2, 3], 2, [2])], 'signature-threshold'],
    ['threshold-decrease-fails', [v([1, 2, 3], 2, [1, 2]), v([1, 2, 3], 1, [1])], 'signature-threshold'],
  ])('%s', async (_, versions, code) => {
    for (const [i, { keys, threshold, sigs }] of versions.entries()) {
      repository.rootKeys = pick(keys);
      repository.root.roles.root.threshold = threshold;
      repository.root.version = i;
      repository.writeRoot();
      repository.write(`${i + 1}.root.json`, repository.root, pick(sigs));
    }
    kept = new Map();
    firstRoot = repository.metadata('1.root.json');
    if (code === null) await refresh();
    else await expectCode(code, refresh);
    expect(keptVersion('root')).toBe(code === null ? versions.length : versions.length - 1);
  });
});

describe('non_root_rotations', () => {
  const of5 = [0, 1, 2, 3, 4];
  const of5b = [0, 1, 3, 4, 5];
  const cases: [string, RootVersion, boolean][] = [
    ['1-of-1-key-rotation', v([2], 1, [2]), true],
    ['1-of-1-key-rotation-unused-signatures', v([1], 1, [3, 1, 4]), true],
    ['fail-not-signed-with-new-key', v([2], 1, [1, 3, 4]), false],
    ['3-of-5-not-signed-with-3-expected-keys', v(of5b, 3, [0, 2, 4]), false],
    ['2-of-5-threshold-not-reached', v(of5b, 3, [0, 4]), false],
    ...[
      [0, 2, 4],
      [0, 4, 1],
      [0, 1, 3],
      [1, 2, 3],
      [2, 3, 4],
    ].map((sigs): [string, RootVersion, boolean] => [`3-of-5-sign-${sigs.join()}`, v(of5, 3, sigs), true]),
  ];
  const roles = ['timestamp', 'snapshot', 'targets'] as const;
  test.each(roles.flatMap((role) => cases.map(([name, ...rest]) => [role, name, ...rest] as const)))(
    '%s: %s',
    async (role, _, { keys, threshold, sigs }, isTaken) => {
      repository[`${role}Keys`] = pick(keys);
      repository.root.roles[role].threshold = threshold;
      repository.writeRoot();
      if (role === 'targets') repository.writeTargets(pick(sigs));
      repository.writeSnapshot(role === 'snapshot' ? pick(sigs) : undefined);
      repository.writeTimestamp(role === 'timestamp' ? pick(sigs) : undefined);
      if (isTaken) await refresh();
      else await expectCode('signature-threshold', refresh);
      expect(keptVersion('root')).toBe(2);
      expect(keptVersion(role)).toBe(isTaken ? 3 : 2);
    },
  );
});

describe('keys', () => {
  test('duplicate_keys_root: one key under two ids', async () => {
    repository.writeRoot();
    bent('2.root.json', ({ signed }) => {
      const keys = signed['keys'] as Record<string, unknown>;
      keys['0'.repeat(64)] = Object.values(keys)[0];
    });
    await refuses('keyid-mismatch', [1, 2, 2, 2]);
  });

  test('snapshot_has_too_few_keys, snapshot_threshold: refused in the root itself (deviation)', async () => {
    repository.root.roles.snapshot.threshold = 2;
    repository.writeRoot();
    await refuses('metadata-malformed', [1, 2, 2, 2]);
  });

  /** The next root with this change, signed after it. */
  function alteredRoot(alter: (root: Record<string, unknown> & { keys: Record<string, unknown> }) => void): void {
    const next = structuredClone({ ...repository.root, version: 2 });
    alter(next);
    repository.root.version = 2;
    repository.writeMetadata('2.root.json', signMetadata(next, repository.rootKeys.map(signerOf)));
  }

  test('custom_fields: a root may have members that nobody knows, signed with the rest', async () => {
    alteredRoot((root) => {
      root['custom-field'] = { text: 'value', list: [1, true, null] };
      (root['roles'] as Record<string, object>)['mirrors'] = { keyids: [], threshold: 1 };
    });
    await refresh();
    expect(keptVersion('root')).toBe(2);
    alteredRoot((root) => (root['custom-field'] = 'value'));
    kept = new Map();
    bent('2.root.json', ({ signed }) => (signed['custom-field'] = 'other'));
    await expectCode('signature-threshold', refresh);
    expect(kept.get('root')).toBeUndefined();
  });

  test('keytype_and_scheme, deprecated_keyid_hash_algorithms: such keys are carried and never counted', async () => {
    const rsa = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: '-----BEGIN PUBLIC KEY-----' } };
    const extra = { ...encodePublicKey((pool[0] as SecretKey).publicKey), keyid_hash_algorithms: ['sha256'] };
    alteredRoot((root) => {
      const roles = root['roles'] as Record<string, { keyids: string[] }>;
      for (const key of [rsa, extra]) {
        const keyid = keyidOf(key);
        root.keys[keyid] = key;
        roles['timestamp']?.keyids.push(keyid);
      }
    });
    await refresh();
    repository.timestamp.version = 2;
    const { signed } = JSON.parse(Buffer.from(repository.metadata('timestamp.json')).toString()) as { signed: never };
    const forged = signMetadata(signed, [signerOf(pool[0] as SecretKey)]);
    const signatures = forged.signatures.map(({ sig }) => ({ keyid: keyidOf(extra), sig }));
    repository.writeMetadata('timestamp.json', { signed, signatures });
    await expectCode('signature-threshold', refresh);
    expect(keptVersion('root')).toBe(2);
  });

  test('a key of another form under an id that is not its hash', async () => {
    alteredRoot((root) => (root.keys['0'.repeat(64)] = { keytype: 'rsa' }));
    await refuses('keyid-mismatch', [1, 2, 2, 2]);
  });

  test('a root with a fraction, and one with __proto__', async () => {
    alteredRoot((root) => (root['custom-field'] = 1));
    const text = Buffer.from(repository.metadata('2.root.json')).toString();
    for (const [name, value] of [
      ['custom-field', '0.5'],
      ['__proto__', '{}'],
    ]) {
      const changed = text.replace('"custom-field":1', `"${name ?? ''}":${value ?? ''}`);
      repository.files.set('metadata/2.root.json', utf8(changed));
      await refuses('metadata-malformed', [1, 2, 2, 2]);
    }
  });

  test('unknown members in other roles (deviation), and __proto__ behind the signature', async () => {
    for (const member of ['"custom-field":1', '"__proto__":{"length":0}']) {
      repository.publish();
      const text = Buffer.from(repository.metadata('timestamp.json')).toString();
      repository.files.set('metadata/timestamp.json', utf8(text.replace('"signed":{', `"signed":{${member},`)));
      await refuses('metadata-malformed', [1, 2, 2, 2]);
    }
  });
});

function keyidOf(key: object): string {
  return sha256Hex(utf8(canonicalize(key)));
}
