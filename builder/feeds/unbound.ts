import type { FeedFormat } from './format.js';

/**
 * A configuration file for unbound. A zone that is `always_nxdomain` takes in all below it; in a `transparent` one only
 * the name that has data is answered locally, and the rest is resolved.
 */
export const unbound: FeedFormat = {
  comment: '# ',
  exceptions: true,
  says: ({ kind }) => (kind === 'domain' || kind === 'host' ? 'whole' : null),
  *write({ entries, allowed }) {
    yield 'server:';
    for (const { kind, value } of entries) {
      if (kind === 'domain') {
        yield `local-zone: "${value}." always_nxdomain`;
        continue;
      }
      yield `local-zone: "${value}." transparent`;
      yield `local-data: "${value}. A 0.0.0.0"`;
      yield `local-data: "${value}. AAAA ::"`;
    }
    for (const name of allowed) yield `local-zone: "${name}." transparent`;
  },
};
