import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../../base/bytes.js';
import { dayMs, hourMs } from '../../../base/clock.js';
import { maxFeedBytes } from '../../../packs/feed.js';
import { expectProblem, expectStatus, TestServer, text } from '../../support/server.js';

const stix = '{"id":"bundle--1","objects":[],"type":"bundle"}';

describe('feeds', () => {
  let server: TestServer;
  let licenseId: string;
  let feedToken: string;
  let sequence = 0;

  /** A release of `sigma/core/stable` with these feeds and no others. */
  async function publish(feeds: Readonly<Record<string, string>>): Promise<void> {
    const pack = await server.seal('sigma', ++sequence);
    await expectStatus(201, server.upload(pack.bytes));
    for (const feed of Object.values(feeds)) await server.upload(utf8(feed));
    const role = server.trustDomain.nextRole('sigma', [pack], {
      change: (next) => ({ ...next, targets: { ...withoutFeeds(next.targets), ...entries(feeds) } }),
    });
    await expectStatus(201, server.commit({ roles: { sigma: role } }));
  }
  const get = (name: string, token = feedToken, headers: Readonly<Record<string, string>> = {}) =>
    server.call('GET', `/feeds/sigma/core/stable/${name}`, { token, headers });

  beforeAll(async () => {
    server = await TestServer.start({ contract: true });
    await server.holdCeremony();
    licenseId = (await server.sellLicense()).id;
    feedToken = await server.newToken('feed', licenseId);
    await publish({ hosts: '0.0.0.0 bad.example\n', rpz: '@ IN SOA x\n', sigma: 'title: x\n', stix });
  });
  afterAll(() => server.stop());

  test('each format with its media type, whole and in part', async () => {
    const types = [];
    for (const name of ['hosts', 'rpz', 'sigma', 'stix'])
      types.push((await expectStatus(200, get(name))).headers.get('content-type'));
    expect(types).toEqual([
      'text/plain; charset=utf-8',
      'text/dns; charset=utf-8',
      'application/yaml',
      'application/stix+json;version=2.1',
    ]);
    expect(text((await get('hosts')).bytes)).toBe('0.0.0.0 bad.example\n');
    const part = await expectStatus(206, get('hosts', feedToken, { range: 'bytes=8-' }));
    expect(text(part.bytes)).toBe('bad.example\n');
  });

  test('HEAD; 304 for the ETag, and for the very time of the commit', async () => {
    const head = await expectStatus(200, server.call('HEAD', '/feeds/sigma/core/stable/hosts', { token: feedToken }));
    const etag = head.headers.get('etag') ?? '';
    const modified = head.headers.get('last-modified') ?? '';
    expect(etag).toBe(`"${sha256Hex(utf8('0.0.0.0 bad.example\n'))}"`);
    expect(modified).toBe('Wed, 01 Jul 2026 00:00:00 GMT');
    expect(head.headers.get('cache-control')).toBe('private, no-cache');
    expect(head.headers.get('content-length')).toBe('20');
    await expectStatus(304, get('hosts', feedToken, { 'if-none-match': etag }));
    await expectStatus(304, get('hosts', feedToken, { 'if-modified-since': modified }));
    await expectStatus(200, get('hosts', feedToken, { 'if-modified-since': 'Thu, 02 Jul 2026 00:00:00 GMT' }));
    await expectStatus(200, get('hosts', feedToken, { 'if-none-match': '"x"', 'if-modified-since': modified }));
  });

  test('basic credentials: a feed token as password, whatever the name; no other token', async () => {
    const basic = (user: string, password: string) =>
      server.call('GET', '/feeds/sigma/core/stable/hosts', {
        headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      });
    await expectStatus(200, basic('firewall', feedToken));
    await expectStatus(200, basic('', feedToken));
    await expectProblem(401, 'token-invalid', basic('firewall', 'secret'));
    await expectProblem(401, 'token-invalid', basic('firewall', server.adminToken));
    await expectProblem(401, 'token-invalid', basic('firewall', `x:${feedToken}`));
  });

  test('a feed token takes no seat; a host token of the license works too', async () => {
    const { licenseKey } = await server.sellLicense({ seats: 1 });
    const host = await server.activate(licenseKey);
    await expectStatus(200, get('hosts', host.token));
    const hosts = await server.admin('GET', `/v1/hosts?licenseId=${licenseId}`);
    expect(hosts.json?.['items']).toEqual([]);
  });

  test('401 without a token and for an expired one, with a challenge; 403 for another scope', async () => {
    const none = await expectProblem(401, 'token-missing', server.call('GET', '/feeds/sigma/core/stable/hosts'));
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="yms", Basic realm="yms"');
    await expectProblem(403, 'scope-missing', get('hosts', server.adminToken));
    const expiresAt = '2026-07-01T01:00:00Z';
    const body = { name: 'short', scope: 'feed', licenseId, expiresAt };
    const made = await expectStatus(201, server.admin('POST', '/v1/tokens', body));
    server.clock.advanceMs(2 * hourMs);
    await expectProblem(401, 'token-expired', get('hosts', String(made.json?.['token'])));
  });

  test('404 for a feed that is not there, for a name of no format, and beside the packs', async () => {
    await expectProblem(404, 'not-found', get('squid'));
    await expectProblem(404, 'not-found', get('hosts-other'));
    await expectProblem(404, 'not-found', get('bind'));
    await expectProblem(404, 'not-found', get('..%2f..%2fsecrets'));
    await expectProblem(404, 'not-found', server.call('GET', '/feeds/sigma/core/stable', { token: feedToken }));
    await expectProblem(405, 'method-not-allowed', server.call('PUT', '/feeds/sigma/core/stable/hosts', { body: 'x' }));
  });

  test('403 for a feature that the license does not have, whether there is such a feed or not', async () => {
    for (const path of ['/feeds/premium/core/stable/hosts', '/feeds/nothing/core/stable/hosts'])
      await expectProblem(403, 'feature-not-licensed', server.call('GET', path, { token: feedToken }));
  });

  test('the license as it stands now: suspended, active again, revoked, expired', async () => {
    const { id } = await server.sellLicense({ expiresAt: '2026-08-01T00:00:00Z' });
    const token = await server.newToken('feed', id);
    const set = (status: string) => expectStatus(200, server.admin('PATCH', `/v1/licenses/${id}`, { status }));
    await expectStatus(200, get('hosts', token));
    await set('suspended');
    await expectProblem(403, 'license-suspended', get('hosts', token));
    await set('active');
    await expectStatus(200, get('hosts', token));
    server.clock.advanceMs(40 * dayMs);
    await expectProblem(403, 'license-expired', get('hosts', token));
    await set('revoked');
    await expectProblem(403, 'license-revoked', get('hosts', token));
  });

  test('429 with the time to wait, for a license that polls too often', async () => {
    const { id } = await server.sellLicense({ seats: 1 });
    const token = await server.newToken('feed', id);
    for (let i = 0; i < server.running.deps.config.targetsPerSeatHour; i++)
      server.running.deps.targetLimit.spend(id, server.running.deps.config.targetsPerSeatHour);
    const refused = await expectProblem(429, 'rate-limited', get('hosts', token));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  describe('a release', () => {
    beforeEach(() => publish({ hosts: `0.0.0.0 bad-${sequence}.example\n` }));

    test('replaces a feed under its address, and a feed that is gone is not served', async () => {
      await publish({ hosts: '0.0.0.0 new.example\n' });
      expect(text((await get('hosts')).bytes)).toBe('0.0.0.0 new.example\n');
      await publish({ squid: '.new.example\n' });
      await expectProblem(404, 'not-found', get('hosts'));
    });

    test('is in the audit log with its feeds', async () => {
      await publish({ hosts: '0.0.0.0 logged.example\n' });
      const page = await server.admin('GET', '/v1/audit?limit=500');
      const last = (page.json?.['items'] as { action: string; details: Record<string, unknown> }[])
        .filter(({ action }) => action === 'release.commit')
        .at(-1);
      expect(last?.details['feeds']).toEqual([
        { path: 'sigma/core/stable.feed.hosts', sha256: sha256Hex(utf8('0.0.0.0 logged.example\n')) },
      ]);
    });

    test.each([
      ['a name of no format', 'sigma/core/stable.feed.bind', {}, 'target-path'],
      ['a name that ends in a hyphen', 'sigma/core/stable.feed.hosts-', {}, 'target-path'],
      ['no name', 'sigma/core/stable.feed', {}, 'target-path'],
      ['a feed of a feed', 'sigma/core/stable.feed.hosts.yms', {}, 'target-path'],
      ["another feature's", 'premium/core/stable.feed.hosts', {}, 'target-path'],
      [
        'custom',
        'sigma/core/stable.feed.hosts',
        { custom: { kind: 'full', version: '1', sequence: 1 } },
        'target-custom',
      ],
      ['another length', 'sigma/core/stable.feed.hosts', { length: 5 }, 'blob-length'],
      [
        'bytes that nobody uploaded',
        'sigma/core/stable.feed.hosts',
        { hashes: { sha256: 'a'.repeat(64) } },
        'blob-missing',
      ],
      ['nothing in it', 'sigma/core/stable.feed.hosts', { length: 0, hashes: { sha256: sha256Hex() } }, 'target-feed'],
      ['too much in it', 'sigma/core/stable.feed.hosts', { length: maxFeedBytes + 1 }, 'target-feed'],
    ] as const)('with %s is refused, and the one before is still served', async (_, path, given, code) => {
      const before = text((await get('hosts')).bytes);
      const bytes = utf8('0.0.0.0 refused.example\n');
      await server.upload(bytes);
      const entry = { length: bytes.length, hashes: { sha256: sha256Hex(bytes) }, ...given };
      const held = server.trustDomain.roles.get('sigma');
      const role = server.trustDomain.nextRole('sigma', [], {
        change: (next) => ({ ...next, targets: { ...next.targets, [path]: entry } }),
      });
      if (held) server.trustDomain.roles.set('sigma', held);
      await expectProblem(422, code, server.commit({ roles: { sigma: role } }));
      expect(text((await get('hosts')).bytes)).toBe(before);
    });
  });
});

type Targets = Readonly<Record<string, { readonly length: number; readonly hashes: { readonly sha256: string } }>>;

function withoutFeeds(targets: Targets): Targets {
  return Object.fromEntries(Object.entries(targets).filter(([path]) => !path.includes('.feed.')));
}

function entries(feeds: Readonly<Record<string, string>>): Targets {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, feed]) => {
      const bytes = utf8(feed);
      return [`sigma/core/stable.feed.${name}`, { length: bytes.length, hashes: { sha256: sha256Hex(bytes) } }];
    }),
  );
}
