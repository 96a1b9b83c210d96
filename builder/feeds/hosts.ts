import type { FeedFormat } from './format.js';

/** A hosts file (hosts(5)), which only knows single names. IPv6 stands beside IPv4, or a name would resolve there. */
export const hosts: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) => (kind === 'host' ? 'whole' : kind === 'domain' ? 'part' : null),
  *write({ entries }) {
    for (const { value } of entries) {
      yield `0.0.0.0 ${value}`;
      yield `:: ${value}`;
    }
  },
};
