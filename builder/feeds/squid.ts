import type { FeedFormat } from './format.js';

/** A file for squid's `acl … dstdomain`: `.name` is the name and all below it, a bare name is that name alone. */
export const squid: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) => (kind === 'domain' || kind === 'host' ? 'whole' : null),
  *write({ entries }) {
    for (const { kind, value } of entries) yield kind === 'domain' ? `.${value}` : value;
  },
};
