import { connect } from 'node:net';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../base/bytes.js';
import { call, expectProblem, expectStatus, type TestHost, TestServer, text } from '../../support/server.js';

let server: TestServer;
let host: TestHost;
let licenseId: string;
beforeAll(async () => {
  server = await TestServer.start({
    contract: true,
    wrap: (parts) => ({ ...parts, config: { ...parts.config, jsonBodyMs: 300, maxBlobBytes: 1_000_000 } }),
  });
  const license = await server.sellLicense();
  licenseId = license.id;
  host = await server.activate(license.licenseKey);
});
afterAll(() => server.stop());

async function auditLength(): Promise<number> {
  return ((await server.admin('GET', '/v1/audit?limit=500')).json?.['items'] as unknown[]).length;
}

const post = (path: string, body: string, type = 'application/json') =>
  server.call('POST', path, { token: server.adminToken, headers: { 'content-type': type }, body });

describe('a JSON body', () => {
  test('is refused when it is no JSON, too deep, has a member twice, or is no UTF-8', async () => {
    const before = await auditLength();
    await expectProblem(400, 'json-syntax', post('/v1/customers', '{"name":'));
    await expectProblem(400, 'json-syntax', post('/v1/customers', ''));
    await expectProblem(400, 'json-depth', post('/v1/customers', '['.repeat(60_000)));
    await expectProblem(400, 'json-duplicate-key', post('/v1/customers', '{"name":"a","name":"b"}'));
    const answer = server.call('POST', '/v1/customers', {
      token: server.adminToken,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    });
    await expectProblem(400, 'utf8-invalid', answer);
    expect(await auditLength()).toBe(before);
  });

  test('is refused when it is too large or of another type', async () => {
    await expectProblem(413, 'request-too-large', post('/v1/customers', JSON.stringify({ name: 'x'.repeat(70_000) })));
    await expectProblem(415, 'request-media-type', post('/v1/customers', '{"name":"a"}', 'text/plain'));
    await expectProblem(
      415,
      'request-media-type',
      post('/v1/customers', 'name=a', 'application/x-www-form-urlencoded'),
    );
  });

  test('is refused when it holds half a character, in a value or a name', async () => {
    const half = String.raw`"\ud800"`;
    const status = (message: string) =>
      server.call('POST', '/v1/status', {
        token: host.token,
        headers: { 'content-type': 'application/json' },
        body: `{"client":"1","lastError":{"code":"x","message":${message}},"packs":[],"sequenceSeen":0}`,
      });
    await expectProblem(400, 'request-body', status(half));
    expect((await status('"whole: 😀"')).status).toBe(204);
    await expectProblem(400, 'request-body', post('/v1/offline-activations', `{"request":{"name":${half}}}`));
    await expectProblem(400, 'request-body', post('/v1/offline-activations', `{"request":{${half}:1}}`));
  });

  test('says by JSON pointer what does not fit', async () => {
    const detailOf = async (path: string, json: unknown) =>
      String((await expectProblem(400, 'request-body', server.admin('POST', path, json))).json?.['detail']);
    expect(await detailOf('/v1/customers', { name: 'a', admin: true })).toContain('admin');
    expect(await detailOf('/v1/customers', { name: 7 })).toContain('/name');
    expect(await detailOf('/v1/customers', [])).toContain('body');
    expect(await detailOf('/v1/customers', null)).toContain('body');
    for (const name of ['', ' a', 'a\nb', 'a\u001b[31m', '\u202eevil', 'x'.repeat(201), '\ud800'])
      expect(await detailOf('/v1/customers', { name })).toContain('/name');
    const terms = { customerId: 'cus-000000000000-0000-000000000000', seats: 1, expiresAt: '2027-01-01T00:00:00Z' };
    expect(await detailOf('/v1/licenses', { ...terms, features: ['ok', 'Not OK'] })).toContain('/features/1');
    expect(await detailOf('/v1/licenses', { ...terms, features: ['a', 'a'] })).toContain('/features');
    for (const seats of [0, -1, 1.5, 1e9, '1'])
      expect(await detailOf('/v1/licenses', { ...terms, features: [], seats })).toContain('/seats');
    for (const expiresAt of ['tomorrow', '2027-02-30T00:00:00Z', '2027-01-01T00:00:00.000Z', '2020-01-01T00:00:00Z'])
      expect(await detailOf('/v1/licenses', { ...terms, features: [], expiresAt })).toContain('/expiresAt');
    expect(await detailOf('/v1/tokens', { name: 'a', scope: 'host' })).toContain('/scope');
    expect(await detailOf('/v1/tokens', { name: 'a', scope: 'feed' })).toContain('/licenseId');
    expect(await detailOf('/v1/tokens', { name: 'a', scope: 'admin', licenseId })).toContain('/licenseId');
    expect(await detailOf('/v1/commits', { role: {} })).toContain('role');
    expect(await detailOf('/v1/commits', { roles: { 'no/slash': 'AAAA' } })).toContain('/roles');
  });

  test('with bytes that are no base64 names the member', async () => {
    const answer = await expectProblem(400, 'base64-invalid', server.admin('POST', '/v1/commits', { targets: '====' }));
    expect(answer.json?.['detail']).toContain('/targets');
  });

  test('that refers to nothing is refused', async () => {
    const customerId = 'cus-000000000000-0000-000000000000';
    const terms = { customerId, features: [], seats: 1, expiresAt: '2027-01-01T00:00:00Z' };
    await expectProblem(422, 'reference-unknown', server.admin('POST', '/v1/licenses', terms));
    const token = { name: 'a', scope: 'feed', licenseId: 'lic-000000000000-0000-000000000000' };
    await expectProblem(422, 'reference-unknown', server.admin('POST', '/v1/tokens', token));
  });

  test('that does not end is given up in time', async () => {
    const { hostname, port } = new URL(server.running.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST /v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.adminToken}\r\n` +
            'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name"',
        );
      });
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('request-timeout');
  });
});

describe('an address', () => {
  test('with bad escapes, unknown parameters or a foreign cursor is refused', async () => {
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/customers/%E0%A4%A'));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/customers?limit=0'));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/customers?limit=501'));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/customers?limit=1&limit=2'));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/customers?order=name'));
    await expectProblem(400, 'request-cursor', server.admin('GET', "/v1/customers?cursor=' or 1=1 --"));
    await expectProblem(400, 'request-url', server.admin('GET', '/v1/hosts?licenseId=%27'));
    const direct = { token: server.adminToken };
    await expectProblem(404, 'not-found', call(server.running.url, 'GET', '/v1/Customers', direct));
    await expectProblem(404, 'not-found', call(server.running.url, 'GET', '/v1/customers/', direct));
    await expectProblem(404, 'not-found', server.admin('GET', '/'));
  });

  test('of somebody or something that is not there is 404', async () => {
    for (const [method, path] of [
      ['GET', '/v1/customers/'],
      ['GET', '/v1/licenses/'],
      ['DELETE', '/v1/hosts/'],
      ['DELETE', '/v1/tokens/'],
    ] as const)
      for (const id of ['lic-000000000000-0000-000000000000', '__proto__', '%27%20or%201=1', '..%2f'])
        await expectProblem(404, 'not-found', server.admin(method, `${path}${id}`));
    await expectProblem(404, 'not-found', server.admin('PATCH', '/v1/licenses/nobody', { seats: 1 }));
  });

  test('takes only its own methods', async () => {
    for (const [method, path, allow] of [
      ['DELETE', '/v1/customers', 'GET, HEAD, POST'],
      ['PUT', '/v1/licenses/x', 'GET, HEAD, PATCH'],
      ['GET', '/v1/commits', 'POST'],
      ['POST', '/v1/blobs/x', 'HEAD, PUT'],
    ] as const) {
      const answer = await expectProblem(405, 'method-not-allowed', server.admin(method, path));
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });
});

describe('a token', () => {
  test('opens only what its scope is for', async () => {
    const tokens = {
      publisher: await server.newToken('publisher'),
      auditor: await server.newToken('auditor'),
      feed: await server.newToken('feed', licenseId),
      host: host.token,
    };
    const adminOnly: [string, string][] = [
      ['GET', '/v1/customers'],
      ['POST', '/v1/customers'],
      ['GET', '/v1/licenses'],
      ['PATCH', `/v1/licenses/${licenseId}`],
      ['GET', '/v1/hosts'],
      ['DELETE', `/v1/hosts/${host.hostId}`],
      ['GET', '/v1/tokens'],
      ['POST', '/v1/tokens'],
    ];
    for (const [scope, token] of Object.entries(tokens))
      for (const [method, path] of adminOnly.filter(([method]) => method !== 'GET' || scope !== 'auditor'))
        await expectProblem(403, 'scope-missing', server.call(method, path, { token }));
    await expectStatus(200, server.call('GET', '/v1/audit', { token: tokens.auditor }));
    for (const token of [tokens.publisher, tokens.feed, tokens.host])
      await expectProblem(403, 'scope-missing', server.call('GET', '/v1/audit', { token }));
    await expectStatus(200, server.call('GET', '/v1/releases', { token: tokens.publisher }));
    await expectProblem(403, 'scope-missing', server.call('GET', '/v1/releases', { token: tokens.host }));
    await expectProblem(401, 'token-missing', server.call('GET', '/v1/customers'));
    for (const authorization of ['Bearer', 'Bearer a b', 'Digest x', `Basic ${'A'.repeat(2000)}`])
      await expectProblem(401, 'token-invalid', server.call('GET', '/v1/customers', { headers: { authorization } }));
  });

  test('ends when it is removed, and at its own end', async () => {
    const made = await expectStatus(201, server.admin('POST', '/v1/tokens', { name: 'ci', scope: 'auditor' }));
    const token = String(made.json?.['token']);
    await expectStatus(200, server.call('GET', '/v1/audit', { token }));
    await expectStatus(204, server.admin('DELETE', `/v1/tokens/${String(made.json?.['id'])}`));
    await expectProblem(401, 'token-invalid', server.call('GET', '/v1/audit', { token }));
    const expiresAt = '2026-07-01T00:10:00Z';
    const short = await expectStatus(
      201,
      server.admin('POST', '/v1/tokens', { name: 'b', scope: 'auditor', expiresAt }),
    );
    await expectStatus(200, server.call('GET', '/v1/audit', { token: String(short.json?.['token']) }));
    server.clock.advanceMs(600_000);
    await expectProblem(
      401,
      'token-expired',
      server.call('GET', '/v1/audit', { token: String(short.json?.['token']) }),
    );
  });

  test('and a license key are nowhere in lists, records or the audit log', async () => {
    const license = await server.sellLicense();
    const { records } = server.running.deps;
    const rows = JSON.stringify([
      await records.selectFrom('tokens').selectAll().execute(),
      await records.selectFrom('licenses').selectAll().execute(),
      await records.selectFrom('audit').selectAll().execute(),
      (await server.admin('GET', '/v1/tokens')).json,
      (await server.admin('GET', '/v1/licenses')).json,
    ]);
    for (const secret of [license.licenseKey, server.adminToken, host.token]) expect(rows).not.toContain(secret);
  });
});

describe('an upload', () => {
  const octets = { 'content-type': 'application/octet-stream' };
  const put = (hash: string, body: Uint8Array, headers: Record<string, string> = octets) =>
    server.call('PUT', `/v1/blobs/${hash}`, { token: server.adminToken, headers, body });
  const left = async () => (await readdir(join(server.dir, 'blobs'))).sort();

  test('of other bytes, too many bytes or to no hash is refused, and nothing is left', async () => {
    const before = await left();
    const bytes = Buffer.from('bytes');
    await expectProblem(422, 'blob-hash', put(sha256Hex(Buffer.from('other')), bytes));
    await expectProblem(413, 'request-too-large', put(sha256Hex(bytes), Buffer.alloc(1_000_001)));
    await expectProblem(404, 'not-found', put('..%2F..%2Fkeys', bytes));
    await expectProblem(404, 'not-found', put(sha256Hex(bytes).toUpperCase(), bytes));
    await expectProblem(
      415,
      'request-media-type',
      put(sha256Hex(bytes), bytes, { 'content-type': 'application/json' }),
    );
    expect(await left()).toEqual(before);
    expect(await readdir(join(server.dir, 'blobs', 'incoming'))).toEqual([]);
  });

  test('twice, also at the same time, is one blob and one audit entry', async () => {
    const bytes = Buffer.from('once');
    const before = await auditLength();
    const answers = await Promise.all([1, 2, 3].map(() => put(sha256Hex(bytes), bytes)));
    answers.push(await put(sha256Hex(bytes), bytes));
    expect(answers.every(({ status }) => status === 200 || status === 201)).toBe(true);
    expect(answers.at(-1)?.status).toBe(200);
    expect(await auditLength()).toBe(before + 1);
  });

  test('that is cut leaves nothing', async () => {
    const { hostname, port } = new URL(server.running.url);
    const hash = sha256Hex(Buffer.from('never whole'));
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `PUT /v1/blobs/${hash} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.adminToken}\r\n` +
            'Content-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\nnever',
          () => socket.destroy(),
        );
      });
      socket.once('close', () => resolve());
    });
    await expect.poll(() => readdir(join(server.dir, 'blobs', 'incoming'))).toEqual([]);
    const head = await server.call('HEAD', `/v1/blobs/${hash}`, { token: server.adminToken });
    expect(head.status).toBe(404);
  });
});

test('a request id is echoed when it is one, and made otherwise', async () => {
  const ask = (id: string) => server.call('GET', '/nowhere', { headers: { 'x-request-id': id } });
  expect((await ask('abc-1')).json?.['requestId']).toBe('abc-1');
  const made = await ask('<script>');
  expect(made.json?.['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  expect(made.headers.get('x-request-id')).toBe(made.json?.['requestId']);
});

test('health, metrics and the contract are there', async () => {
  await expectStatus(200, server.call('GET', '/healthz'));
  const metrics = await expectStatus(200, server.call('GET', '/metrics'));
  expect(text(metrics.bytes)).toContain('yms_http_requests_total{method="POST",route="/v1/customers",status="400"}');
  const behindProxy = { headers: { 'x-forwarded-for': '203.0.113.9' } };
  await expectProblem(401, 'token-missing', server.call('GET', '/metrics', behindProxy));
  await expectStatus(200, server.call('GET', '/metrics', { ...behindProxy, token: server.adminToken }));
  expect(text((await expectStatus(200, server.call('GET', '/openapi.yaml'))).bytes)).toMatch(/^openapi: 3\.1/);
});
