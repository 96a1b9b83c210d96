import type { FeedFormat } from './format.js';

/**
 * A filter list in the part of the adblock syntax that AdGuard Home and Pi-hole (from 5.22) read alike: `||name^` is the
 * name and all below it, a bare name is that name alone, `@@` allows.
 */
export const adguard: FeedFormat = {
  comment: '! ',
  exceptions: true,
  says: ({ kind }) => (kind === 'domain' || kind === 'host' ? 'whole' : null),
  *write({ entries, allowed }) {
    for (const { kind, value } of entries) yield kind === 'domain' ? `||${value}^` : value;
    for (const name of allowed) yield `@@||${name}^`;
  },
};
