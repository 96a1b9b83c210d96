import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, formatSeconds } from '../../base/clock.js';
import { parseEnvelope, verifyEnvelope } from '../../keys/envelope.js';
import { newSealingKey, openerOf } from '../../keys/sealing.js';
import { type License, licensePayloadType, openGrant, parseLicense } from '../../packs/license.js';
import { expectCode } from '../support/expect-code.js';
import { type Answer, expectProblem, expectStatus, type TestHost, TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  await server.publish('sigma', 1);
  await server.publish('premium', 1);
  await server.publish('mining-pools', 1, { channel: 'beta' });
});
afterAll(() => server.stop());

const fetchDocument = (host: TestHost, etag?: string): Promise<Answer> =>
  server.call('GET', '/v1/license', {
    token: host.token,
    headers: etag === undefined ? {} : { 'if-none-match': etag },
  });

function opened({ bytes }: Answer): License {
  const keys = [server.publicKeys.license];
  return parseLicense(
    verifyEnvelope(parseEnvelope(bytes), { payloadType: licensePayloadType, keys, threshold: 1 }).payload,
  );
}

const document = async (host: TestHost): Promise<License> => opened(await expectStatus(200, fetchDocument(host)));

describe('a licence document', () => {
  test('grants the packs of its features and channel, to its host alone', async () => {
    const { licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);
    const license = await document(host);
    expect(license.features).toEqual(['mining-pools', 'sigma']);
    expect(license.grants.map(({ feature, channel }) => [feature, channel])).toEqual([['sigma', 'stable']]);
    expect(license.host).toEqual({ id: host.hostId, keyid: host.hostKey.publicKey.keyid });
    const [grant] = license.grants;
    if (!grant) return expect.fail('no grant');
    expect(openGrant(grant, openerOf(host.hostKey))).toHaveLength(32);
    await expectCode('sealed-box', () => openGrant(grant, openerOf(newSealingKey())));
    const beta = await server.sellLicense({ channel: 'beta' });
    const onBeta = await document(await server.activate(beta.licenseKey));
    expect(onBeta.packs).toEqual([{ feature: 'mining-pools', pack: 'core', channel: 'beta' }]);
  });

  test('stays the same, and 304, until half of its validity has passed', async () => {
    const { licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);
    const first = await expectStatus(200, fetchDocument(host));
    const etag = first.headers.get('etag') ?? '';
    expect(opened(first).expiresAt).toBe(formatSeconds(new Date(server.clock.now().getTime() + 14 * dayMs)));
    expect((await expectStatus(304, fetchDocument(host, etag))).bytes).toHaveLength(0);
    server.clock.advanceMs(7 * dayMs - 1000);
    await expectStatus(304, fetchDocument(host, etag));
    server.clock.advanceMs(1000);
    const second = await expectStatus(200, fetchDocument(host, etag));
    expect(opened(second).serial).toBe(opened(first).serial + 1);
  });

  test('is made anew when a pack, the features or the end change', async () => {
    const { id, licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);
    const serials = [(await document(host)).serial];
    await server.publish('sigma', 2);
    const updated = await document(host);
    expect(updated.grants.map(({ sequence }) => sequence)).toEqual([2]);
    serials.push(updated.serial);
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { features: ['premium'] }));
    const premium = await document(host);
    expect(premium.packs).toEqual([{ feature: 'premium', pack: 'core', channel: 'stable' }]);
    serials.push(premium.serial);
    const expiresAt = formatSeconds(new Date(server.clock.now().getTime() + dayMs));
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { expiresAt }));
    const short = await document(host);
    expect(short).toMatchObject({ licenseExpiresAt: expiresAt, expiresAt });
    serials.push(short.serial, (await document(host)).serial);
    expect(serials).toEqual([1, 2, 3, 4, 4]);
  });

  test('is refused for a suspended, revoked or expired licence, and given again after', async () => {
    const expiresAt = formatSeconds(new Date(server.clock.now().getTime() + dayMs));
    const { id, licenseKey } = await server.sellLicense({ expiresAt });
    const host = await server.activate(licenseKey);
    await document(host);
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { status: 'suspended' }));
    await expectProblem(403, 'license-suspended', fetchDocument(host));
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { status: 'active' }));
    expect((await document(host)).serial).toBe(1);
    server.clock.advanceMs(dayMs);
    await expectProblem(403, 'license-expired', fetchDocument(host));
    expect((await server.admin('GET', `/v1/licenses/${id}`)).json?.['state']).toBe('expired');
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { status: 'revoked' }));
    await expectProblem(403, 'license-revoked', fetchDocument(host));
  });

  test('has a higher serial than any before it, also after its host was removed and came back', async () => {
    const { licenseKey } = await server.sellLicense();
    const [host, other] = [await server.activate(licenseKey), await server.activate(licenseKey)];
    const serials = [(await document(host)).serial, (await document(other)).serial];
    await expectStatus(204, server.admin('DELETE', `/v1/hosts/${host.hostId}`));
    serials.push((await document(await server.activate(licenseKey, host.hostKey))).serial);
    expect(serials).toEqual([1, 2, 3]);
  });

  test('is for host tokens only', async () => {
    const { id } = await server.sellLicense();
    const feed = await server.newToken('feed', id);
    await expectProblem(403, 'scope-missing', server.call('GET', '/v1/license', { token: feed }));
    await expectProblem(403, 'scope-missing', server.admin('GET', '/v1/license'));
    await expectProblem(401, 'token-missing', server.call('GET', '/v1/license'));
  });
});
