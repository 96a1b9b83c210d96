import { expect } from 'vitest';
import { type Feed, makeFeeds } from '../../../builder/feeds/feed.js';
import { compileIndicator, type Indicator } from '../../../rules/ioc/indicator.js';
import type { CompiledItem } from '../../../rules/item.js';
import { compilePool, type Pool } from '../../../rules/pools/pool.js';
import { at } from '../support.js';

export const heading = {
  feature: 'ioc',
  pack: 'core',
  channel: 'stable',
  version: '2026.07.01.1',
  sequence: 7,
  createdAt: '2026-07-01T00:00:00Z',
  terms: ['CC0-1.0, https://rules.example.org/'],
};

export function indicator(type: Indicator['type'], value: string, more: Partial<Indicator> = {}): CompiledItem {
  return compileIndicator({ type, value, score: 100, ...more });
}

export function pool(match: Pool['match'], pattern: string, more: Partial<Pool> = {}): CompiledItem {
  return compilePool({ kind: 'pool', match, pattern, pool: 'P', coins: [], source: 's', score: 75, ...more });
}

export function feed(name: string, items: readonly CompiledItem[], minScore = 40): Feed {
  return at(makeFeeds(items, [{ name, minScore }], heading), 0);
}

export const textOf = ({ bytes }: Feed) => Buffer.from(bytes).toString('utf8');

/** The lines behind the heading, without the empty one at the end. */
export function body(name: string, items: readonly CompiledItem[]): string[] {
  const lines = textOf(feed(name, items)).split('\n');
  expect(lines.pop()).toBe('');
  return lines.filter((line) => !/^(?:# |; |! )/.test(line));
}

export const names = [indicator('fqdn', 'www.solo.net'), indicator('domain', 'bad.net'), pool('suffix', '.pool.org')];
export const networks = [
  indicator('ip', '192.0.2.66'),
  indicator('cidr', '198.51.100.0/24'),
  indicator('ip', '2001:db8::1'),
  indicator('cidr', '2001:db8:bad::/48'),
];
export const all = [
  ...names,
  ...networks,
  indicator('url', 'http://files.bad.org/a;b|c"?x=1'),
  indicator('md5', 'a'.repeat(32)),
  indicator('email', 'spam@bad.org'),
  indicator('keyword', 'needle'),
  pool('pattern', 'xmr-*.*'),
];
