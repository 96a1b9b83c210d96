import { describe, expect, test } from 'vitest';
import { feedFormatOf, feedPath, parseFeedPath } from '../../packs/feed.js';

describe('feed', () => {
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

  test('a path is written and read back', () => {
    const path = { feature: 'mining-pools', pack: 'pools', channel: 'stable', name: 'hosts-strict' };
    expect(feedPath(path)).toBe('mining-pools/pools/stable.feed.hosts-strict');
    expect(parseFeedPath(feedPath(path))).toEqual(path);
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
