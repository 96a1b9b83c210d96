import { namePattern } from '../keys/roles.js';

/** What feeds are written for. A format's name has no hyphen. */
export const feedFormatNames = [
  'hosts',
  'domains',
  'addresses',
  'rpz',
  'dnsmasq',
  'unbound',
  'adguard',
  'nftables',
  'suricata',
  'snort',
  'zeek',
  'squid',
  'sigma',
  'stix',
] as const;
export type FeedFormatName = (typeof feedFormatNames)[number];

const plainText = 'text/plain; charset=utf-8';

/** The media type that each is served as. */
const mediaTypes: Readonly<Record<FeedFormatName, string>> = {
  hosts: plainText,
  domains: plainText,
  addresses: plainText,
  rpz: 'text/dns; charset=utf-8', // RFC 4027
  dnsmasq: plainText,
  unbound: plainText,
  adguard: plainText,
  nftables: plainText,
  suricata: plainText,
  snort: plainText,
  zeek: plainText,
  squid: plainText,
  sigma: 'application/yaml', // RFC 9512
  stix: 'application/stix+json;version=2.1',
};

/** Larger feeds are neither built nor committed; devices that poll them hold less. */
export const maxFeedBytes = 64 * 1_048_576;

/** A feed among the repository's targets: `<feature>/<pack>/<channel>.feed.<name>` (docs/spec/repository.md). */
export interface FeedPath {
  readonly feature: string;
  readonly pack: string;
  readonly channel: string;
  /** The format, or the format, a hyphen and a word that tells it from others: `hosts`, `hosts-strict`. */
  readonly name: string;
}

export function feedPath({ feature, pack, channel, name }: FeedPath): string {
  return `${feature}/${pack}/${channel}.feed.${name}`;
}

/** Null for another form of path, and for a name of no known format. */
export function parseFeedPath(path: string): FeedPath | null {
  const [, feature = '', pack = '', channel = '', name = ''] =
    /^([a-z0-9-]+)\/([a-z0-9-]+)\/([a-z0-9-]+)\.feed\.([a-z0-9-]+)$/.exec(path) ?? [];
  const isNamed = [feature, pack, channel].every((part) => namePattern.test(part) && part.length <= 64);
  return isNamed && feedFormatOf(name) !== null ? { feature, pack, channel, name } : null;
}

/** The format that a feed's name tells, or null. */
export function feedFormatOf(name: string): FeedFormatName | null {
  if (!namePattern.test(name) || name.length > 64) return null;
  return feedFormatNames.find((format) => name === format || name.startsWith(`${format}-`)) ?? null;
}

export function feedMediaType(format: FeedFormatName): string {
  return mediaTypes[format];
}
