import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, formatSeconds } from '../../../base/clock.js';
import { parseEnvelope, verifyEnvelope } from '../../../keys/envelope.js';
import { newSealingKey, openerOf } from '../../../keys/sealing.js';
import { type License, licensePayloadType, openGrant, parseLicense } from '../../../packs/license.js';
import { issueDocument } from '../../../server/licensing/grants.js';
import { expectCode } from '../../support/expect-code.js';
import { type Answer, expectProblem, expectStatus, type TestHost, TestServer } from '../../support/server.js';

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

describe('a license document', () => {
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

  test('is refused for a suspended, revoked or expired license, and given again after', async () => {
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

describe('a pack whose content key does not open', () => {
  test('is left out, told of once, and the others are granted; when it opens again it is granted again', async () => {
    const { records, metrics } = server.running.deps;
    await server.publish('mining-pools', 2);
    const { licenseKey } = await server.sellLicense({ features: ['sigma', 'mining-pools', 'premium'], seats: 3 });
    const before = await server.activate(licenseKey);
    const whole = await document(before);
    expect(whole.grants).toHaveLength(3);
    const newest = (feature: string) =>
      records
        .selectFrom('packs')
        .selectAll()
        .where('feature', '=', feature)
        .where('channel', '=', 'stable')
        .orderBy('sequence', 'desc')
        .executeTakeFirstOrThrow();
    const [sigma, premium] = [await newest('sigma'), await newest('premium')];
    const setHeader = (header: string) =>
      records.updateTable('packs').set({ header }).where('sha256', '=', sigma.sha256).execute();
    const header = JSON.parse(sigma.header) as { recipients: unknown };
    const { recipients } = JSON.parse(premium.header) as { recipients: unknown };
    await setHeader(JSON.stringify({ ...header, recipients })); // another pack's key, sealed to this server

    const hosts = [await server.activate(licenseKey), await server.activate(licenseKey)];
    for (const host of hosts) {
      const answer = await expectStatus(200, fetchDocument(host));
      const license = opened(answer);
      expect(license.packs).toHaveLength(3);
      expect(license.grants.map(({ feature }) => feature)).toEqual(['mining-pools', 'premium']);
      await expectStatus(304, fetchDocument(host, answer.headers.get('etag') ?? ''));
    }
    expect((await document(before)).serial).toBe(whole.serial); // its grant is as good as ever
    const audited = async (action: string) =>
      (await server.admin('GET', `/v1/audit?action=${action}&subject=${sigma.sha256}`)).json?.['items'] as Record<
        string,
        unknown
      >[];
    expect(await audited('grant.refuse')).toMatchObject([
      { actor: 'server', action: 'grant.refuse', details: { path: sigma.path, code: 'key-commitment' } },
    ]);
    const { values } = await metrics.grantsRefused.get();
    expect(values.map(({ labels, value }) => [labels.feature, labels.code, value])).toEqual([
      ['sigma', 'key-commitment', 2],
    ]);

    await setHeader(sigma.header);
    for (const host of hosts) expect((await document(host)).grants).toHaveLength(3);
    expect([await audited('grant.refuse'), await audited('grant.restore')].map(({ length }) => length)).toEqual([1, 1]);
  });

  test('as when the server lost the distribution key that it is sealed to', async () => {
    const { licenseKey } = await server.sellLicense({ features: ['premium'] });
    const { hostId } = await server.activate(licenseKey);
    const { deps } = server.running;
    const other = { ...deps, keys: { ...deps.keys, distribution: [openerOf(newSealingKey())] } };
    const issued = parseLicense(parseEnvelope(await issueDocument(other, hostId)).payload);
    expect([issued.packs, issued.grants]).toEqual([[{ feature: 'premium', pack: 'core', channel: 'stable' }], []]);
    const held = await issueDocument(other, hostId);
    expect(parseLicense(parseEnvelope(held).payload).serial).toBe(issued.serial);
    expect(parseLicense(parseEnvelope(await issueDocument(deps, hostId)).payload).grants).toHaveLength(1);
  });
});
