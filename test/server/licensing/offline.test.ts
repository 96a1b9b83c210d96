import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeBase64, decodeUtf8, sha256Hex } from '../../../base/bytes.js';
import { dayMs, formatSeconds } from '../../../base/clock.js';
import { parseEnvelope, verifyEnvelope } from '../../../keys/envelope.js';
import { encodePublicKey, type SecretKey } from '../../../keys/key.js';
import { newSealingKey, openerOf } from '../../../keys/sealing.js';
import { newSigningKey } from '../../../keys/signing.js';
import { activationPayloadType, type OfflineActivation, parseActivation } from '../../../packs/activation.js';
import { insertToken } from '../../../server/access/tokens.js';
import { type License, licensePayloadType, parseLicense } from '../../../packs/license.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';

let server: TestServer;
let license: { id: string; licenseKey: string };
let hostKey: SecretKey;

beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  await server.publish('sigma', 1);
  await server.publish('premium', 1);
});
afterAll(() => server.stop());

beforeEach(async () => {
  license = await server.sellLicense({ seats: 1, features: ['sigma'] });
  hostKey = newSealingKey();
});

const requestOf = (over: Readonly<Record<string, unknown>> = {}) => ({
  format: 1,
  client: '0.1.0',
  hostKey: encodePublicKey(hostKey.publicKey),
  license: license.id,
  name: 'desk-7',
  nonce: 'ab'.repeat(16),
  ...over,
});

const ask = (body: unknown, token = server.adminToken) =>
  server.call('POST', '/v1/offline-activations', { token, json: body });

async function activateOffline(body: object = { request: requestOf() }): Promise<OfflineActivation> {
  const { json } = await expectStatus(201, ask(body));
  return activationOf(decodeBase64(String(json?.['activation'])));
}

function activationOf(envelope: Uint8Array): OfflineActivation {
  const policy = { payloadType: activationPayloadType, keys: [server.publicKeys.license], threshold: 1 };
  return parseActivation(verifyEnvelope(parseEnvelope(envelope), policy).payload);
}

function documentOf(text: unknown): License {
  const policy = { payloadType: licensePayloadType, keys: [server.publicKeys.license], threshold: 1 };
  return parseLicense(verifyEnvelope(parseEnvelope(decodeBase64(String(text))), policy).payload);
}

const inDays = (days: number): string => formatSeconds(new Date(server.clock.now().getTime() + days * dayMs));

const seatsUsed = async (): Promise<unknown> =>
  (await server.admin('GET', `/v1/licenses/${license.id}`)).json?.['seatsUsed'];

const audited = async (): Promise<string[]> => {
  const rows = await server.running.deps.records.selectFrom('audit').select(['action', 'actor']).execute();
  return rows.map(({ action, actor }) => `${action} ${actor.replace(/:.*/, '')}`);
};

describe('an offline activation', () => {
  test('takes a seat and signs token and document for the host alone', async () => {
    const activation = await activateOffline({ request: requestOf(), days: 30 });
    expect(activation).toMatchObject({ license: license.id, nonce: 'ab'.repeat(16) });
    expect(activation.host.keyid).toBe(hostKey.publicKey.keyid);
    expect(documentOf(activation.document)).toMatchObject({
      host: activation.host,
      features: ['sigma'],
      expiresAt: inDays(30),
      grants: [{ feature: 'sigma', sequence: 1 }],
    });
    expect(await seatsUsed()).toBe(1);
    expect(await audited()).toContain('host.activate token');

    const token = decodeUtf8(openerOf(hostKey).open(decodeBase64(activation.sealedToken)), 'token');
    await expectStatus(200, server.call('GET', '/v1/license', { token }));
  });

  test('of the same request keeps the seat; of another host finds none', async () => {
    const first = await activateOffline();
    expect((await activateOffline()).host).toEqual(first.host);
    hostKey = newSealingKey();
    await expectProblem(409, 'seats-exhausted', ask({ request: requestOf() }));
    expect(await seatsUsed()).toBe(1);
  });

  test('names its license in the request or beside it, and not another', async () => {
    await activateOffline({ request: requestOf({ license: null }), licenseId: license.id });
    const other = await server.sellLicense({ seats: 1 });
    await expectProblem(400, 'request-body', ask({ request: requestOf({ license: null }) }));
    await expectProblem(400, 'request-body', ask({ request: requestOf(), licenseId: other.id }));
    await expectProblem(404, 'not-found', ask({ request: requestOf({ license: 'lic_nobody' }) }));
  });

  test.each([
    ['an unknown member', { licenseKey: 'YMS-…' }],
    ['another format', { format: 2 }],
    ['a key that seals nothing', { hostKey: encodePublicKey(newSigningKey().publicKey) }],
    ['a name with a control character', { name: 'desk\u001b[2J' }],
    ['a nonce of another length', { nonce: 'ab' }],
  ])('with %s is refused', async (_, over) => {
    await expectProblem(422, 'activation-malformed', ask({ request: requestOf(over) }));
    expect(await seatsUsed()).toBe(0);
  });

  test('with a point of low order as host key is refused, and takes no seat', async () => {
    const low = { keytype: 'x25519', scheme: 'x25519', keyval: { public: '00'.repeat(32) } };
    const { status } = await ask({ request: requestOf({ hostKey: low }) });
    expect([400, 422]).toContain(status);
    expect(await seatsUsed()).toBe(0);
  });

  test.each(['suspended', 'revoked'] as const)('of a license that is %s is refused', async (status) => {
    const act = status === 'suspended' ? 'suspend' : 'revoke';
    await expectStatus(200, server.admin('POST', `/v1/licenses/${license.id}/${act}`, {}));
    await expectProblem(403, `license-${status}`, ask({ request: requestOf() }));
    expect(await seatsUsed()).toBe(0);
  });

  test('is for those who may manage hosts, and for their own customer only', async () => {
    for (const scope of ['publisher', 'auditor'] as const)
      await expectProblem(403, 'scope-missing', ask({ request: requestOf() }, await server.newToken(scope)));
    await expectProblem(401, 'token-missing', server.call('POST', '/v1/offline-activations', { json: {} }));
  });
});

test('a customer carries files to own hosts, and knows of no others', async () => {
  const { records } = server.running.deps;
  const { customerId } = await records
    .selectFrom('licenses')
    .select('customerId')
    .where('id', '=', license.id)
    .executeTakeFirstOrThrow();
  const newCustomerToken = async (id: string): Promise<string> => {
    const named = { name: 'carrier', scope: 'customer' as const, customerId: id };
    return (await records.transaction().execute((trx) => insertToken(trx, server.clock, named))).token;
  };
  const own = await newCustomerToken(customerId);
  const stranger = await newCustomerToken(
    String((await expectStatus(201, server.admin('POST', '/v1/customers', { name: 'Stranger' }))).json?.['id']),
  );
  const sigma = await server.publish('sigma', 11);
  await expectProblem(404, 'not-found', ask({ request: requestOf() }, stranger));
  const { json } = await expectStatus(201, ask({ request: requestOf() }, own));
  const path = `/v1/hosts/${String(json?.['hostId'])}`;
  const documents = (token: string) => server.call('POST', `${path}/offline-documents`, { token, json: {} });
  const pack = (token: string) => server.call('GET', `${path}/packs/${sha256Hex(sigma.bytes)}`, { token });
  await expectStatus(201, documents(own));
  await expectStatus(200, pack(own));
  await expectProblem(404, 'not-found', documents(stranger));
  await expectProblem(404, 'not-found', pack(stranger));
  expect(await seatsUsed()).toBe(1);
});

describe('an offline document', () => {
  let hostId: string;
  const documents = (body: object, id = hostId) => server.admin('POST', `/v1/hosts/${id}/offline-documents`, body);

  beforeEach(async () => {
    hostId = (await activateOffline()).host.id;
  });

  test('is new each time, for as long as was asked for', async () => {
    const first = documentOf((await expectStatus(201, documents({ days: 90 }))).json?.['document']);
    const second = documentOf((await expectStatus(201, documents({}))).json?.['document']);
    expect(first.expiresAt).toBe(inDays(90));
    expect(second.expiresAt).toBe(inDays(60));
    expect(second.serial).toBe(first.serial + 1);
    expect(await audited()).toContain('host.carry-document token');
  });

  test('never outlives its license', async () => {
    license = await server.sellLicense({ seats: 1, features: ['sigma'], expiresAt: inDays(20) });
    hostId = (await activateOffline()).host.id;
    const document = documentOf((await expectStatus(201, documents({ days: 90 }))).json?.['document']);
    expect(document.expiresAt).toBe(inDays(20));
  });

  test.each([0, 367, 1.5, '30'])('for %s days is refused', async (days) => {
    await expectProblem(400, 'request-body', documents({ days }));
  });

  test('of nobody, and of a host whose license is revoked', async () => {
    await expectProblem(404, 'not-found', documents({}, license.id));
    await expectStatus(200, server.admin('POST', `/v1/licenses/${license.id}/revoke`, {}));
    await expectProblem(403, 'license-revoked', documents({}));
  });
});

describe('a pack to be carried', () => {
  test('comes to whoever manages the host, when the license has its feature now', async () => {
    const { host } = await activateOffline();
    const sigma = await server.publish('sigma', 12);
    const premium = await server.publish('premium', 2);
    const pack = (bytes: Uint8Array, token = server.adminToken) =>
      server.call('GET', `/v1/hosts/${host.id}/packs/${sha256Hex(bytes)}`, { token });
    const { bytes } = await expectStatus(200, pack(sigma.bytes));
    expect(Buffer.from(bytes)).toEqual(Buffer.from(sigma.bytes));
    await expectProblem(403, 'feature-not-licensed', pack(premium.bytes));
    await expectProblem(404, 'not-found', pack(new Uint8Array(3)));
    await expectProblem(403, 'scope-missing', pack(sigma.bytes, await server.newToken('auditor')));
    await expectProblem(404, 'not-found', server.admin('GET', `/v1/hosts/${license.id}/packs/${sha256Hex(bytes)}`));
    await expectProblem(404, 'not-found', server.admin('GET', `/v1/hosts/${host.id}/packs/..`));
    await expectStatus(200, server.admin('POST', `/v1/licenses/${license.id}/suspend`, {}));
    await expectProblem(403, 'license-suspended', pack(sigma.bytes));
  });
});
