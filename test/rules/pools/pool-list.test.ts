import { describe, expect, test } from 'vitest';
import { canonicalJson, parseJson } from '../../../base/json.js';
import { parsePoolFile } from '../../../rules/pools/pool-list.js';
import { compilePool, decodePool, poolId, type Pool } from '../../../rules/pools/pool.js';
import { expectCode } from '../../support/expect-code.js';

const shown = (text: string) =>
  parsePoolFile(text, 'p.yaml').faults.map(({ code, place }) => `${place.file}:${place.line}:${place.column} ${code}`);

test('an entry makes one pool of each of its hosts, suffixes, patterns, ports, schemes and texts', () => {
  const { pools, faults } = parsePoolFile(
    `title: Test
defaults:
  source: a report
  protocol: stratum
pools:
  - pool: Example
    operator: Somebody
    coin: [XMR, AEON]
    host: Pool[.]Example
    suffix: [example.net, bücher.example]
    ports: [4444, 3333, 4444]
    score: 90
    lastVerified: 2026-07-01
  - pool: Donation
    host: donate.example
    kind: proxy
    protocol: stratum-tls
    source: another
  - { pool: Signs, pattern: 'XMR.*', port: 3333, scheme: stratum+tcp, text: --donate-level, address: 192.0.2.7, kind: generic }
`,
    'p.yaml',
  );
  expect(faults).toEqual([]);
  expect(pools.map(poolId)).toEqual([
    'pool:pool.example',
    'pool:.example.net',
    'pool:.xn--bcher-kva.example',
    'proxy:donate.example',
    'generic:xmr.*',
    'generic:192.0.2.7',
    'generic::3333',
    'generic:stratum+tcp://',
    'generic:--donate-level',
  ]);
  expect(pools[0]).toEqual({
    kind: 'pool',
    match: 'host',
    pattern: 'pool.example',
    pool: 'Example',
    operator: 'Somebody',
    coins: ['AEON', 'XMR'],
    ports: [3333, 4444],
    protocol: 'stratum',
    source: 'a report',
    lastVerified: '2026-07-01',
    score: 90,
  });
  expect(pools[3]).toMatchObject({ kind: 'proxy', protocol: 'stratum-tls', source: 'another', score: 75, coins: [] });
  for (const pool of pools) expect(decodePool(parseJson(canonicalJson(compilePool(pool).value)))).toEqual(pool);
});

describe('faults', () => {
  test('all of a list come at once, with line and column, and the sound entries load', () => {
    const text = `pools:
  - pool: A
    host: not a host
    source: s
  - pool: B
    source: s
  - host: c.example
    source: s
  - pool: D
    host: [d.example, 'd example']
    source: s
    ports: [0, 70000]
    score: 101
    coin: monero
    kind: mine
    lastVerified: 2026-02-31
    colour: red
  - 5
  - pool: F
    host: f.example
    source: s
  - pool: F
    host: F.example
    source: s
`;
    expect(shown(text)).toEqual([
      'p.yaml:3:11 field-invalid',
      'p.yaml:5:5 field-missing',
      'p.yaml:7:5 field-missing',
      'p.yaml:17:5 field-unknown',
      'p.yaml:16:19 field-invalid',
      'p.yaml:12:13 field-invalid',
      'p.yaml:12:16 field-invalid',
      'p.yaml:15:11 field-invalid',
      'p.yaml:14:11 field-invalid',
      'p.yaml:13:12 field-invalid',
      'p.yaml:18:5 list-shape',
      'p.yaml:23:11 duplicate',
    ]);
    expect(parsePoolFile(text, 'p.yaml').pools.map(poolId)).toEqual(['pool:f.example']);
  });

  test.each([
    ['', ['p.yaml:1:1 list-shape']],
    ['- a', ['p.yaml:1:1 list-shape']],
    ['pools: 1', ['p.yaml:1:8 list-shape']],
    ['pools: []\npools: []', ['p.yaml:2:1 yaml-syntax']],
    ['pools: []\nextra: 1', ['p.yaml:2:1 field-unknown']],
    ['pools: []\ndefaults: 1', ['p.yaml:2:11 list-shape']],
    ['a: &a [1]\npools: *a', ['p.yaml:2:8 yaml-alias']],
    ["pools: [{ pool: A, source: s, pattern: '*.*' }]", ['p.yaml:1:40 field-invalid']],
    ['pools: [{ pool: A, source: s, pattern: xmr.com }]', ['p.yaml:1:40 field-invalid']],
    ['pools: [{ pool: A, source: s, port: 65536 }]', ['p.yaml:1:37 field-invalid']],
    ['pools: [{ pool: A, source: s, host: { a: 1 } }]', ['p.yaml:1:37 field-invalid']],
  ])('%j', (text, faults) => {
    expect(shown(text)).toEqual(faults);
  });

  test('text that is no YAML gives the place of the first error', () => {
    expect(shown('pools:\n  - [unclosed')[0]).toMatch(/^p\.yaml:\d+:\d+ yaml-syntax$/);
  });
});

describe('decode', () => {
  const pool: Pool = {
    kind: 'pool',
    match: 'suffix',
    pattern: '.pool.example',
    pool: 'A',
    coins: ['XMR'],
    source: 's',
    score: 75,
  };

  test.each([
    ['an unknown field', { ...pool, extra: 1 }],
    ['a pattern without its mark', { ...pool, pattern: 'pool.example' }],
    ['upper case', { ...pool, pattern: '.Pool.example' }],
    ['coins out of order', { ...pool, coins: ['XMR', 'AEON'] }],
    ['a coin twice', { ...pool, coins: ['XMR', 'XMR'] }],
    ['ports out of order', { ...pool, ports: [2, 1] }],
    ['no source', { ...pool, source: '' }],
    ['an impossible day', { ...pool, lastVerified: '2026-02-31' }],
    ['nothing', null],
  ])('refuses %s', async (_, value) => {
    await expectCode('pool-invalid', () => decodePool(value));
  });

  test('reads its normal form', () => {
    expect(decodePool({ ...pool })).toEqual(pool);
  });
});
