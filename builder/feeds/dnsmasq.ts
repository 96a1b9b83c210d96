import type { FeedFormat } from './format.js';

/**
 * A configuration file for dnsmasq. `local=/name/` answers NXDOMAIN for the name and all below it; single names become
 * host records, because no other option of dnsmasq stops at the name.
 */
export const dnsmasq: FeedFormat = {
  comment: '# ',
  exceptions: true,
  says: ({ kind }) => (kind === 'domain' || kind === 'host' ? 'whole' : null),
  *write({ entries, allowed }) {
    for (const { kind, value } of entries)
      yield kind === 'domain' ? `local=/${value}/` : `host-record=${value},0.0.0.0,::`;
    for (const name of allowed) yield `server=/${name}/#`;
  },
};
