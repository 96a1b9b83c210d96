import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeKeysJson } from '../../../keys/keys-json.js';
import type { TargetsRole } from '../../../keys/roles.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey } from '../../../keys/signing.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';
import { current, refused, uploaded } from './commit-support.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
  await server.holdCeremony();
});
afterEach(() => server.stop());

describe('root and targets', () => {
  test('the first commit needs both, and version 1', async () => {
    const fresh = await TestServer.start();
    try {
      await fresh.upload(fresh.keysJson());
      const targets = fresh.trustDomain.nextTargets(fresh.keysJson());
      await expectProblem(409, 'version-not-next', fresh.commit({ targets }));
      const root = fresh.trustDomain.nextRoot(fresh.publicKeys);
      await expectProblem(409, 'version-not-next', fresh.commit({ roots: [root] }));
      const second = fresh.trustDomain.nextRoot(fresh.publicKeys);
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
      const root = server.trustDomain.root;
      await refused(server, 422, 'root-online-keys', () =>
        server.commit({ roots: [server.trustDomain.nextRoot(online)] }),
      );
      server.trustDomain.root = root;
    }
  });

  test('a rotation needs the old quorum and the new one', async () => {
    const old = server.trustDomain.rootKeys;
    server.trustDomain.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    const before = server.trustDomain.root;
    const alone = server.trustDomain.nextRoot(server.publicKeys);
    await refused(server, 422, 'signature-threshold', () => server.commit({ roots: [alone] }));
    server.trustDomain.root = before;
    const both = server.trustDomain.nextRoot(server.publicKeys, old);
    await expectStatus(201, server.commit({ roots: [both] }));
    await expectStatus(200, server.commit({ roots: [both] }));
    server.trustDomain.nextRoot(server.publicKeys);
    const skipped = server.trustDomain.nextRoot(server.publicKeys);
    await refused(server, 409, 'version-not-next', () => server.commit({ roots: [skipped] }));
  });

  test('a root with other targets keys needs targets with it', async () => {
    server.trustDomain.targetsKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    const root = server.trustDomain.nextRoot(server.publicKeys);
    await refused(server, 422, 'role-keys-stale', () => server.commit({ roots: [root] }));
    const targets = server.trustDomain.nextTargets(server.keysJson());
    await expectStatus(201, server.commit({ roots: [root], targets }));
  });

  test('a re-keyed feature needs its role, signed anew over packs signed anew, in the same commit', async () => {
    const first = await server.publish('sigma', 1);
    server.trustDomain.releaseKeys.set('sigma', [newSigningKey()]);
    const targets = server.trustDomain.nextTargets(server.keysJson());
    await refused(server, 422, 'role-keys-stale', () => server.commit({ targets }));
    const last = server.trustDomain.roles.get('sigma');
    await refused(server, 422, 'signature-unknown-key', () =>
      server.commit({ targets, roles: { sigma: server.trustDomain.nextRole('sigma', [first]) } }),
    );
    if (last) server.trustDomain.roles.set('sigma', last);
    const second = await uploaded(server, await server.seal('sigma', 2));
    await expectStatus(
      201,
      server.commit({ targets, roles: { sigma: server.trustDomain.nextRole('sigma', [second]) } }),
    );
  });

  test('a published role stays delegated, and stays in the snapshot when it is emptied', async () => {
    await server.publish('sigma', 1);
    const keys = server.trustDomain.releaseKeys.get('sigma') ?? [];
    server.trustDomain.releaseKeys.delete('sigma');
    const before = server.trustDomain.targets;
    const dropped = server.trustDomain.nextTargets(server.keysJson());
    await refused(server, 422, 'role-dropped', () => server.commit({ targets: dropped }));
    server.trustDomain.targets = before;
    server.trustDomain.releaseKeys.set('sigma', keys);
    const empty = server.trustDomain.nextRole('sigma', [], { change: (role) => ({ ...role, targets: {} }) });
    const { json } = await expectStatus(201, server.commit({ roles: { sigma: empty } }));
    const snapshot = await current(server, 'snapshot', `${String(json?.['snapshot'])}.snapshot.json`);
    expect(snapshot.meta['sigma.json']?.version).toBe(2);
    expect((await server.admin('GET', '/v1/releases')).json?.['items']).toEqual([]);
  });

  test('targets lists keys.json with the keys of this server, and nothing else', async () => {
    const attempt = async (code: string, keysJson: Uint8Array, change?: (role: TargetsRole) => TargetsRole) => {
      const before = server.trustDomain.targets;
      await server.upload(keysJson);
      const targets = server.trustDomain.nextTargets(keysJson, change);
      await refused(server, 422, code, () => server.commit({ targets }));
      server.trustDomain.targets = before;
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
      const before = server.trustDomain.targets;
      const targets = server.trustDomain.nextTargets(server.keysJson(), (role) => ({
        ...role,
        delegations: {
          keys: role.delegations?.keys ?? {},
          roles: (role.delegations?.roles ?? []).map((r, i) => (i === 0 ? { ...r, name, paths } : r)),
        },
      }));
      await refused(server, 422, code, () => server.commit({ targets }));
      server.trustDomain.targets = before;
    };
    await attempt('metadata-malformed', 'sigma', ['premium/*/*']);
    await attempt('metadata-malformed', 'sigma', ['sigma/*/*', 'premium/*/*']);
    await attempt('metadata-malformed', 'snapshot', ['snapshot/*/*']);
    await attempt('metadata-malformed', 'custom', ['custom/*/*']);
  });
});
