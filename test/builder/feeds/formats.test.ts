import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFeeds } from '../../../builder/feeds/feed.js';
import { parseStixBundle } from '../../../rules/ioc/stix.js';
import { compileHostPattern } from '../../../rules/pools/host-pattern.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import { at } from '../support.js';
import { all, body, feed, heading, indicator, names, networks, pool, textOf } from './feed-of.js';

describe('what each format says', () => {
  test('hosts: single names, for both address families', () => {
    expect(body('hosts', all)).toEqual([
      '0.0.0.0 bad.net',
      ':: bad.net',
      '0.0.0.0 pool.org',
      ':: pool.org',
      '0.0.0.0 www.solo.net',
      ':: www.solo.net',
    ]);
    expect(feed('hosts', all).counts).toMatchObject({ entries: 3, inPart: 2, leftOut: { format: 9 } });
  });

  test('domains: the name, and what is below it', () => {
    expect(body('domains', all)).toEqual(['bad.net', '*.bad.net', 'pool.org', '*.pool.org', 'www.solo.net']);
  });

  test('addresses: by number, IPv4 first', () => {
    const more = [...all, indicator('ip', '10.1.2.3'), indicator('ip', '9.9.9.1')];
    expect(body('addresses', more)).toEqual([
      '9.9.9.1',
      '10.1.2.3',
      '192.0.2.66',
      '2001:db8::1',
      '198.51.100.0/24',
      '2001:db8:bad::/48',
    ]);
  });

  test('rpz: NXDOMAIN for names and for answers, with the sequence as serial', () => {
    expect(body('rpz', [...all, indicator('ip', '::5'), indicator('cidr', '2001::/16')])).toEqual([
      '$TTL 300',
      '@ IN SOA localhost. hostmaster.localhost. 7 3600 600 604800 300',
      '@ IN NS localhost.',
      'bad.net CNAME .',
      '*.bad.net CNAME .',
      'pool.org CNAME .',
      '*.pool.org CNAME .',
      'www.solo.net CNAME .',
      '32.66.2.0.192.rpz-ip CNAME .',
      '128.5.zz.rpz-ip CNAME .',
      '24.0.100.51.198.rpz-ip CNAME .',
      '16.zz.2001.rpz-ip CNAME .',
    ]);
  });

  test('rpz: a name that leaves no room for the zone is left out', () => {
    const long = `${'a'.repeat(60)}.`.repeat(3) + `${'b'.repeat(18)}.net`;
    expect(body('rpz', [indicator('domain', long)])).toHaveLength(3);
    expect(feed('rpz', [indicator('domain', long)]).counts.leftOut.format).toBe(1);
    expect(feed('rpz', [indicator('domain', long.slice(5))]).counts.entries).toBe(1);
  });

  test('dnsmasq', () => {
    expect(body('dnsmasq', all)).toEqual([
      'local=/bad.net/',
      'local=/pool.org/',
      'host-record=www.solo.net,0.0.0.0,::',
    ]);
  });

  test('unbound', () => {
    expect(body('unbound', all)).toEqual([
      'server:',
      'local-zone: "bad.net." always_nxdomain',
      'local-zone: "pool.org." always_nxdomain',
      'local-zone: "www.solo.net." transparent',
      'local-data: "www.solo.net. A 0.0.0.0"',
      'local-data: "www.solo.net. AAAA ::"',
    ]);
  });

  test('adguard, squid', () => {
    expect(body('adguard', all)).toEqual(['||bad.net^', '||pool.org^', 'www.solo.net']);
    expect(body('squid', all)).toEqual(['.bad.net', '.pool.org', 'www.solo.net']);
  });

  test('nftables: a set for each family, replaced as one', () => {
    expect(body('nftables', all)).toEqual([
      'add table inet yms',
      'add set inet yms yms__ioc__core__stable_v4 { type ipv4_addr; flags interval; }',
      'flush set inet yms yms__ioc__core__stable_v4',
      'add element inet yms yms__ioc__core__stable_v4 {',
      '  192.0.2.66,',
      '  198.51.100.0/24',
      '}',
      'add set inet yms yms__ioc__core__stable_v6 { type ipv6_addr; flags interval; }',
      'flush set inet yms yms__ioc__core__stable_v6',
      'add element inet yms yms__ioc__core__stable_v6 {',
      '  2001:db8::1,',
      '  2001:db8:bad::/48',
      '}',
    ]);
    expect(body('nftables', names).filter((line) => line.includes('element'))).toEqual([]);
  });

  test('suricata', () => {
    const rules = body('suricata', all).map((rule) => rule.replace(/sid:\d+;/, 'sid:N;'));
    expect(rules).toHaveLength(3 * 3 + 4 + 1);
    expect(rules).toContain(
      'alert dns $HOME_NET any -> any any (msg:"yms ioc/core query for bad.net - listed domain"; dns.query; dotprefix; content:".bad.net"; nocase; endswith; sid:N; rev:7;)',
    );
    expect(rules).toContain(
      'alert http $HOME_NET any -> any any (msg:"yms ioc/core http to www.solo.net - listed fqdn"; http.host; content:"www.solo.net"; bsize:12; sid:N; rev:7;)',
    );
    expect(rules).toContain(
      'alert ip $HOME_NET any -> 198.51.100.0/24 any (msg:"yms ioc/core traffic to a listed address - listed cidr"; sid:N; rev:7;)',
    );
    expect(at(rules, 13)).toContain('http.uri.raw; content:"/a|3b|b|7c|c|25|22?x=1"; bsize:13;');
  });

  test('suricata: a URL that the network does not show is left out', () => {
    for (const url of ['https://bad.org/x', 'ftp://bad.org/x', 'http://bad.org:8080/x', 'http://[2001:db8::1]/x'])
      expect(feed('suricata', [indicator('url', url)]).counts).toMatchObject({ entries: 0, leftOut: { format: 1 } });
  });

  test('snort: names as DNS writes them', () => {
    const rules = body('snort', all).map((rule) => rule.replace(/sid:\d+;/, 'sid:N;'));
    expect(at(rules, 0)).toContain('byte_test:1,!&,128,2; content:"|03|bad|03|net|00|",nocase,offset 12; sid:N;');
    expect(at(rules, 2)).toContain('content:"|03|www|04|solo|03|net|00|",nocase,offset 12,depth 14; sid:N;');
    expect(rules).toHaveLength(7);
  });

  test('zeek: columns, types, escapes', () => {
    const lines = body('zeek', [...all, indicator('url', 'http://bad.org/\\x', { reference: 'https://a.org/é' })]);
    expect(lines.map((line) => line.split('\t').slice(0, 2).join(' '))).toEqual([
      '#fields indicator',
      'bad.net Intel::DOMAIN',
      'pool.org Intel::DOMAIN',
      'www.solo.net Intel::DOMAIN',
      '192.0.2.66 Intel::ADDR',
      '2001:db8::1 Intel::ADDR',
      '198.51.100.0/24 Intel::SUBNET',
      '2001:db8:bad::/48 Intel::SUBNET',
      'bad.org/\\x5cx Intel::URL',
      'files.bad.org/a;b|c"?x=1 Intel::URL',
      'spam@bad.org Intel::EMAIL',
      `${'a'.repeat(32)} Intel::FILE_HASH`,
    ]);
    expect(lines.every((line) => line.split('\t').length === (line.startsWith('#') ? 6 : 5))).toBe(true);
    expect(at(lines, 8)).toMatch(/\thttps:\/\/a\.org\/\\xc3\\xa9$/);
  });

  test('sigma: rules that compile, one a log source, with ids that stay', () => {
    const { rules, faults } = compileSigmaFile(textOf(feed('sigma', all)), 'feed.yml');
    expect(faults).toEqual([]);
    expect(rules).toHaveLength(3);
    const next = at(makeFeeds(all, [{ name: 'sigma', minScore: 40 }], { ...heading, sequence: 8 }), 0);
    expect(compileSigmaFile(textOf(next), 'feed.yml').rules.map(({ id }) => id)).toEqual(rules.map(({ id }) => id));
    expect(compileSigmaFile(textOf(feed('sigma', networks)), 'feed.yml').rules).toHaveLength(1);
  });

  test('sigma: a pattern of hosts hits what the pool hits', () => {
    const labels = fc.array(fc.constantFrom('xmr', 'xmr-a', 'pool', 'a', 'net', 'monero'), {
      minLength: 1,
      maxLength: 5,
    });
    const patterns = ['xmr.*', 'xmr-*.*', '*.pool.*', '*.monero.net', 'x*r.a.*'];
    fc.assert(
      fc.property(labels, fc.constantFrom(...patterns), (parts, pattern) => {
        const host = parts.join('.');
        const written = /\|re\|i:\n +- '(.*)'/.exec(textOf(feed('sigma', [pool('pattern', pattern)])))?.[1] ?? '(';
        expect(new RegExp(written).test(host)).toBe(compileHostPattern(pattern).test(host));
      }),
    );
  });

  test('stix: everything that a pattern can say, read back as it was', () => {
    const { counts, bytes } = feed('stix', all);
    const read = parseStixBundle(Buffer.from(bytes).toString('utf8'), 'feed.json');
    expect(read?.faults).toEqual([]);
    expect(read?.indicators).toHaveLength(counts.entries);
    expect(read?.indicators.map(({ value }) => value)).toContain('pool.org');
    expect(counts).toMatchObject({ entries: 10, leftOut: { format: 2 } });
  });
});
