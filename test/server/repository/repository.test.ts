import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../base/bytes.js';
import { hourMs } from '../../../base/clock.js';
import type { SealedPack } from '../../../packs/pack.js';
import {
  type CallOptions,
  expectProblem,
  expectStatus,
  type TestHost,
  TestServer,
  text,
} from '../../support/server.js';

let server: TestServer;
let pack: SealedPack;
let host: TestHost;
let licenseId: string;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
  await server.holdCeremony();
  pack = await server.publish('sigma', 1);
  const license = await server.sellLicense();
  licenseId = license.id;
  host = await server.activate(license.licenseKey);
});
afterAll(() => server.stop());

const get = (path: string, options: CallOptions = {}) => server.call('GET', path, options);
const download = (headers: Readonly<Record<string, string>> = {}) =>
  get(server.targetPath(pack), { token: host.token, headers });

describe('metadata', () => {
  test('is public, and kept for ever except the timestamp', async () => {
    for (const name of ['1.root.json', '1.targets.json', '1.sigma.json', '2.snapshot.json']) {
      const { headers } = await expectStatus(200, get(`/repository/metadata/${name}`));
      expect(headers.get('cache-control')).toContain('immutable');
      expect(headers.get('content-type')).toBe('application/json');
    }
    const { headers } = await expectStatus(200, get('/repository/metadata/timestamp.json'));
    expect(headers.get('cache-control')).toBe('public, max-age=10');
  });

  test('that is absent is 404 and never kept, whatever the name and the token', async () => {
    const names = [
      '2.root.json',
      '0.root.json',
      '01.root.json',
      '1.timestamp.json',
      'root.json',
      '1.root.json.',
      '1.nobody.json',
    ];
    const odd = [
      '..%2F..%2Frecords.sqlite',
      '1.root.json%00',
      '%2e%2e',
      '1.ROOT.json',
      '1.__proto__.json',
      `1.${'a'.repeat(5000)}.json`,
    ];
    for (const name of [...names, ...odd])
      for (const options of [{}, { token: 'nonsense' }, { token: host.token }]) {
        const answer = await expectProblem(404, 'not-found', get(`/repository/metadata/${name}`, options));
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
  });

  test('answers HEAD and conditions', async () => {
    const whole = await expectStatus(200, get('/repository/metadata/1.root.json'));
    const head = await expectStatus(200, server.call('HEAD', '/repository/metadata/1.root.json'));
    expect(head.headers.get('content-length')).toBe(String(whole.bytes.length));
    const etag = head.headers.get('etag') ?? '';
    expect(etag).toBe(`"${sha256Hex(whole.bytes)}"`);
    await expectStatus(304, get('/repository/metadata/1.root.json', { headers: { 'if-none-match': etag } }));
    await expectStatus(200, get('/repository/metadata/1.root.json', { headers: { 'if-none-match': '"other"' } }));
  });

  test('takes no other method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await expectProblem(
        405,
        'method-not-allowed',
        server.call(method, '/repository/metadata/1.root.json'),
      );
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
    }
  });
});

describe('a target', () => {
  test('is served whole, in part, and not beyond its end', async () => {
    const whole = await expectStatus(200, download());
    expect(sha256Hex(whole.bytes)).toBe(sha256Hex(pack.bytes));
    expect(whole.headers.get('cache-control')).toContain('private');
    const etag = whole.headers.get('etag') ?? '';
    const tail = await expectStatus(206, download({ range: 'bytes=100-', 'if-range': etag }));
    expect(Buffer.from(tail.bytes).equals(Buffer.from(pack.bytes.subarray(100)))).toBe(true);
    expect(tail.headers.get('content-range')).toBe(`bytes 100-${pack.bytes.length - 1}/${pack.bytes.length}`);
    const middle = await expectStatus(206, download({ range: 'bytes=5-8' }));
    expect(Buffer.from(middle.bytes).equals(Buffer.from(pack.bytes.subarray(5, 9)))).toBe(true);
    const last = await expectStatus(206, download({ range: 'bytes=-7' }));
    expect(last.bytes).toHaveLength(7);
    await expectStatus(200, download({ range: 'bytes=100-', 'if-range': '"other"' }));
    await expectStatus(200, download({ range: 'bytes=0-1,4-5' }));
    await expectStatus(200, download({ range: 'items=0-1' }));
    const outside = await expectProblem(
      416,
      'range-not-satisfiable',
      download({ range: `bytes=${pack.bytes.length}-` }),
    );
    expect(outside.headers.get('content-range')).toBe(`bytes */${pack.bytes.length}`);
  });

  test('that is keys.json needs no license', async () => {
    const keysJson = server.keysJson();
    const answer = await expectStatus(200, get(`/repository/targets/${sha256Hex(keysJson)}.keys.json`));
    expect(text(answer.bytes)).toBe(text(keysJson));
    await expectProblem(404, 'not-found', get(`/repository/targets/${'0'.repeat(64)}.keys.json`));
    await expectProblem(404, 'not-found', get('/repository/targets/keys.json'));
    await expectProblem(404, 'not-found', get(`/repository/targets/${sha256Hex(pack.bytes)}.stable.yms`));
  });

  test('is only what a role listed, under its own path', async () => {
    const stray = await server.seal('sigma', 9);
    await expectStatus(201, server.upload(stray.bytes));
    await expectProblem(404, 'not-found', get(server.targetPath(stray), { token: host.token }));
    const hash = sha256Hex(pack.bytes);
    for (const path of [
      `/repository/targets/sigma/core/${hash}.beta.yms`,
      `/repository/targets/sigma/other/${hash}.stable.yms`,
      `/repository/targets/mining-pools/core/${hash}.stable.yms`,
      '/repository/targets/sigma/core/stable.yms',
      `/repository/targets/sigma/core/..%2Fcore%2F${hash}.stable.yms`,
      `/repository/targets/sigma/core/${hash.toUpperCase()}.stable.yms`,
    ])
      await expectProblem(404, 'not-found', get(path, { token: host.token }));
  });

  test('needs a token of a license that has the feature', async () => {
    const path = server.targetPath(pack);
    const answer = await expectProblem(401, 'token-missing', get(path));
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    await expectProblem(401, 'token-invalid', get(path, { token: 'nonsense' }));
    await expectProblem(401, 'token-invalid', get(path, { token: `yms_host_${'a'.repeat(43)}` }));
    await expectProblem(403, 'scope-missing', get(path, { token: server.adminToken }));
    await expectProblem(403, 'feature-not-licensed', get(path.replace('/sigma/', '/premium/'), { token: host.token }));
    for (const odd of ['__proto__', 'SIGMA', '%F0%9F%92%A9', 'sigma%0d%0aX-Evil:1'])
      await expectProblem(403, 'feature-not-licensed', get(path.replace('/sigma/', `/${odd}/`), { token: host.token }));
    await server.admin('PATCH', `/v1/licenses/${licenseId}`, { status: 'suspended' });
    await expectProblem(403, 'license-suspended', get(path, { token: host.token }));
    await server.admin('PATCH', `/v1/licenses/${licenseId}`, { status: 'active' });
    await expectStatus(200, get(path, { token: host.token }));
  });

  test('is served to a feed token, also as a password', async () => {
    const feed = await server.newToken('feed', licenseId);
    const path = server.targetPath(pack);
    const basic = (password: string) => ({
      headers: { authorization: `Basic ${Buffer.from(`any:${password}`).toString('base64')}` },
    });
    await expectStatus(200, get(path, { token: feed }));
    await expectStatus(200, get(path, basic(feed)));
    await expectProblem(401, 'token-invalid', get(path, basic(host.token)));
    await expectProblem(401, 'token-invalid', get(path, basic('x')));
  });

  test('of the release before is still served to a client in the middle of an update', async () => {
    const next = await server.publish('sigma', 2);
    await expectStatus(200, download());
    await expectStatus(200, get(server.targetPath(next), { token: host.token }));
    await expectStatus(200, get('/repository/metadata/1.sigma.json'));
  });
});

test('a license that asks too often is told when to come back; metadata and others are not touched', async () => {
  const license = await server.sellLicense({ seats: 1 });
  const greedy = await server.activate(license.licenseKey);
  const { deps } = server.running;
  for (let i = 0; i < deps.config.targetsPerSeatHour; i++)
    deps.targetLimit.spend(license.id, deps.config.targetsPerSeatHour);
  const answer = await expectProblem(429, 'rate-limited', get(server.targetPath(pack), { token: greedy.token }));
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBe(hourMs / 1000 / deps.config.targetsPerSeatHour);
  await expectStatus(200, get('/repository/metadata/timestamp.json', { token: greedy.token }));
  await expectStatus(200, download());
  server.clock.advanceMs(seconds * 1000);
  await expectStatus(200, get(server.targetPath(pack), { token: greedy.token }));
});
