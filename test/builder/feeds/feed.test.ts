import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Feed, makeFeeds } from '../../../builder/feeds/feed.js';
import { feedFormatNames, feedFormatOf, parseFeedPath } from '../../../packs/feed.js';
import { compileIndicator, type Indicator } from '../../../rules/ioc/indicator.js';
import { parseStixBundle } from '../../../rules/ioc/stix.js';
import type { CompiledItem } from '../../../rules/item.js';
import { compileHostPattern } from '../../../rules/pools/host-pattern.js';
import { compilePool, type Pool } from '../../../rules/pools/pool.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import { expectCode } from '../../support/expect-code.js';
import { at } from '../support.js';

const heading = {
  feature: 'ioc',
  pack: 'core',
  channel: 'stable',
  version: '2026.07.01.1',
  sequence: 7,
  createdAt: '2026-07-01T00:00:00Z',
  terms: ['CC0-1.0, https://rules.example.org/'],
};

function indicator(type: Indicator['type'], value: string, more: Partial<Indicator> = {}): CompiledItem {
  return compileIndicator({ type, value, score: 100, ...more });
}

function pool(match: Pool['match'], pattern: string, more: Partial<Pool> = {}): CompiledItem {
  return compilePool({ kind: 'pool', match, pattern, pool: 'P', coins: [], source: 's', score: 75, ...more });
}

function feed(name: string, items: readonly CompiledItem[], minScore = 40): Feed {
  return at(makeFeeds(items, [{ name, minScore }], heading), 0);
}

const textOf = ({ bytes }: Feed) => Buffer.from(bytes).toString('utf8');

/** The lines behind the heading, without the empty one at the end. */
function body(name: string, items: readonly CompiledItem[]): string[] {
  const lines = textOf(feed(name, items)).split('\n');
  expect(lines.pop()).toBe('');
  return lines.filter((line) => !/^(?:# |; |! )/.test(line));
}

const names = [indicator('fqdn', 'www.solo.net'), indicator('domain', 'bad.net'), pool('suffix', '.pool.org')];
const networks = [
  indicator('ip', '192.0.2.66'),
  indicator('cidr', '198.51.100.0/24'),
  indicator('ip', '2001:db8::1'),
  indicator('cidr', '2001:db8:bad::/48'),
];
const all = [
  ...names,
  ...networks,
  indicator('url', 'http://files.bad.org/a;b|c"?x=1'),
  indicator('md5', 'a'.repeat(32)),
  indicator('email', 'spam@bad.org'),
  indicator('keyword', 'needle'),
  pool('pattern', 'xmr-*.*'),
];

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

describe('what is left out', () => {
  test('scores below the least', () => {
    const low = indicator('domain', 'low.net', { score: 39 });
    expect(feed('squid', [low, ...names]).counts).toMatchObject({ entries: 3, leftOut: { score: 1 } });
    expect(feed('squid', [low, ...names], 39).counts).toMatchObject({ entries: 4, leftOut: { score: 0 } });
  });

  test('what another entry covers: consumers refuse it, or would answer twice', () => {
    const items = [
      indicator('domain', 'bad.net'),
      indicator('domain', 'deep.bad.net'),
      indicator('fqdn', 'www.bad.net'),
      indicator('fqdn', 'bad.net'),
      indicator('fqdn', 'notbad.net'),
      indicator('cidr', '198.51.100.0/24'),
      indicator('cidr', '198.51.100.128/25'),
      indicator('ip', '198.51.100.7'),
      indicator('ip', '198.51.101.7'),
    ];
    expect(body('squid', items)).toEqual(['.bad.net', 'notbad.net']);
    expect(feed('squid', items).counts.covered).toBe(3);
    expect(body('addresses', items)).toEqual(['198.51.101.7', '198.51.100.0/24']);
    expect(body('hosts', items).filter((line) => line.startsWith('0'))).toEqual([
      '0.0.0.0 bad.net',
      '0.0.0.0 deep.bad.net',
      '0.0.0.0 notbad.net',
      '0.0.0.0 www.bad.net',
    ]);
  });

  test('an indicator and a pool of one host count once, with the higher score', () => {
    const both = [indicator('domain', 'pool.org', { score: 41 }), pool('suffix', '.pool.org', { score: 90 })];
    expect(feed('zeek', both).counts.entries).toBe(1);
    expect(body('zeek', both)[1]).toContain('mining pool P');
    expect(body('zeek', [...both].reverse())).toEqual(body('zeek', both));
  });

  const trust = (type: Indicator['type'], value: string) => indicator(type, value, { role: 'trusted' });

  test.each([
    ['domain', 'bad.net', 'domain', 'bad.net'],
    ['domain', 'deep.bad.net', 'domain', 'bad.net'],
    ['domain', 'bad.net', 'fqdn', 'bad.net'],
    ['fqdn', 'www.bad.net', 'domain', 'bad.net'],
    ['ip', '198.51.100.7', 'cidr', '198.51.100.0/24'],
    ['cidr', '198.51.100.0/24', 'ip', '198.51.100.7'],
    ['cidr', '198.51.100.0/24', 'cidr', '198.51.0.0/16'],
    ['url', 'http://www.bad.net/x', 'domain', 'bad.net'],
    ['url', 'http://198.51.100.7/x', 'ip', '198.51.100.7'],
  ] as const)('%s %s where %s %s is trusted', (type, value, trustedType, trusted) => {
    for (const name of ['rpz', 'zeek', 'suricata'])
      expect(feed(name, [indicator(type, value), trust(trustedType, trusted)]).counts.entries).toBe(0);
  });

  test('trust ends at label boundaries and at networks', () => {
    const items = [indicator('domain', 'notbad.net'), indicator('ip', '198.51.101.7')];
    const trusted = [trust('domain', 'bad.net'), trust('cidr', '198.51.100.0/24')];
    expect(feed('rpz', [...items, ...trusted]).counts.entries).toBe(2);
  });

  test('a trusted name below a blocked domain: an exception where there are any, else the domain is left out', () => {
    const items = [...names, trust('fqdn', 'good.cdn.bad.net'), trust('domain', 'x.good.cdn.bad.net')];
    expect(body('rpz', items).slice(3)).toEqual([
      'bad.net CNAME .',
      '*.bad.net CNAME .',
      'cdn.bad.net CNAME .',
      '*.cdn.bad.net CNAME .',
      'pool.org CNAME .',
      '*.pool.org CNAME .',
      'good.cdn.bad.net CNAME rpz-passthru.',
      '*.good.cdn.bad.net CNAME rpz-passthru.',
      'www.solo.net CNAME .',
    ]);
    expect(body('dnsmasq', items)).toContain('server=/good.cdn.bad.net/#');
    expect(body('unbound', items)).toContain('local-zone: "good.cdn.bad.net." transparent');
    expect(body('adguard', items)).toContain('@@||good.cdn.bad.net^');
    const { rules, faults } = compileSigmaFile(textOf(feed('sigma', items)), 'feed.yml');
    expect([rules.length, faults]).toEqual([2, []]);
    expect(textOf(feed('sigma', items))).toContain('and not 1 of filter_*');
    expect(body('squid', items)).toEqual(['.pool.org', 'www.solo.net']);
    expect(feed('squid', items).counts.leftOut.trusted).toBe(1);
    expect(body('hosts', items)).toContain('0.0.0.0 bad.net');
  });

  test('counts are complete', () => {
    for (const name of feedFormatNames) {
      const { entries, covered, leftOut } = feed(name, all).counts;
      expect([name, entries + covered + leftOut.format + leftOut.score + leftOut.trusted]).toEqual([name, all.length]);
    }
  });

  test('a feed above the limit is refused', async () => {
    const long = `${'a'.repeat(60)}.`.repeat(3);
    const many = Array.from({ length: 70_000 }, (_, at) => indicator('domain', `${long}host-${at}.net`));
    await expectCode('feed-too-large', () => feed('suricata', many).name);
  });
});

describe('harmless and alike', () => {
  /** Every line of a body, whatever people wrote into descriptions. */
  const lineForms: Readonly<Record<string, RegExp>> = {
    suricata: /^alert [a-z]+ \$HOME_NET any -> \S+ any \(msg:"[\w .,()/@+=-]*";(?: [a-z_.]+(?::"?[^";]*"?)?;)+\)$/,
    snort: /^alert [a-z]+ \$HOME_NET any -> \S+ \w+ \(msg:"[\w .,()/@+=-]*";(?: [a-z_.]+:"?[^";]*"?[^;"]*;)+\)$/,
    zeek: /^[!-~]+\tIntel::[A-Z_]+\tyms ioc\/core\t[\w .,()/@+=-]+\t[!-~]+$|^#fields(?:\t[a-z_.]+){5}$/,
  };
  const evil = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
    fc.constantFrom(
      'x"; sid:1;)\nalert ip any any -> any any (msg:"y',
      "'\n    condition: true\n---\ntitle: 'x",
      '\n0.0.0.0 google.com',
      '\r\u2028\u0085. CNAME .',
      '-',
      '# "|"',
      '\t(empty)\t',
    ),
  );

  test('no description, name, source or terms leave their place', () => {
    fc.assert(
      fc.property(evil, evil, (said, other) => {
        const note = said.slice(0, 2000);
        const hostile = [
          indicator('domain', 'bad.net', { description: note, source: other }),
          indicator('ip', '192.0.2.66', { description: note }),
          pool('suffix', '.pool.org', { pool: note, operator: other, source: other, description: note }),
        ];
        const calm = [indicator('domain', 'bad.net'), indicator('ip', '192.0.2.66'), pool('suffix', '.pool.org')];
        const make = (items: readonly CompiledItem[], terms: readonly string[]) =>
          makeFeeds(
            items,
            feedFormatNames.map((name) => ({ name, minScore: 40 })),
            { ...heading, terms },
          );
        const calmFeeds = make(calm, ['x']);
        for (const [index, given] of make(hostile, [said]).entries()) {
          if (given.name === 'stix') continue; // JSON, written by its own encoder
          const text = textOf(given);
          expect(/^[\n\t -~]*$/.test(text)).toBe(true);
          const lines = text.split('\n');
          const calmLines = textOf(at(calmFeeds, index)).split('\n');
          expect(lines).toHaveLength(calmLines.length);
          const form = lineForms[given.name];
          for (const [number, line] of lines.entries()) {
            if (/^[#;!] /.test(line) || line === '' || /^license: '/.test(line)) continue;
            if (form) expect(line).toMatch(form);
            else expect(line).toBe(calmLines[number]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the order of items changes nothing', () => {
    const plans = feedFormatNames.map((name) => ({ name, minScore: 40 }));
    const expected = makeFeeds(all, plans, heading).map(({ sha256 }) => sha256);
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (items) => {
        expect(makeFeeds(items, plans, heading).map(({ sha256 }) => sha256)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test('the heading says which release it is and under which terms', () => {
    const lines = textOf(feed('hosts', all)).split('\n');
    expect(lines.slice(0, 7)).toEqual([
      '# Title: yms ioc/core, stable, hosts',
      '# Version: 2026.07.01.1, sequence 7, made 2026-07-01T00:00:00Z',
      '# Entries: 3',
      '# In part: 2 domains without the names below them, which this format cannot say',
      '# Left out: 9 that this format cannot say, 0 by score, 0 trusted',
      '# Terms: CC0-1.0, https://rules.example.org/',
      '# Made by yms; changes are lost with the next release',
    ]);
  });

  test('rules keep their numbers when others come and go, and none comes twice', () => {
    const few = body('suricata', names);
    const others = Array.from({ length: 500 }, (_, number) => indicator('domain', `h${number}.net`));
    const more = body('suricata', [...names, ...others]);
    expect(more).toEqual(expect.arrayContaining(few));
    const ids = more.map((rule) => /sid:(\d+);/.exec(rule)?.[1]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => Number(id) >= 2 ** 30 && Number(id) < 2 ** 31)).toBe(true);
  });
});

describe('names', () => {
  test.each([
    ['hosts', 'hosts'],
    ['hosts-strict', 'hosts'],
    ['rpz-a-b', 'rpz'],
    ['hosts-', null],
    ['hostsfile', null],
    ['Hosts', null],
    ['', null],
    [`hosts-${'a'.repeat(64)}`, null],
  ])('"%s" tells the format %s', (name, format) => {
    expect(feedFormatOf(name)).toBe(format);
  });

  test.each([
    'sigma/core/stable.feed',
    'sigma/core/stable.feed.',
    'sigma/core.feed.hosts',
    '../core/stable.feed.hosts',
    'sigma/core/stable.base.feed.hosts',
    'sigma/core/-.feed.hosts',
    'sigma/core/stable.feed.hosts/x',
  ])('%s is no path of a feed', (path) => {
    expect(parseFeedPath(path)).toBeNull();
  });
});
