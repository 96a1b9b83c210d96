import { parseAddress, parseCidr, type CidrRange } from './address.js';
import { CidrTable } from './cidr-table.js';

/** IANA special-purpose address registries (RFC 6890 and its updates): never the address of somebody else. */
export const reservedNetworks: readonly (readonly [cidr: string, use: string])[] = [
  ['0.0.0.0/8', 'this network, RFC 791'],
  ['10.0.0.0/8', 'private use, RFC 1918'],
  ['100.64.0.0/10', 'carrier-grade NAT, RFC 6598'],
  ['127.0.0.0/8', 'loopback, RFC 1122'],
  ['169.254.0.0/16', 'link local, RFC 3927'],
  ['172.16.0.0/12', 'private use, RFC 1918'],
  ['192.0.0.0/24', 'protocol assignments, RFC 6890'],
  ['192.168.0.0/16', 'private use, RFC 1918'],
  ['198.18.0.0/15', 'benchmarks, RFC 2544'],
  ['224.0.0.0/4', 'multicast, RFC 5771'],
  ['240.0.0.0/4', 'reserved, RFC 1112'],
  ['::/127', 'unspecified and loopback, RFC 4291'],
  ['64:ff9b:1::/48', 'local translation, RFC 8215'],
  ['100::/64', 'discard only, RFC 6666'],
  ['fc00::/7', 'unique local, RFC 4193'],
  ['fe80::/10', 'link local, RFC 4291'],
  ['ff00::/8', 'multicast, RFC 4291'],
];

export const documentationNetworks: readonly (readonly [cidr: string, use: string])[] = [
  ['192.0.2.0/24', 'documentation, RFC 5737'],
  ['198.51.100.0/24', 'documentation, RFC 5737'],
  ['203.0.113.0/24', 'documentation, RFC 5737'],
  ['2001:db8::/32', 'documentation, RFC 3849'],
  ['3fff::/20', 'documentation, RFC 9637'],
];

/** Resolvers that their operators publish, and the servers of the root: to block one takes away name service, not malware. */
// prettier-ignore
export const publicResolvers: readonly (readonly [operator: string, addresses: readonly string[]])[] = [
  ['Cloudflare', ['1.0.0.1', '1.0.0.2', '1.0.0.3', '1.1.1.1', '1.1.1.2', '1.1.1.3', '2606:4700:4700::1001', '2606:4700:4700::1002', '2606:4700:4700::1003', '2606:4700:4700::1111', '2606:4700:4700::1112', '2606:4700:4700::1113']],
  ['Google', ['8.8.4.4', '8.8.8.8', '2001:4860:4860::8844', '2001:4860:4860::8888']],
  ['Quad9', ['9.9.9.9', '9.9.9.10', '9.9.9.11', '149.112.112.9', '149.112.112.10', '149.112.112.11', '149.112.112.112', '2620:fe::9', '2620:fe::10', '2620:fe::11', '2620:fe::fe']],
  ['OpenDNS', ['208.67.220.123', '208.67.220.220', '208.67.222.123', '208.67.222.222', '2620:119:35::35', '2620:119:53::53']],
  ['AdGuard', ['94.140.14.14', '94.140.14.15', '94.140.14.140', '94.140.14.141', '94.140.15.15', '94.140.15.16', '2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff']],
  ['CleanBrowsing', ['185.228.168.9', '185.228.168.10', '185.228.168.168', '185.228.169.9', '185.228.169.11', '185.228.169.168']],
  ['Control D', ['76.76.2.0', '76.76.2.1', '76.76.2.2', '76.76.10.0', '76.76.10.1', '76.76.10.2']],
  ['Comodo', ['8.20.247.20', '8.26.56.26']],
  ['Vercara', ['64.6.64.6', '64.6.65.6', '156.154.70.1', '156.154.71.1', '156.154.70.5', '156.154.71.5']],
  ['Level 3', ['4.2.2.1', '4.2.2.2', '4.2.2.3', '4.2.2.4', '4.2.2.5', '4.2.2.6']],
  ['Yandex', ['77.88.8.1', '77.88.8.2', '77.88.8.3', '77.88.8.7', '77.88.8.8', '77.88.8.88']],
  ['114DNS', ['114.114.114.114', '114.114.115.115']],
  ['Alibaba', ['223.5.5.5', '223.6.6.6']],
  ['Tencent', ['119.28.28.28', '119.29.29.29']],
  ['Baidu', ['180.76.76.76']],
  ['DNS.WATCH', ['84.200.69.80', '84.200.70.40']],
  ['Mullvad', ['194.242.2.2', '194.242.2.3', '194.242.2.4']],
  ['HiNet', ['168.95.1.1', '168.95.192.1']],
  ['Korea Telecom', ['168.126.63.1', '168.126.63.2']],
  ['the root of the DNS', ['198.41.0.4', '170.247.170.2', '192.33.4.12', '199.7.91.13', '192.203.230.10', '192.5.5.241', '192.112.36.4', '198.97.190.53', '192.36.148.17', '192.58.128.30', '193.0.14.129', '199.7.83.42', '202.12.27.33']],
];

/** Networks of the edges of content delivery, as their operators publish them: behind each address are very many sites. */
// prettier-ignore
export const sharedNetworks: readonly (readonly [operator: string, cidrs: readonly string[]])[] = [
  ['Cloudflare', ['103.21.244.0/22', '103.22.200.0/22', '103.31.4.0/22', '104.16.0.0/13', '104.24.0.0/14', '108.162.192.0/18', '131.0.72.0/22', '141.101.64.0/18', '162.158.0.0/15', '172.64.0.0/13', '173.245.48.0/20', '188.114.96.0/20', '190.93.240.0/20', '197.234.240.0/22', '198.41.128.0/17', '2400:cb00::/32', '2405:8100::/32', '2405:b500::/32', '2606:4700::/32', '2803:f800::/32', '2a06:98c0::/29', '2c0f:f248::/32']],
  ['Fastly', ['23.235.32.0/20', '43.249.72.0/22', '103.244.50.0/24', '103.245.222.0/23', '104.156.80.0/20', '140.248.64.0/18', '146.75.0.0/17', '151.101.0.0/16', '157.52.64.0/18', '167.82.0.0/17', '185.31.16.0/22', '199.27.72.0/21', '199.232.0.0/16', '2a04:4e40::/32', '2a04:4e42::/32']],
  ['Amazon CloudFront', ['13.32.0.0/15', '13.224.0.0/14', '18.64.0.0/14', '52.84.0.0/15', '54.182.0.0/16', '54.192.0.0/16', '54.230.0.0/17', '99.84.0.0/16', '99.86.0.0/16', '143.204.0.0/16', '205.251.249.0/24', '2600:9000::/28']],
  ['Akamai', ['2.16.0.0/13', '23.0.0.0/12', '23.32.0.0/11', '23.192.0.0/11', '95.100.0.0/15', '96.16.0.0/15', '104.64.0.0/10', '184.24.0.0/13', '184.50.0.0/15', '184.84.0.0/14']],
  ['Google', ['64.233.160.0/19', '74.125.0.0/16', '142.250.0.0/15', '172.217.0.0/16', '172.253.0.0/16', '173.194.0.0/16', '209.85.128.0/17', '216.58.192.0/19', '2607:f8b0::/32', '2a00:1450::/32']],
  ['Microsoft', ['13.107.6.0/24', '13.107.18.0/24', '13.107.21.0/24', '13.107.42.0/24', '13.107.128.0/22', '13.107.213.0/24', '13.107.246.0/24', '150.171.0.0/16', '204.79.197.0/24', '2620:1ec::/36']],
  ['GitHub', ['140.82.112.0/20', '185.199.108.0/22', '192.30.252.0/22']],
];

/** Networks and addresses with what they are for; asked which of them a network or an address meets. */
export class KnownNetworks {
  readonly #known: readonly { readonly range: Range; readonly said: string }[];
  readonly #addresses = new Map<string, string>();
  readonly #networks = new CidrTable<string>();

  constructor(entries: readonly (readonly [network: string, said: string])[]) {
    this.#known = entries.map(([network, said]) => ({ range: rangeOf(network), said }));
    for (const [network, said] of entries)
      if (network.includes('/')) this.#networks.add(network, said);
      else this.#addresses.set(network, said);
  }

  /** What is said about an entry that shares an address with `network` (an address or a network in normal form), or null. */
  meeting(network: string): string | null {
    if (!network.includes('/')) return this.#addresses.get(network) ?? this.#networks.find(network)[0] ?? null;
    const { bits, first, last } = rangeOf(network);
    return (
      this.#known.find(({ range }) => range.bits === bits && range.first <= last && range.last >= first)?.said ?? null
    );
  }
}

type Range = Pick<CidrRange, 'bits' | 'first' | 'last'>;

function rangeOf(network: string): Range {
  const range = parseCidr(network);
  if (range !== null) return range;
  const address = parseAddress(network, false);
  if (address === null) throw new TypeError(`network: expected an address or a network, got "${network}"`);
  return { bits: address.bits, first: address.number, last: address.number };
}
