import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../base/bytes.js';
import { dayMs, formatSeconds } from '../../../base/clock.js';
import { canonicalJsonBytes } from '../../../base/json.js';
import { encodeMetadata, parseMetadata } from '../../../keys/metadata.js';
import type { TargetsRole } from '../../../keys/roles.js';
import { newSigningKey, signMetadata } from '../../../keys/signing.js';
import { commit } from '../../../server/repository/commit/commit.js';
import { refreshSnapshot } from '../../../server/repository/refresh.js';
import { Queue } from '../../../base/queue.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';
import { current, refused, served, uploaded } from './commit-support.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
  await server.holdCeremony();
});
afterEach(() => server.stop());

describe('a commit', () => {
  test('publishes role, snapshot and timestamp as one', async () => {
    expect((await current(server, 'timestamp', 'timestamp.json')).meta['snapshot.json'].version).toBe(1);
    const pack = await server.publish('sigma', 1);
    const timestamp = await current(server, 'timestamp', 'timestamp.json');
    const snapshot = await current(server, 'snapshot', `${timestamp.meta['snapshot.json'].version}.snapshot.json`);
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
    const pack = await uploaded(server, await server.seal('sigma', 1));
    const roles = { sigma: server.trustDomain.nextRole('sigma', [pack]) };
    const first = await expectStatus(201, server.commit({ roles }));
    const before = await served(server);
    const second = await expectStatus(200, server.commit({ roles }));
    expect(second.json).toEqual(first.json);
    expect(await served(server)).toBe(before);
  });

  test('without a file is refused', () => refused(server, 422, 'commit-empty', () => server.commit({})));

  test('of two that race for one version, one wins', async () => {
    const [a, b] = [
      await uploaded(server, await server.seal('sigma', 1)),
      await uploaded(server, await server.seal('sigma', 2)),
    ];
    const first = server.trustDomain.nextRole('sigma', [a]);
    server.trustDomain.roles.delete('sigma');
    const second = server.trustDomain.nextRole('sigma', [b]);
    const answers = await Promise.all([first, second].map((bytes) => server.commit({ roles: { sigma: bytes } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test('of two servers on the same records never undoes that of the other', async () => {
    const { deps } = server.running;
    const ofOne = (name: string) => server.trustDomain.nextRole(name, []);
    const files = (name: string) => ({ roots: [], targets: null, roles: new Map([[name, ofOne(name)]]) });
    const [a, b] = [files('sigma'), files('premium')];
    const onServer = (work: typeof a) => commit({ ...deps, publishing: new Queue() }, work, 'test');
    const outcomes = await Promise.allSettled([
      onServer(a),
      onServer(b),
      refreshSnapshot({ ...deps, publishing: new Queue() }),
    ]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(String(outcome.reason)).toMatch(/alone|UNIQUE/);
    for (const work of [a, b]) await onServer(work); // whoever was refused comes again
    const { version } = (await current(server, 'timestamp', 'timestamp.json')).meta['snapshot.json'];
    const { meta } = await current(server, 'snapshot', `${version}.snapshot.json`);
    expect(Object.keys(meta).sort()).toEqual(['premium.json', 'sigma.json', 'targets.json']);
  });

  test('is for publishers, root and targets for admins', async () => {
    const publisher = await server.newToken('publisher');
    const auditor = await server.newToken('auditor');
    const pack = await server.seal('sigma', 1);
    await expectProblem(403, 'scope-missing', server.upload(pack.bytes, auditor));
    await expectStatus(201, server.upload(pack.bytes, publisher));
    const targets = server.trustDomain.nextTargets(server.keysJson());
    await refused(server, 403, 'scope-missing', () => server.commit({ targets }, publisher));
    const roles = { sigma: server.trustDomain.nextRole('sigma', [pack]) };
    await refused(server, 403, 'scope-missing', () => server.commit({ roles }, auditor));
    await expectStatus(201, server.commit({ roles }, publisher));
    await expectStatus(201, server.commit({ targets }));
  });
});

describe('a role file is refused', () => {
  test('with another version than the next', async () => {
    await server.publish('sigma', 1);
    const again = await uploaded(server, await server.seal('sigma', 2));
    const change = (version: number) => (role: TargetsRole) => ({ ...role, version });
    for (const version of [1, 3])
      await refused(server, 409, 'version-not-next', () =>
        server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [again], { change: change(version) }) } }),
      );
  });

  test('below its threshold, and when one key signs twice', async () => {
    const [one, two] = [newSigningKey(), newSigningKey()];
    server.trustDomain.releaseKeys.set('sigma', [one, two]);
    server.trustDomain.thresholds.set('sigma', 2);
    await expectStatus(201, server.commit({ targets: server.trustDomain.nextTargets(server.keysJson()) }));
    const pack = await uploaded(server, await server.seal('sigma', 1));
    const role = server.trustDomain.nextRole('sigma', [pack], { signers: [one] });
    await refused(server, 422, 'signature-threshold', () => server.commit({ roles: { sigma: role } }));
    const parsed = parseMetadata('targets', role);
    const twice = canonicalJsonBytes({ ...parsed, signatures: [...parsed.signatures, ...parsed.signatures] });
    await refused(server, 422, 'metadata-malformed', () => server.commit({ roles: { sigma: twice } }));
    server.trustDomain.roles.delete('sigma');
    await expectStatus(201, server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack]) } }));
  });

  test('when another key signed it', async () => {
    const pack = await uploaded(server, await server.seal('sigma', 1));
    const signers = server.trustDomain.releaseKeys.get('premium') ?? [];
    await refused(server, 422, 'signature-threshold', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack], { signers }) } }),
    );
  });

  test('expired, or made for longer than 30 days', async () => {
    const pack = await uploaded(server, await server.seal('sigma', 1));
    const expiring = (days: number) => (role: TargetsRole) => ({
      ...role,
      version: 1,
      expires: formatSeconds(new Date(server.clock.now().getTime() + days * dayMs)),
    });
    await refused(server, 422, 'metadata-expired', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack], { change: expiring(0) }) } }),
    );
    await refused(server, 422, 'expiry-too-far', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack], { change: expiring(40) }) } }),
    );
  });

  test('for paths of another feature, with the path as its place', async () => {
    const pack = await uploaded(server, await server.seal('premium', 1));
    const answer = await refused(server, 422, 'target-path', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack]) } }),
    );
    expect(answer.json?.['place']).toEqual({ file: 'premium/core/stable.yms' });
  });

  test('for a file that is no pack path', async () => {
    const pack = await uploaded(server, await server.seal('sigma', 1));
    const change = (role: TargetsRole): TargetsRole => {
      const [entry] = Object.values(role.targets);
      return entry ? { ...role, version: 1, targets: { 'sigma/core/stable.zip': entry } } : role;
    };
    await refused(server, 422, 'target-path', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack], { change }) } }),
    );
  });

  test('when nobody delegated it, also under the names of the top-level roles', async () => {
    const pack = await uploaded(server, await server.seal('sigma', 1));
    server.trustDomain.releaseKeys.set('unheard', server.trustDomain.releaseKeys.get('sigma') ?? []);
    const role = server.trustDomain.nextRole('unheard', [pack], { change: (r) => ({ ...r, targets: {} }) });
    for (const name of ['unheard', 'root', 'targets', 'snapshot', 'timestamp'])
      await refused(server, 422, 'role-not-delegated', () => server.commit({ roles: { [name]: role } }));
  });

  test('with delegations of its own', async () => {
    await refused(server, 422, 'delegation', () =>
      server.commit({
        roles: {
          sigma: server.trustDomain.nextRole('sigma', [], {
            change: (role) => ({ ...role, delegations: { keys: {}, roles: [] } }),
          }),
        },
      }),
    );
  });
});

test('a metadata file of another kind, or with unknown members, is refused', async () => {
  const role = signMetadata({ ...(server.trustDomain.targets as TargetsRole), version: 1, targets: {} }, []);
  const root = server.trustDomain.root;
  if (!root) return expect.fail('no root');
  await refused(server, 422, 'metadata-malformed', () =>
    server.commit({ roles: { sigma: encodeMetadata(signMetadata(root, [])) } }),
  );
  await refused(server, 422, 'metadata-malformed', () =>
    server.commit({ roles: { sigma: canonicalJsonBytes({ ...role, extra: 1 }) } }),
  );
});
