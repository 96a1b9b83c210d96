import type { FeedFormat } from './format.js';

/** A list of addresses and networks, one a line, IPv4 before IPv6: an external dynamic list, an ipset, a `dst` ACL. */
export const addresses: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) => (kind === 'address' || kind === 'network' ? 'whole' : null),
  *write({ entries }) {
    for (const { value } of entries) yield value;
  },
};
