import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../base/bytes.js';
import { dayMs, formatSeconds } from '../../base/clock.js';
import { canonicalJsonBytes } from '../../base/json.js';
import { encodeKeysJson } from '../../keys/keys-json.js';
import { encodeMetadata, parseMetadata } from '../../keys/metadata.js';
import type { TargetsRole } from '../../keys/roles.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf, signMetadata } from '../../keys/signing.js';
import { encodeEnvelope, preAuthEncoding } from '../../keys/envelope.js';
import { type PackHeader, packPayloadType } from '../../packs/header.js';
import { readPack, type SealedPack } from '../../packs/pack.js';
import { type Answer, expectProblem, expectStatus, smallPack, TestServer } from '../support/server.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
  await server.holdCeremony();
});
afterEach(() => server.stop());

/** Everything that clients can see of the release; a refused commit must leave it byte for byte. */
async function served(): Promise<string> {
  const { records } = server.running.deps;
  const metadata = await records.selectFrom('metadata').selectAll().orderBy('role').orderBy('version').execute();
  const targets = await records.selectFrom('targets').selectAll().orderBy('path').orderBy('sha256').execute();
  const packs = await records.selectFrom('packs').selectAll().orderBy('path').orderBy('sha256').execute();
  return JSON.stringify({ metadata, targets, packs });
}

async function refused(status: number, code: string, commit: () => Promise<Answer>): Promise<Answer> {
  const before = await served();
  const answer = await expectProblem(status, code, commit());
  expect(await served()).toBe(before);
  return answer;
}

async function uploaded(pack: SealedPack): Promise<SealedPack> {
  await server.upload(pack.bytes);
  return pack;
}

async function current<K extends 'root' | 'targets' | 'snapshot' | 'timestamp'>(kind: K, name: string) {
  return parseMetadata(kind, (await expectStatus(200, server.call('GET', `/repository/metadata/${name}`))).bytes)
    .signed;
}

describe('a commit', () => {
  test('publishes role, snapshot and timestamp as one', async () => {
    expect((await current('timestamp', 'timestamp.json')).meta['snapshot.json'].version).toBe(1);
    const pack = await server.publish('sigma', 1);
    const timestamp = await current('timestamp', 'timestamp.json');
    const snapshot = await current('snapshot', `${timestamp.meta['snapshot.json'].version}.snapshot.json`);
    expect(snapshot.meta['sigma.json']?.version).toBe(1);
    expect(snapshot.meta['targets.json']?.version).toBe(1);
    const role = await expectStatus(200, server.call('GET', '/repository/metadata/1.sigma.json'));
    expect(snapshot.meta['sigma.json']?.hashes.sha256).toBe(sha256Hex(role.bytes));
    const releases = await expectStatus(200, server.admin('GET', '/v1/releases'));
    expect(releases.json?.['items']).toMatchObject([
      { path: 'sigma/core/stable.yms', sha256: sha256Hex(pack.bytes), sequence: 1, roleVersion: 1 },
    ]);
  });

  test('may be repeated when its answer was lost', async () => {
    const pack = await uploaded(await server.seal('sigma', 1));
    const roles = { sigma: server.house.nextRole('sigma', [pack]) };
    const first = await expectStatus(201, server.commit({ roles }));
    const before = await served();
    const second = await expectStatus(200, server.commit({ roles }));
    expect(second.json).toEqual(first.json);
    expect(await served()).toBe(before);
  });

  test('without a file is refused', () => refused(422, 'commit-empty', () => server.commit({})));

  test('of two that race for one version, one wins', async () => {
    const [a, b] = [await uploaded(await server.seal('sigma', 1)), await uploaded(await server.seal('sigma', 2))];
    const first = server.house.nextRole('sigma', [a]);
    server.house.roles.delete('sigma');
    const second = server.house.nextRole('sigma', [b]);
    const answers = await Promise.all([first, second].map((bytes) => server.commit({ roles: { sigma: bytes } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test('is for publishers, root and targets for admins', async () => {
    const publisher = await server.newToken('publisher');
    const auditor = await server.newToken('auditor');
    const pack = await server.seal('sigma', 1);
    await expectProblem(403, 'scope-missing', server.upload(pack.bytes, auditor));
    await expectStatus(201, server.upload(pack.bytes, publisher));
    const targets = server.house.nextTargets(server.keysJson());
    await refused(403, 'scope-missing', () => server.commit({ targets }, publisher));
    const roles = { sigma: server.house.nextRole('sigma', [pack]) };
    await refused(403, 'scope-missing', () => server.commit({ roles }, auditor));
    await expectStatus(201, server.commit({ roles }, publisher));
    await expectStatus(201, server.commit({ targets }));
  });
});

describe('a role file is refused', () => {
  test('with another version than the next', async () => {
    await server.publish('sigma', 1);
    const again = await uploaded(await server.seal('sigma', 2));
    const change = (version: number) => (role: TargetsRole) => ({ ...role, version });
    for (const version of [1, 3])
      await refused(409, 'version-not-next', () =>
        server.commit({ roles: { sigma: server.house.nextRole('sigma', [again], { change: change(version) }) } }),
      );
  });

  test('below its threshold, and when one key signs twice', async () => {
    const [one, two] = [newSigningKey(), newSigningKey()];
    server.house.releaseKeys.set('sigma', [one, two]);
    server.house.thresholds.set('sigma', 2);
    await expectStatus(201, server.commit({ targets: server.house.nextTargets(server.keysJson()) }));
    const pack = await uploaded(await server.seal('sigma', 1));
    const role = server.house.nextRole('sigma', [pack], { signers: [one] });
    await refused(422, 'signature-threshold', () => server.commit({ roles: { sigma: role } }));
    const parsed = parseMetadata('targets', role);
    const twice = canonicalJsonBytes({ ...parsed, signatures: [...parsed.signatures, ...parsed.signatures] });
    await refused(422, 'metadata-malformed', () => server.commit({ roles: { sigma: twice } }));
    server.house.roles.delete('sigma');
    await expectStatus(201, server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack]) } }));
  });

  test('when another key signed it', async () => {
    const pack = await uploaded(await server.seal('sigma', 1));
    const signers = server.house.releaseKeys.get('premium') ?? [];
    await refused(422, 'signature-threshold', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack], { signers }) } }),
    );
  });

  test('expired, or made for longer than 30 days', async () => {
    const pack = await uploaded(await server.seal('sigma', 1));
    const expiring = (days: number) => (role: TargetsRole) => ({
      ...role,
      version: 1,
      expires: formatSeconds(new Date(server.clock.now().getTime() + days * dayMs)),
    });
    await refused(422, 'metadata-expired', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack], { change: expiring(0) }) } }),
    );
    await refused(422, 'expiry-too-far', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack], { change: expiring(40) }) } }),
    );
  });

  test('for paths of another feature, with the path as its place', async () => {
    const pack = await uploaded(await server.seal('premium', 1));
    const answer = await refused(422, 'target-path', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack]) } }),
    );
    expect(answer.json?.['place']).toEqual({ file: 'premium/core/stable.yms' });
  });

  test('for a file that is no pack path', async () => {
    const pack = await uploaded(await server.seal('sigma', 1));
    const change = (role: TargetsRole): TargetsRole => {
      const [entry] = Object.values(role.targets);
      return entry ? { ...role, version: 1, targets: { 'sigma/core/stable.zip': entry } } : role;
    };
    await refused(422, 'target-path', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack], { change }) } }),
    );
  });

  test('when nobody delegated it, also under the names of the top-level roles', async () => {
    const pack = await uploaded(await server.seal('sigma', 1));
    server.house.releaseKeys.set('unheard', server.house.releaseKeys.get('sigma') ?? []);
    const role = server.house.nextRole('unheard', [pack], { change: (r) => ({ ...r, targets: {} }) });
    for (const name of ['unheard', 'root', 'targets', 'snapshot', 'timestamp'])
      await refused(422, 'role-not-delegated', () => server.commit({ roles: { [name]: role } }));
  });

  test('with delegations of its own', async () => {
    await refused(422, 'delegation', () =>
      server.commit({
        roles: {
          sigma: server.house.nextRole('sigma', [], {
            change: (role) => ({ ...role, delegations: { keys: {}, roles: [] } }),
          }),
        },
      }),
    );
  });
});

describe('a pack is refused', () => {
  const entryOf =
    (pack: SealedPack, change: (header: PackHeader) => object) =>
    (role: TargetsRole): TargetsRole => ({
      ...role,
      version: 1,
      targets: Object.fromEntries(
        Object.entries(role.targets).map(([path, entry]) => [
          path,
          { ...entry, custom: change(pack.header) } as TargetsRole['targets'][string],
        ]),
      ),
    });

  test('that was not uploaded, or has another length', async () => {
    const pack = await server.seal('sigma', 1);
    await refused(422, 'blob-missing', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack]) } }),
    );
    await uploaded(pack);
    const change = (role: TargetsRole): TargetsRole => ({
      ...role,
      version: 1,
      targets: Object.fromEntries(Object.entries(role.targets).map(([p, e]) => [p, { ...e, length: e.length + 1 }])),
    });
    await refused(422, 'blob-length', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack], { change }) } }),
    );
  });

  test('that is another file, or was cut', async () => {
    const pack = await server.seal('sigma', 1);
    const text = await uploaded({ ...pack, bytes: Buffer.from('not a pack') });
    await refused(422, 'target-pack', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [text]) } }),
    );
    server.house.roles.delete('sigma');
    const cut = await uploaded({ ...pack, bytes: pack.bytes.subarray(0, pack.bytes.length - 1) });
    await refused(422, 'payload-truncated', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [cut]) } }),
    );
  });

  test('whose header another feature signed, or names another pack or channel', async () => {
    const foreign = await smallPack(
      { feature: 'sigma', pack: 'core', sequence: 1 },
      { signers: server.house.releaseKeys.get('premium') ?? [], recipients: [server.publicKeys.distribution] },
    );
    await uploaded(foreign);
    await refused(422, 'signature-unknown-key', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [foreign]) } }),
    );
    for (const named of [{ pack: 'other' }, { channel: 'beta' }, { feature: 'premium' }]) {
      server.house.roles.delete('sigma');
      const pack = await smallPack(
        { feature: 'sigma', pack: 'core', sequence: 1, ...named },
        { signers: server.house.releaseKeys.get('sigma') ?? [], recipients: [server.publicKeys.distribution] },
      );
      await uploaded(pack);
      const placed = { ...pack, header: { ...pack.header, feature: 'sigma', pack: 'core', channel: 'stable' } };
      await refused(422, 'pack-identity', () =>
        server.commit({ roles: { sigma: server.house.nextRole('sigma', [placed]) } }),
      );
    }
  });

  test('whose role entry says another kind, version or sequence', async () => {
    const pack = await uploaded(await server.seal('sigma', 1));
    const wrong = [
      ({ kind, version }: PackHeader) => ({ kind, version, sequence: 7 }),
      ({ kind, sequence }: PackHeader) => ({ kind, sequence, version: 'other' }),
      ({ version, sequence }: PackHeader) => ({ kind: 'delta', version, sequence }),
      ({ kind, version, sequence }: PackHeader) => ({ kind, version, sequence, from: { version: 'x' } }),
    ];
    for (const change of wrong)
      await refused(422, 'target-custom', () =>
        server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack], { change: entryOf(pack, change) }) } }),
      );
  });

  test('that is not sealed to this server', async () => {
    const pack = await smallPack(
      { feature: 'sigma', pack: 'core', sequence: 1 },
      { signers: server.house.releaseKeys.get('sigma') ?? [], recipients: [newSealingKey().publicKey] },
    );
    await uploaded(pack);
    await refused(422, 'not-a-recipient', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [pack]) } }),
    );
  });

  test('that carries the recipients and the commitment of a premium pack (key laundering)', async () => {
    const premium = await server.publish('premium', 1);
    const cheap = await server.seal('sigma', 1);
    for (const stolen of [
      { recipients: premium.header.recipients },
      { recipients: premium.header.recipients, keyCommitment: premium.header.keyCommitment },
    ]) {
      server.house.roles.delete('sigma');
      const forged = resign(cheap, { ...cheap.header, ...stolen }, server);
      await uploaded(forged);
      await refused(422, 'key-commitment', () =>
        server.commit({ roles: { sigma: server.house.nextRole('sigma', [forged]) } }),
      );
    }
  });

  test('with a sequence that does not rise, unless it is the same file', async () => {
    const second = await server.publish('sigma', 2);
    const older = await uploaded(await server.seal('sigma', 1));
    const equal = await uploaded(await server.seal('sigma', 2));
    for (const pack of [older, equal]) {
      const answer = await refused(409, 'target-sequence', () =>
        server.commit({
          roles: { sigma: server.house.nextRole('sigma', [pack], { change: (role) => ({ ...role, version: 2 }) }) },
        }),
      );
      expect(answer.json?.['place']).toEqual({ file: 'sigma/core/stable.yms' });
    }
    await server.publish('sigma', 3).catch(() => undefined);
    server.house.roles.delete('sigma');
    const refresh = server.house.nextRole('sigma', [second], { change: (role) => ({ ...role, version: 2 }) });
    await expectStatus(201, server.commit({ roles: { sigma: refresh } }));
  });

  test('that was withdrawn does not come back under its old number', async () => {
    const first = await server.publish('sigma', 1);
    await server.publish('sigma', 2);
    await refused(409, 'target-sequence', () =>
      server.commit({ roles: { sigma: server.house.nextRole('sigma', [first]) } }),
    );
  });
});

/** The same payload under a header that the feature's own keys sign: what a dishonest publisher can make. */
function resign(pack: SealedPack, header: PackHeader, from: TestServer): SealedPack {
  const unverified = readPack(pack.bytes);
  if (!unverified) throw new Error('no pack');
  const payload = canonicalJsonBytes(header);
  const message = preAuthEncoding(packPayloadType, payload);
  const signatures = (from.house.releaseKeys.get(header.feature) ?? []).map((secret) => ({
    keyid: secret.publicKey.keyid,
    sig: signerOf(secret).sign(message),
  }));
  const envelope = encodeEnvelope({ payloadType: packPayloadType, payload, signatures });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(envelope.length);
  return { ...pack, header, bytes: Buffer.concat([Buffer.from('yms1\n'), length, envelope, unverified.payload]) };
}

describe('root and targets', () => {
  test('the first commit needs both, and version 1', async () => {
    const fresh = await TestServer.start();
    try {
      await fresh.upload(fresh.keysJson());
      const targets = fresh.house.nextTargets(fresh.keysJson());
      await expectProblem(409, 'version-not-next', fresh.commit({ targets }));
      const root = fresh.house.nextRoot(fresh.publicKeys);
      await expectProblem(409, 'version-not-next', fresh.commit({ roots: [root] }));
      const second = fresh.house.nextRoot(fresh.publicKeys);
      await expectProblem(409, 'version-not-next', fresh.commit({ roots: [second], targets }));
      await expectProblem(404, 'not-found', fresh.call('GET', '/repository/metadata/timestamp.json'));
      await expectStatus(201, fresh.commit({ roots: [root, second], targets }));
      await expectStatus(200, fresh.call('GET', '/repository/metadata/2.root.json'));
    } finally {
      await fresh.stop();
    }
  });

  test('a root must name the online keys of this server', async () => {
    const other = newSigningKey().publicKey;
    for (const online of [
      { ...server.publicKeys, snapshot: other },
      { ...server.publicKeys, timestamp: other },
    ]) {
      const root = server.house.root;
      await refused(422, 'root-online-keys', () => server.commit({ roots: [server.house.nextRoot(online)] }));
      server.house.root = root;
    }
  });

  test('a rotation needs the old quorum and the new one', async () => {
    const old = server.house.rootKeys;
    server.house.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    const before = server.house.root;
    const alone = server.house.nextRoot(server.publicKeys);
    await refused(422, 'signature-threshold', () => server.commit({ roots: [alone] }));
    server.house.root = before;
    const both = server.house.nextRoot(server.publicKeys, old);
    await expectStatus(201, server.commit({ roots: [both] }));
    await expectStatus(200, server.commit({ roots: [both] }));
    server.house.nextRoot(server.publicKeys);
    const skipped = server.house.nextRoot(server.publicKeys);
    await refused(409, 'version-not-next', () => server.commit({ roots: [skipped] }));
  });

  test('a root with other targets keys needs targets with it', async () => {
    server.house.targetsKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    const root = server.house.nextRoot(server.publicKeys);
    await refused(422, 'role-keys-stale', () => server.commit({ roots: [root] }));
    const targets = server.house.nextTargets(server.keysJson());
    await expectStatus(201, server.commit({ roots: [root], targets }));
  });

  test('a re-keyed feature needs its role, signed anew over packs signed anew, in the same commit', async () => {
    const first = await server.publish('sigma', 1);
    server.house.releaseKeys.set('sigma', [newSigningKey()]);
    const targets = server.house.nextTargets(server.keysJson());
    await refused(422, 'role-keys-stale', () => server.commit({ targets }));
    const last = server.house.roles.get('sigma');
    await refused(422, 'signature-unknown-key', () =>
      server.commit({ targets, roles: { sigma: server.house.nextRole('sigma', [first]) } }),
    );
    if (last) server.house.roles.set('sigma', last);
    const second = await uploaded(await server.seal('sigma', 2));
    await expectStatus(201, server.commit({ targets, roles: { sigma: server.house.nextRole('sigma', [second]) } }));
  });

  test('a published role stays delegated, and stays in the snapshot when it is emptied', async () => {
    await server.publish('sigma', 1);
    const keys = server.house.releaseKeys.get('sigma') ?? [];
    server.house.releaseKeys.delete('sigma');
    const before = server.house.targets;
    const dropped = server.house.nextTargets(server.keysJson());
    await refused(422, 'role-dropped', () => server.commit({ targets: dropped }));
    server.house.targets = before;
    server.house.releaseKeys.set('sigma', keys);
    const empty = server.house.nextRole('sigma', [], { change: (role) => ({ ...role, targets: {} }) });
    const { json } = await expectStatus(201, server.commit({ roles: { sigma: empty } }));
    const snapshot = await current('snapshot', `${String(json?.['snapshot'])}.snapshot.json`);
    expect(snapshot.meta['sigma.json']?.version).toBe(2);
    expect((await server.admin('GET', '/v1/releases')).json?.['items']).toEqual([]);
  });

  test('targets lists keys.json with the keys of this server, and nothing else', async () => {
    const attempt = async (code: string, keysJson: Uint8Array, change?: (role: TargetsRole) => TargetsRole) => {
      const before = server.house.targets;
      await server.upload(keysJson);
      const targets = server.house.nextTargets(keysJson, change);
      await refused(422, code, () => server.commit({ targets }));
      server.house.targets = before;
    };
    const { license, distribution } = server.publicKeys;
    const foreign = { licenseKeys: [newSigningKey().publicKey], distributionKeys: [newSealingKey().publicKey] };
    await attempt('keys-json', encodeKeysJson({ ...foreign, distributionKeys: [distribution] }));
    await attempt('keys-json', encodeKeysJson({ ...foreign, licenseKeys: [license] }));
    await attempt('key-malformed', Buffer.from('{}'));
    await attempt('targets-paths', server.keysJson(), (role) => ({ ...role, targets: {} }));
    await attempt('targets-paths', server.keysJson(), (role) => ({
      ...role,
      targets: { ...role.targets, 'sigma/core/stable.yms': { length: 1, hashes: { sha256: '0'.repeat(64) } } },
    }));
  });

  test('a delegation is one feature with its own paths', async () => {
    const attempt = async (code: string, name: string, paths: string[]) => {
      const before = server.house.targets;
      const targets = server.house.nextTargets(server.keysJson(), (role) => ({
        ...role,
        delegations: {
          keys: role.delegations?.keys ?? {},
          roles: (role.delegations?.roles ?? []).map((r, i) => (i === 0 ? { ...r, name, paths } : r)),
        },
      }));
      await refused(422, code, () => server.commit({ targets }));
      server.house.targets = before;
    };
    await attempt('metadata-malformed', 'sigma', ['premium/*/*']);
    await attempt('metadata-malformed', 'sigma', ['sigma/*/*', 'premium/*/*']);
    await attempt('delegation', 'snapshot', ['snapshot/*/*']);
    await attempt('delegation', 'custom', ['custom/*/*']);
  });
});

test('a metadata file of another kind, or with unknown members, is refused', async () => {
  const role = signMetadata({ ...(server.house.targets as TargetsRole), version: 1, targets: {} }, []);
  const root = server.house.root;
  if (!root) return expect.fail('no root');
  await refused(422, 'metadata-malformed', () =>
    server.commit({ roles: { sigma: encodeMetadata(signMetadata(root, [])) } }),
  );
  await refused(422, 'metadata-malformed', () =>
    server.commit({ roles: { sigma: canonicalJsonBytes({ ...role, extra: 1 }) } }),
  );
});
