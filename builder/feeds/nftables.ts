import type { FeedEntry } from './entry.js';
import type { FeedFormat, FeedHeading } from './format.js';

/**
 * Two sets in the table `inet yms`, emptied and filled again by one `nft -f`, which the kernel does as one transaction.
 * Rules that drop what the sets hold are the device's own.
 */
export const nftables: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) => (kind === 'address' || kind === 'network' ? 'whole' : null),
  *write({ heading, entries }) {
    yield 'add table inet yms';
    for (const [suffix, type, isOfFamily] of families) {
      const name = `${setName(heading)}_${suffix}`;
      yield `add set inet yms ${name} { type ${type}; flags interval; }`;
      yield `flush set inet yms ${name}`;
      const elements = entries.filter(isOfFamily).map(({ value }) => `  ${value}`);
      if (elements.length === 0) continue;
      yield `add element inet yms ${name} {`;
      yield elements.join(',\n');
      yield '}';
    }
  },
};

const families: readonly (readonly [suffix: string, type: string, isOfFamily: (entry: FeedEntry) => boolean])[] = [
  ['v4', 'ipv4_addr', ({ value }) => !value.includes(':')],
  ['v6', 'ipv6_addr', ({ value }) => value.includes(':')],
];

/** Names have no two hyphens in a row, so two underscores divide them. */
function setName({ feature, pack, channel }: FeedHeading): string {
  return ['yms', feature, pack, channel].map((part) => part.replaceAll('-', '_')).join('__');
}
