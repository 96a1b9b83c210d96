import { describe, expect, test } from 'vitest';
import type { Indicator } from '../../../rules/ioc/indicator.js';
import type { Pool } from '../../../rules/pools/pool.js';
import type { ElementRule } from '../../../scanner/elements/element-rule.js';
import { Judge } from '../../../scanner/elements/judge.js';
import type { Fact } from '../../../scanner/elements/observation.js';
import type { Verdict } from '../../../scanner/elements/verdict.js';

const now = new Date('2026-01-01T00:00:00Z');

function rule(pack: string | null, type: Indicator['type'], value: string, score: number, more: Partial<Indicator> = {}): ElementRule {
  const source = { origin: pack === null ? 'custom' : 'pack', pack, version: null, file: pack === null ? 'x.txt' : null } as const;
  return { kind: 'ioc', id: `${type}:${value}`, line: '', indicator: { type, value, score, ...more }, source };
} // prettier-ignore

function pool(pack: string, pattern: string, score: number): ElementRule {
  const value: Pool = { kind: 'pool', match: 'suffix', pattern, pool: 'P', coins: [], source: 'a test', score };
  return {
    kind: 'pool',
    id: `pool:${pattern}`,
    line: '',
    pool: value,
    source: { origin: 'pack', pack, version: null, file: null },
  };
}

const text = (value: string): Fact => ({ kind: 'text', name: 'line', value });
const judge = (rules: readonly ElementRule[], ...facts: readonly Fact[]): Verdict | null =>
  new Judge(rules, now).judge(facts);
const reasons = (verdict: Verdict | null): string[] =>
  (verdict?.reasons ?? []).map(({ ruleId, score }) => `${ruleId} ${score}`);

describe('scores of one element', () => {
  const a = rule('a', 'keyword', 'first-mark', 30);
  const b = rule('a', 'keyword', 'second-mark', 35);

  test('add up, and each rule counts once', () => {
    expect(judge([a, b], text('first-mark'))).toBeNull();
    const both = judge([a, b], text('first-mark first-mark'), text('second-mark'), text('second-mark'));
    expect(both?.score).toBe(65);
    expect(reasons(both)).toEqual(['keyword:second-mark 35', 'keyword:first-mark 30']);
    expect(both?.top).toBe(b);
  });

  test('from 40 on are findings', () => {
    expect(judge([rule('a', 'keyword', 'mark', 39)], text('mark'))).toBeNull();
    expect(judge([rule('a', 'keyword', 'mark', 40)], text('mark'))?.score).toBe(40);
  });

  test('negative ones and trusted hashes take away', () => {
    const hash = rule('a', 'md5', 'd41d8cd98f00b204e9800998ecf8427e', 100);
    const fact: Fact = { kind: 'hash', name: 'md5', value: hash.kind === 'ioc' ? hash.indicator.value : '' };
    const less = rule('a', 'keyword', 'less', -50);
    expect(judge([hash, less], fact, text('less'))?.score).toBe(50);
    expect(judge([rule('a', 'md5', '0'.repeat(32), 70, { role: 'trusted' }), less], fact, text('less'))).toBeNull();
    const trusted = rule('a', 'sha1', 'a'.repeat(40), 70, { role: 'trusted' });
    expect(judge([hash, trusted], fact, { kind: 'hash', name: 'sha1', value: 'a'.repeat(40) })).toBeNull();
  });

  test('expired indicators are passed over', () => {
    const over = rule('a', 'keyword', 'mark', 100, { expiresAt: '2025-12-31T00:00:00Z' });
    expect(judge([over], text('mark'))).toBeNull();
    expect(new Judge([over], now).size).toBe(0);
  });
});

describe('packs', () => {
  test('do not add to one another, nor take away', () => {
    const rules = [rule('a', 'keyword', 'first-mark', 30), rule('b', 'keyword', 'second-mark', 30)];
    expect(judge(rules, text('first-mark second-mark'))).toBeNull();
    const lowered = [rule('a', 'keyword', 'first-mark', 60), rule('b', 'keyword', 'second-mark', -60)];
    expect(judge(lowered, text('first-mark second-mark'))?.score).toBe(60);
    const trusting = rule('b', 'domain', 'evil.example', 100, { role: 'trusted' });
    expect(judge([rule('a', 'domain', 'evil.example', 100), trusting], text('at evil.example'))?.score).toBe(100);
  });

  test('local configuration reaches across them', () => {
    const [ours, theirs] = [rule(null, 'keyword', 'first-mark', 30), rule('a', 'keyword', 'second-mark', 30)];
    expect(judge([ours, theirs], text('first-mark second-mark'))?.score).toBe(60);
    const allowed = rule(null, 'domain', 'evil.example', 100, { role: 'trusted' });
    expect(judge([rule('a', 'domain', 'evil.example', 100), allowed], text('at evil.example'))).toBeNull();
  });

  test('two that say the same are one finding of the higher sum, with the reasons of both', () => {
    const verdict = judge([rule('a', 'keyword', 'mark', 60), rule('b', 'keyword', 'mark', 80)], text('mark'));
    expect(verdict?.score).toBe(80);
    expect(verdict?.top.source.pack).toBe('b');
    expect(verdict?.reasons.map(({ source }) => source.pack)).toEqual(['b', 'a']);
  });
});

describe('allowed domains', () => {
  const evil = rule('a', 'domain', 'evil.example', 100);
  const wide = rule('a', 'domain', 'example', 80);
  const allowed = rule('a', 'domain', 'good.evil.example', 100, { role: 'trusted' });

  test('take away from hosts below them alone', () => {
    expect(judge([evil, allowed], text('GET good.evil.example'))).toBeNull();
    expect(judge([evil, allowed], text('GET bad.evil.example'))?.score).toBe(100);
    expect(judge([evil, allowed], text('good.evil.example and bad.evil.example'))?.score).toBe(100);
    expect(judge([evil, allowed], { kind: 'host', name: 'query', value: 'a.good.evil.example' })).toBeNull();
    expect(judge([evil, allowed], { kind: 'url', name: 'url', value: 'http://good.evil.example/x' })).toBeNull();
    expect(judge([wide, evil, allowed], text('x.good.evil.example.'))).toBeNull();
  });

  test('do not excuse a URL, a keyword or a hash beside them', () => {
    const url = rule('a', 'url', 'http://good.evil.example/x.exe', 100);
    expect(judge([url, allowed], text('http://good.evil.example/x.exe'))?.score).toBe(100);
    expect(judge([rule('a', 'keyword', 'mark', 60), allowed], text('mark at good.evil.example'))?.score).toBe(60);
  });

  test('take away from pools too, and only as much as they say', () => {
    const pools = [pool('a', '.evil.example', 75)];
    expect(judge([...pools, allowed], text('good.evil.example'))).toBeNull();
    const little = rule('a', 'domain', 'good.evil.example', 20, { role: 'trusted' });
    expect(judge([...pools, little], text('good.evil.example'))?.score).toBe(55);
  });
});
