import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, formatSeconds, minuteMs } from '../../../base/clock.js';
import { encodePublicKey } from '../../../keys/key.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey } from '../../../keys/signing.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
});
afterAll(() => server.stop());

const ask = (licenseKey: string, hostKey = newSealingKey()) =>
  server.call('POST', '/v1/activations', {
    json: { licenseKey, hostKey: encodePublicKey(hostKey.publicKey), name: 'host.example', client: '0.1.0' },
  });

async function seatsUsed(id: string): Promise<unknown> {
  return (await server.admin('GET', `/v1/licenses/${id}`)).json?.['seatsUsed'];
}

describe('activation', () => {
  test('takes a seat for each host key, until none is left', async () => {
    const { id, licenseKey } = await server.sellLicense({ seats: 2 });
    const first = await server.activate(licenseKey);
    await server.activate(licenseKey);
    await expectProblem(409, 'seats-exhausted', ask(licenseKey));
    expect(await seatsUsed(id)).toBe(2);
    await expectStatus(204, server.admin('DELETE', `/v1/hosts/${first.hostId}`));
    expect(await seatsUsed(id)).toBe(1);
    await expectProblem(401, 'token-invalid', server.call('GET', '/v1/license', { token: first.token }));
    await server.activate(licenseKey);
  });

  test('gives the last seat to one of many who ask at once', async () => {
    const { id, licenseKey } = await server.sellLicense({ seats: 3 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(licenseKey)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
    expect(await seatsUsed(id)).toBe(3);
  });

  test('of the same host key keeps the seat; the old token works until the new one is used', async () => {
    const { id, licenseKey } = await server.sellLicense({ seats: 1 });
    const first = await server.activate(licenseKey);
    await expectStatus(200, server.call('GET', '/v1/license', { token: first.token }));
    const second = await server.activate(licenseKey, first.hostKey);
    const third = await server.activate(licenseKey, first.hostKey);
    expect([second.hostId, third.hostId]).toEqual([first.hostId, first.hostId]);
    expect(await seatsUsed(id)).toBe(1);
    await expectStatus(200, server.call('GET', '/v1/license', { token: first.token }));
    await expectStatus(200, server.call('GET', '/v1/license', { token: third.token }));
    for (const { token } of [first, second])
      await expectProblem(401, 'token-invalid', server.call('GET', '/v1/license', { token }));
    await expectStatus(200, server.call('GET', '/v1/license', { token: third.token }));
  });

  test('keeps a bounded number of tokens that nobody ever used', async () => {
    const { licenseKey } = await server.sellLicense({ seats: 1 });
    const hostKey = newSealingKey();
    for (let i = 0; i < 12; i++) await server.activate(licenseKey, hostKey);
    const tokens = (await server.admin('GET', '/v1/tokens?limit=500')).json?.['items'] as { hostId: string | null }[];
    const { hostId } = await server.activate(licenseKey, hostKey);
    expect(tokens.filter((token) => token.hostId === hostId)).toHaveLength(8);
  });

  test('one host key may hold a seat of two licenses', async () => {
    const hostKey = newSealingKey();
    const [a, b] = [await server.sellLicense(), await server.sellLicense()];
    const hosts = [await server.activate(a.licenseKey, hostKey), await server.activate(b.licenseKey, hostKey)];
    expect(hosts[0]?.hostId).not.toBe(hosts[1]?.hostId);
  });

  test('needs a known key, however it is typed', async () => {
    const { licenseKey } = await server.sellLicense();
    const other = licenseKey.replace(/.$/, (last) => (last === '2' ? '3' : '2'));
    await expectProblem(401, 'license-key-unknown', ask(other));
    await expectProblem(401, 'license-key-unknown', ask('YMS-00000-00000-00000-00000-00000-00000'));
    await expectStatus(201, ask(licenseKey.toLowerCase().replaceAll('-', ' ')));
  });

  test('needs an X25519 host key that can be sealed to', async () => {
    const { id, licenseKey } = await server.sellLicense();
    await expectProblem(422, 'key-kind', ask(licenseKey, newSigningKey()));
    const zero = { keytype: 'x25519', scheme: 'x25519', keyval: { public: '0'.repeat(64) } };
    const json = { licenseKey, hostKey: zero, name: 'a', client: 'b' };
    await expectProblem(400, 'request-body', server.call('POST', '/v1/activations', { json }));
    expect(await seatsUsed(id)).toBe(0);
  });

  test('is refused by the state of the license', async () => {
    const { id, licenseKey } = await server.sellLicense();
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { status: 'suspended' }));
    await expectProblem(403, 'license-suspended', ask(licenseKey));
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { status: 'active' }));
    await expectStatus(201, ask(licenseKey));
    const gone = await server.sellLicense();
    await expectStatus(200, server.admin('PATCH', `/v1/licenses/${gone.id}`, { status: 'revoked' }));
    await expectProblem(403, 'license-revoked', ask(gone.licenseKey));
    await expectProblem(
      409,
      'transition-refused',
      server.admin('PATCH', `/v1/licenses/${gone.id}`, { status: 'active' }),
    );
    const soon = formatSeconds(new Date(server.clock.now().getTime() + 10 * minuteMs));
    const later = await server.sellLicense({ notBefore: soon });
    await expectProblem(403, 'license-not-started', ask(later.licenseKey));
    const short = await server.sellLicense({ expiresAt: soon });
    server.clock.advanceMs(10 * minuteMs);
    await expectProblem(403, 'license-expired', ask(short.licenseKey));
    await expectStatus(201, ask(later.licenseKey));
    server.clock.advanceMs(dayMs);
  });
});
