import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { concatBytes, encodeBase64 } from '../../base/bytes.js';
import { dayMs, FixedClock, hourMs } from '../../base/clock.js';
import { encodePublicKey, type SecretKey } from '../../keys/key.js';
import { saveKeyFile } from '../../keys/keyfile.js';
import { newSealingKey, sealTo } from '../../keys/sealing.js';
import { newSigningKey, signEnvelope, signerOf } from '../../keys/signing.js';
import { encodeHeader, packPayloadType, type PackHeader } from '../../packs/header.js';
import type { SealedPack } from '../../packs/pack.js';
import { loadActive } from '../../scanner/active.js';
import { type Endpoint, update } from '../../scanner/update.js';
import { rule, TestDistribution, type TestLicense } from '../support/distribution.js';
import { activateAt, activeFlags, activeRules, newEndpoint, removeEndpoint } from '../support/endpoint.js';
import { expectCode } from '../support/expect-code.js';
import { fileOf, TestRepository } from '../support/repository.js';

const core = 'sigma/core/stable';
const good = ['sigma/core #5: rule-5'];

let distribution: TestDistribution;
let repository: TestRepository;
let license: TestLicense;
let endpoint: Endpoint & { readonly clock: FixedClock };

beforeEach(async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  repository = new TestRepository(new FixedClock(now), ['sigma', 'premium']);
  distribution = new TestDistribution(repository);
  await distribution.start();
  await distribution.release(core, 5);
  license = distribution.sell(['sigma']);
  endpoint = await newEndpoint(now);
  await activateAt(endpoint, distribution, license);
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual(good);
});

afterEach(async () => {
  await distribution.stop();
  await removeEndpoint(endpoint);
});

function bothClocks(ms: number): void {
  endpoint.clock.advanceMs(ms);
  repository.clock.advanceMs(ms);
}

async function pointerPacks(): Promise<unknown> {
  return (JSON.parse(await readFile(endpoint.home.pointer, 'utf8')) as { packs: unknown }).packs;
}

/** The whole update is refused, with this code, and the active set is the one before. */
async function refusesAll(code: string): Promise<void> {
  const before = await pointerPacks();
  await expectCode(code, () => update(endpoint));
  expect(await pointerPacks()).toEqual(before);
  expect(await activeRules(endpoint)).toEqual(good);
  expect(await activeFlags(endpoint)).toContain('update-failed');
}

/** The pack is refused, with this code, and the active set is the one before. */
async function refusesPack(code: string): Promise<void> {
  const before = await pointerPacks();
  const { packs, switched } = await update(endpoint);
  expect(packs.map(({ outcome, refusal }) => `${outcome} ${refusal?.code}`)).toEqual([`refused ${code}`]);
  expect(switched).toBe(false);
  expect(await pointerPacks()).toEqual(before);
  expect(await activeRules(endpoint)).toEqual(good);
}

describe('metadata', () => {
  test('rollback of the timestamp', async () => {
    const old = repository.metadata('timestamp.json');
    await distribution.release(core, 6);
    await update(endpoint);
    repository.files.set('metadata/timestamp.json', old);
    await expectCode('version-rollback', () => update(endpoint));
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  test('rollback of the snapshot', async () => {
    repository.snapshot.version = 0;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('version-rollback');
  });

  test('rollback of targets', async () => {
    repository.snapshot.meta['targets.json'] = fileOf(1, repository.metadata('1.targets.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('version-rollback');
  });

  test('rollback of a release role', async () => {
    repository.snapshot.meta['sigma.json'] = fileOf(1, repository.metadata('1.sigma.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('version-rollback');
  });

  test('freeze: an expired timestamp', async () => {
    bothClocks(dayMs + hourMs);
    await refusesAll('metadata-expired');
    expect(await activeFlags(endpoint)).toContain('stale');
  });

  test('mix and match: the snapshot of another release', async () => {
    const old = repository.metadata('2.snapshot.json');
    await distribution.release(core, 6);
    repository.files.set('metadata/3.snapshot.json', old);
    await refusesAll('metadata-mismatch');
  });

  test('endless data instead of a timestamp', async () => {
    distribution.intercept = (_, path) =>
      path.endsWith('timestamp.json') ? { status: 200, body: ' '.repeat(4096), endless: true } : undefined;
    await refusesAll('http-too-large');
  });

  test('endless data instead of a snapshot', async () => {
    await distribution.release(core, 6);
    distribution.intercept = (_, path) =>
      path.endsWith('snapshot.json') ? { status: 200, body: ' '.repeat(4096), endless: true } : undefined;
    await refusesAll('http-too-large');
  });

  test('wrong key', async () => {
    repository.writeTimestamp([newSigningKey()]);
    await refusesAll('signature-threshold');
  });

  test('threshold met by one key twice', async () => {
    repository.writeTargets([repository.targetsKeys[0], repository.targetsKeys[0]].filter((key) => key !== undefined));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('signature-threshold');
  });

  test('403 on the next root is no "there is none"', async () => {
    distribution.intercept = (_, path) => (path.endsWith('2.root.json') ? { status: 403 } : undefined);
    await refusesAll('not-entitled');
  });

  test('root rotated three times while the endpoint slept', async () => {
    for (let i = 0; i < 3; i++) {
      const old = repository.rootKeys;
      repository.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
      repository.timestampKeys = [newSigningKey()];
      repository.writeRoot(old);
    }
    await distribution.release(core, 6);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    distribution.requests = [];
    await update(endpoint);
    expect(distribution.requests[0]).toBe('GET /repository/metadata/5.root.json');
  });

  test('a server that is down: stale in the end, but scanning', async () => {
    await distribution.stop();
    await refusesAll('http-unreachable');
    bothClocks(30 * dayMs);
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['stale', 'update-failed']);
  });
});

describe('a release', () => {
  test('one release key signing another feature’s path', async () => {
    license.features = ['premium', 'sigma'];
    const forged = await distribution.seal('premium/extra/stable', 1, [rule('evil')]);
    repository.putTarget(repository.role('sigma'), 'premium/extra/stable.yms', forged.bytes, {
      kind: 'full',
      version: forged.header.version,
      sequence: 1,
    });
    distribution.releases.set('premium/extra/stable', forged);
    repository.publish();
    const { packs } = await update(endpoint);
    expect(packs.map(({ feature, refusal }) => `${feature} ${refusal?.code}`)).toEqual([
      'premium target-missing',
      'sigma undefined',
    ]);
    expect(await activeRules(endpoint)).toEqual(good);
  });

  test('one release key signing another feature’s pack', async () => {
    const sealed = await distribution.seal(core, 6, [rule('evil')]);
    const bytes = resign(sealed, sealed.header, repository.keysOf('premium'));
    distribution.list(core, sealed, bytes);
    repository.publish();
    await refusesPack('signature-unknown-key');
  });

  test('another pack’s recipients and commitment copied into a header', async () => {
    const dear = await distribution.seal('premium/extra/stable', 6, [rule('dear')]);
    const cheap = await distribution.seal(core, 6, [rule('cheap')]);
    const { recipients, keyCommitment } = dear.header;
    const header = { ...cheap.header, recipients, keyCommitment };
    distribution.list(core, cheap, resign(cheap, header, repository.keysOf('sigma')));
    repository.publish();
    // A server that seals what it opened again, without recomputing the commitment.
    const host = license.hosts[0]?.key ?? expect.fail('no host');
    const sealed = encodeBase64(sealTo(host, dear.contentKey));
    distribution.alterLicense = (document) => ({
      ...document,
      grants: document.grants.map((grant) => ({ ...grant, keyCommitment, sealed })),
    });
    await refusesPack('key-commitment');
  });

  test('a grant for another content key', async () => {
    await distribution.release(core, 6);
    distribution.alterLicense = (document) => ({
      ...document,
      grants: document.grants.map((grant) => ({ ...grant, keyCommitment: '0'.repeat(64) })),
    });
    await refusesPack('grant-mismatch');
  });

  test('a grant that is not there', async () => {
    await distribution.release(core, 6);
    distribution.alterLicense = (document) => ({ ...document, grants: [] });
    await refusesPack('grant-missing');
  });

  test('flipped bit: all over a small pack', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    for (let at = 0; at < sealed.bytes.length; at += 37) {
      const bytes = Buffer.from(sealed.bytes);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      distribution.list(core, sealed, bytes); // listed and signed by the role, as it is
      repository.publish();
      const { packs } = await update(endpoint);
      expect(packs, `byte ${at}`).toMatchObject([{ outcome: 'refused' }]);
    }
    expect(await activeRules(endpoint)).toEqual(good);
  });

  test('a flipped bit on the way', async () => {
    const sealed = await distribution.release(core, 6);
    const bytes = Buffer.from(sealed.bytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    distribution.intercept = (_, path) => (path.endsWith('stable.yms') ? { status: 200, body: bytes } : undefined);
    await refusesPack('target-mismatch');
  });

  test('truncated payload', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    distribution.list(core, sealed, sealed.bytes.subarray(0, -1));
    repository.publish();
    await refusesPack('payload-truncated');
  });

  test('extended payload', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    distribution.list(core, sealed, concatBytes(sealed.bytes, new Uint8Array(1)));
    repository.publish();
    await refusesPack('payload-extended');
  });

  test('reordered payload', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    const bytes = Buffer.from(sealed.bytes);
    bytes.subarray(-64).reverse();
    distribution.list(core, sealed, bytes);
    repository.publish();
    await refusesPack('payload-hash');
  });

  test('header moved to another payload', async () => {
    const one = await distribution.seal(core, 6, [rule('rule-6')]);
    const other = await distribution.seal(core, 6, [rule('rule-6')]); // under another key, of the same length
    const headerEnd = one.bytes.length - one.header.payload.length;
    const payload = other.bytes.subarray(other.bytes.length - other.header.payload.length);
    distribution.list(core, one, concatBytes(one.bytes.subarray(0, headerEnd), payload));
    repository.publish();
    await refusesPack('payload-hash');
  });

  test('an older pack listed again', async () => {
    const old = await distribution.seal(core, 4, [rule('rule-4')]);
    distribution.list(core, old);
    repository.publish();
    await refusesPack('sequence-rollback');
  });

  test('another pack under the same sequence', async () => {
    distribution.list(core, await distribution.seal(core, 5, [rule('other')]));
    repository.publish();
    await refusesPack('sequence-rollback');
  });

  test('an older pack listed as a newer one', async () => {
    const old = await distribution.seal(core, 4, [rule('rule-4')]);
    distribution.list(core, { ...old, header: { ...old.header, sequence: 6 } });
    distribution.releases.set(core, old);
    repository.publish();
    await refusesPack('pack-mismatch');
  });

  test('a pack of another name', async () => {
    const other = await distribution.seal('sigma/other/stable', 6, [rule('rule-6')]);
    const before = distribution.releases.get(core) ?? expect.fail('no release');
    distribution.list(core, other);
    distribution.releases.set(core, before);
    repository.publish();
    await refusesPack('pack-identity');
  });

  test('a pack for a newer program', async () => {
    await distribution.release(core, 6, [rule('rule-6')], { minimumClient: '9.0.0' });
    await refusesPack('client-too-old');
  });

  test('something that is no pack', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    distribution.list(core, sealed, Buffer.from('PK\u0003\u0004 an archive'));
    repository.publish();
    await refusesPack('pack-mismatch');
  });

  test('endless data instead of a pack', async () => {
    await distribution.release(core, 6);
    distribution.intercept = (_, path) =>
      path.endsWith('stable.yms') ? { status: 200, body: 'x'.repeat(65_536), endless: true } : undefined;
    await refusesPack('http-too-large');
  });

  test('an answer cut half-way is gone on with', async () => {
    const sealed = await distribution.release(core, 6);
    let cuts = 0;
    distribution.intercept = (_, path, headers) =>
      path.endsWith('stable.yms') && headers.range === undefined && cuts++ === 0
        ? { status: 200, body: sealed.bytes, headers: { etag: '"e"' }, cutAt: 500 }
        : undefined;
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  test('an answer cut half-way, each time', async () => {
    const sealed = await distribution.release(core, 6);
    distribution.intercept = (_, path) =>
      path.endsWith('stable.yms') ? { status: 200, body: sealed.bytes, cutAt: 100 } : undefined;
    await refusesPack('http-truncated');
  });
});

describe('the licence', () => {
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

  test('a pack header signed by the licence key does not pass for a licence', async () => {
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

describe('the clock', () => {
  test('a day slow: the last good set works on, and updates go on', async () => {
    endpoint.clock.advanceMs(-dayMs);
    await distribution.release(core, 6);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    expect(await activeFlags(endpoint)).toEqual(['clock-back']);
  });

  test('set back does not bring expired metadata back to life', async () => {
    bothClocks(10 * dayMs);
    repository.publish();
    await update(endpoint);
    bothClocks(8 * dayMs); // half the document's validity has passed: the next one says that it is this late
    repository.publish();
    await update(endpoint);
    endpoint.clock.advanceMs(-8 * dayMs);
    repository.timestamp.expires = '2026-03-12T12:00:00Z'; // after the host's clock, before the licence was issued
    repository.writeTimestamp();
    await refusesAll('metadata-expired');
  });

  test('two days fast: refused with a flag, and fine again when it is right', async () => {
    endpoint.clock.advanceMs(2 * dayMs);
    await refusesAll('metadata-expired');
    endpoint.clock.advanceMs(-2 * dayMs);
    await update(endpoint);
    expect(await activeFlags(endpoint)).toEqual([]);
  });
});

describe('this disk', () => {
  test('a damaged pack gives way to the version before', async () => {
    const newer = await distribution.release(core, 6);
    await update(endpoint);
    const { packs } = await loadActive(endpoint.home, endpoint.clock);
    const file = join(endpoint.home.packs, `${packs[0]?.accepted.sha256 ?? ''}.yms`);
    await writeFile(file, newer.bytes.subarray(1));
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['pack-damaged sigma/core/stable']);
  });

  test('a signer that was replaced is flagged, not dropped', async () => {
    const key = newSigningKey();
    const { delegations } = repository.targets;
    const role = delegations?.roles.find(({ name }) => name === 'sigma');
    if (!delegations || !role) throw new Error('no role');
    delegations.keys[key.publicKey.keyid] = encodePublicKey(key.publicKey);
    role.keyids = [key.publicKey.keyid];
    repository.releaseKeys.set('sigma', [key]);
    repository.publish();
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['signer-replaced sigma/core/stable']);
  });

  test('stored metadata that is broken is fetched again', async () => {
    const [generation = ''] = await readdir(endpoint.home.metadata);
    for (const file of await readdir(join(endpoint.home.metadata, generation)))
      await writeFile(join(endpoint.home.metadata, generation, file), 'broken');
    await update(endpoint);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('a pointer that is broken is an error, never an empty set', async () => {
    await writeFile(endpoint.home.pointer, '{"format":1');
    await expectCode('state-malformed', () => loadActive(endpoint.home, endpoint.clock));
    await expectCode('state-malformed', () => update(endpoint));
  });

  test('a host key that others may read is refused', async () => {
    await chmod(endpoint.home.hostKey, 0o644);
    await expectCode('key-file-permissions', () => update(endpoint));
  });

  test('lock held by another update', async () => {
    const other = fork('-', [], { execArgv: ['-e', 'process.send("up"); setInterval(() => {}, 1000)'] });
    await once(other, 'message');
    await writeFile(endpoint.home.lock, `${other.pid ?? 0}\n`);
    const before = await pointerPacks();
    await expectCode('lock-held', () => update(endpoint));
    expect(await pointerPacks()).toEqual(before);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await update(endpoint); // the lock of a dead process does not count
  });
});

/** The pack with another header, signed by these keys. */
function resign(sealed: SealedPack, header: PackHeader, keys: readonly SecretKey[]): Uint8Array {
  const envelope = signEnvelope(packPayloadType, encodeHeader(header), keys.map(signerOf));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(envelope.length);
  const payload = sealed.bytes.subarray(sealed.bytes.length - sealed.header.payload.length);
  return concatBytes(Buffer.from('yms1\n'), length, envelope, payload);
}
