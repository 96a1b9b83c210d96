import { domainSuffixes } from '../../rules/ioc/domain.js';
import { parentIn } from './coverage.js';
import type { FeedContent, FeedFormat } from './format.js';

/** Leaves room for `*.` and the zone's own name within the 253 characters of a name. */
const maxNameLength = 200;
const secondsToLive = 300;

/**
 * A response policy zone (draft-vixie-dnsop-dns-rpz-00): NXDOMAIN for the names, and for answers with one of the
 * addresses. Names are relative to the zone, whatever the resolver calls it; the serial is the pack's sequence.
 */
export const rpz: FeedFormat = {
  comment: '; ',
  exceptions: true,
  says: ({ kind, value }) => {
    if (kind === 'address' || kind === 'network') return 'whole';
    return (kind === 'domain' || kind === 'host') && value.length <= maxNameLength ? 'whole' : null;
  },
  *write(content) {
    yield `$TTL ${secondsToLive}`;
    yield `@ IN SOA localhost. hostmaster.localhost. ${content.heading.sequence % 2 ** 32} 3600 600 604800 ${secondsToLive}`;
    yield '@ IN NS localhost.';
    yield* names(content);
    for (const { kind, value } of content.entries)
      if (kind === 'address' || kind === 'network') yield `${addressTrigger(value)}.rpz-ip CNAME .`;
  },
};

function* names({ entries, allowed }: FeedContent): Generator<string> {
  const domains = new Set(entries.filter(({ kind }) => kind === 'domain').map(({ value }) => value));
  const between = allowed.flatMap((name) => namesBetween(name, parentIn(name, domains)));
  for (const name of [...new Set([...domains, ...between])].sort()) yield* both(name, '.');
  for (const name of allowed) yield* both(name, 'rpz-passthru.');
  for (const { kind, value } of entries) if (kind === 'host') yield `${value} CNAME .`;
}

function both(name: string, target: string): string[] {
  return [`${name} CNAME ${target}`, `*.${name} CNAME ${target}`];
}

/** A name that exists ends the reach of a wildcard above it (RFC 4592 section 2.2.2), so each needs its own. */
function namesBetween(name: string, domain: string | null): string[] {
  const found: string[] = [];
  for (const suffix of domainSuffixes(name)) {
    if (suffix === domain) break;
    if (suffix !== name) found.push(suffix);
  }
  return found;
}

/** `24.0.2.0.192` for 192.0.2.0/24, `48.zz.db8.2001` for 2001:db8::/48: the parts backwards, behind the prefix's length. */
function addressTrigger(value: string): string {
  const [address = '', prefix] = value.split('/');
  if (!address.includes(':')) return [prefix ?? '32', ...address.split('.').reverse()].join('.');
  const groups = address
    .replace(/^::/, 'zz:')
    .replace(/::$/, ':zz')
    .replace('::', ':zz:')
    .split(':')
    .filter((group) => group !== '');
  return [prefix ?? '128', ...groups.reverse()].join('.');
}
