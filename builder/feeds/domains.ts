import type { FeedFormat } from './format.js';

/**
 * An external dynamic list of domains, as firewalls poll it: one name a line, `*.` in front for everything below. The
 * name itself needs a line of its own, because `*.example.org` does not stand for `example.org`.
 */
export const domains: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) => (kind === 'domain' || kind === 'host' ? 'whole' : null),
  *write({ entries }) {
    for (const { kind, value } of entries) {
      yield value;
      if (kind === 'domain') yield `*.${value}`;
    }
  },
};
