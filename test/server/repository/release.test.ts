import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEnvelope, verifyEnvelope } from '../../../keys/envelope.js';
import { openerOf } from '../../../keys/sealing.js';
import { licensePayloadType, openGrant, parseLicense } from '../../../packs/license.js';
import { openPack, readPack, verifyPack } from '../../../packs/pack.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';

describe('from a release to a licensed host', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ contract: true });
  });
  afterAll(() => server.stop());

  test('sells, activates, serves and grants what was published', async () => {
    await expectProblem(503, 'not-ready', server.call('GET', '/readyz'));
    await expectProblem(404, 'not-found', server.call('GET', '/repository/metadata/1.root.json'));
    await server.holdCeremony();
    const pack = await server.publish('sigma', 1);
    const premium = await server.publish('premium', 1);
    const { id, licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);

    const served = await expectStatus(200, server.call('GET', server.targetPath(pack), { token: host.token }));
    expect(Buffer.from(served.bytes).equals(Buffer.from(pack.bytes))).toBe(true);
    await expectProblem(
      403,
      'feature-not-licensed',
      server.call('GET', server.targetPath(premium), { token: host.token }),
    );
    await expectProblem(401, 'token-missing', server.call('GET', server.targetPath(pack)));

    const answer = await expectStatus(200, server.call('GET', '/v1/license', { token: host.token }));
    const verified = verifyEnvelope(parseEnvelope(answer.bytes), {
      payloadType: licensePayloadType,
      keys: [server.publicKeys.license],
      threshold: 1,
    });
    const license = parseLicense(verified.payload);
    expect(license).toMatchObject({ license: id, state: 'active', serial: 1, features: ['mining-pools', 'sigma'] });
    expect(license.packs).toEqual([{ feature: 'sigma', pack: 'core', channel: 'stable' }]);
    const [grant] = license.grants;
    if (!grant) return expect.fail('no grant');
    const contentKey = openGrant(grant, openerOf(host.hostKey));
    const unverified = readPack(served.bytes);
    if (!unverified) return expect.fail('no pack');
    const keys = (server.trustDomain.releaseKeys.get('sigma') ?? []).map(({ publicKey }) => publicKey);
    const opened = await openPack(verifyPack(unverified, { keys, threshold: 1 }), contentKey);
    expect(opened.items).toHaveLength(1);
    await expectStatus(200, server.call('GET', '/readyz'));
  });

  test('releases are listed by path or time, of a feature or channel, page by page', async () => {
    server.clock.advanceMs(60_000);
    await server.publish('mining-pools', 1);
    const paths = async (query: string) =>
      (
        (await expectStatus(200, server.admin('GET', `/v1/releases${query}`))).json?.['items'] as { path: string }[]
      ).map(({ path }) => path.split('/')[0]);
    expect(await paths('')).toEqual(['mining-pools', 'premium', 'sigma']);
    expect(await paths('?sort=-id')).toEqual(['sigma', 'premium', 'mining-pools']);
    expect((await paths('?sort=-committedAt'))[0]).toBe('mining-pools');
    expect(await paths('?feature=sigma')).toEqual(['sigma']);
    expect(await paths('?channel=beta')).toEqual([]);
    const first = await expectStatus(200, server.admin('GET', '/v1/releases?limit=2'));
    expect(await paths(`?limit=2&cursor=${String(first.json?.['next'])}`)).toEqual(['sigma']);
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/releases?sort=version'));
    await expectProblem(400, 'request-cursor', server.admin('GET', '/v1/releases?cursor=sigma'));
  });

  test('a host or group that somebody has changed is not removed over it', async () => {
    const { id, licenseKey } = await server.sellLicense();
    const { hostId } = await server.activate(licenseKey);
    const license = await expectStatus(200, server.admin('GET', `/v1/licenses/${id}`));
    const body = { customerId: license.json?.['customerId'], name: 'plant 7' };
    const group = await expectStatus(201, server.admin('POST', '/v1/groups', body));
    for (const path of [`/v1/hosts/${hostId}`, `/v1/groups/${String(group.json?.['id'])}`]) {
      const etag = (await expectStatus(200, server.admin('GET', path))).headers.get('etag') ?? '';
      const changed = await expectStatus(200, server.admin('PATCH', path, { name: 'other' }));
      const remove = (match: string) =>
        server.call('DELETE', path, { token: server.adminToken, headers: { 'if-match': match } });
      await expectProblem(412, 'precondition-failed', remove(etag));
      await expectStatus(200, server.admin('GET', path));
      await expectStatus(204, remove(changed.headers.get('etag') ?? ''));
      await expectProblem(404, 'not-found', server.admin('GET', path));
    }
  });
});
