import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFeeds } from '../../../builder/feeds/feed.js';
import { feedFormatNames } from '../../../packs/feed.js';
import type { Indicator } from '../../../rules/ioc/indicator.js';
import type { CompiledItem } from '../../../rules/item.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import { expectCode } from '../../support/expect-code.js';
import { at } from '../support.js';
import { all, body, feed, heading, indicator, names, pool, textOf } from './feed-of.js';

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

  test.each(['bind', 'hosts_strict', 'HOSTS', ''])('a format that nobody writes is refused: "%s"', async (name) => {
    await expectCode('feed-format', () => feed(name, all).name);
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
