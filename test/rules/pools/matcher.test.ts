import { describe, expect, test } from 'vitest';
import { parsePoolFile } from '../../../rules/pools/pool-list.js';
import { PoolMatcher } from '../../../rules/pools/matcher.js';
import { poolId, type Pool } from '../../../rules/pools/pool.js';

const { pools } = parsePoolFile(
  `defaults: { source: test }
pools:
  - { pool: A, host: pool.evil.com }
  - { pool: B, suffix: mine.org }
  - { pool: C, pattern: ['xmr.*', '*.pool.*', 'xmr-*.nano*.org'] }
  - { pool: D, address: 192.0.2.1 }
  - { pool: E, port: 3333 }
  - { pool: F, scheme: stratum+tcp }
  - { pool: G, text: '--donate-level' }
`,
  'p.yaml',
);
const matcher = new PoolMatcher(pools);
const ids = (found: readonly Pool[]) => found.map(poolId).sort();

describe('hosts match on label boundaries', () => {
  test.each([
    ['pool.evil.com', ['pool:pool.evil.com']],
    ['x.pool.evil.com', ['generic:*.pool.*']],
    ['spool.evil.com', []],
    ['mine.org', ['pool:.mine.org']],
    ['A.B.Mine.ORG.', ['pool:.mine.org']],
    ['notmine.org', []],
    ['mine.org.uk', []],
    ['xmr.example', ['generic:xmr.*']],
    ['xmr.a.b.c', ['generic:xmr.*']],
    ['xmr', []],
    ['exmr.example', []],
    ['eu.pool.example.org', ['generic:*.pool.*']],
    ['pool.example.org', []],
    ['xmr-eu1.nanopool.org', ['generic:xmr-*.nano*.org']],
    ['xmr-eu1.x.nanopool.org', []],
    ['192.0.2.1', ['pool:192.0.2.1']],
    ['192.0.2.2', []],
    ['no host', []],
  ])('%s', (host, expected) => {
    expect(ids(matcher.matchHost(host))).toEqual(expected);
  });
});

test('ports and texts', () => {
  expect(ids(matcher.matchPort(3333))).toEqual(['generic::3333']);
  expect(matcher.matchPort(443)).toEqual([]);
  expect(ids(matcher.matchText('x -o STRATUM+TCP://a:1 --donate-level=1'))).toEqual([
    'generic:--donate-level',
    'generic:stratum+tcp://',
  ]);
  expect(matcher.matchText('ordinary')).toEqual([]);
});
