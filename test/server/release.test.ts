import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEnvelope, verifyEnvelope } from '../../keys/envelope.js';
import { openerOf } from '../../keys/sealing.js';
import { licensePayloadType, openGrant, parseLicense } from '../../packs/license.js';
import { openPack, readPack, verifyPack } from '../../packs/pack.js';
import { expectProblem, expectStatus, TestServer } from '../support/server.js';

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
    const keys = (server.house.releaseKeys.get('sigma') ?? []).map(({ publicKey }) => publicKey);
    const opened = await openPack(verifyPack(unverified, { keys, threshold: 1 }), contentKey);
    expect(opened.items).toHaveLength(1);
    await expectStatus(200, server.call('GET', '/readyz'));
  });
});
