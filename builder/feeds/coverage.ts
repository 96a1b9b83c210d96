import { parseAddress, parseCidr } from '../../rules/ioc/address.js';
import { CidrTable } from '../../rules/ioc/cidr-table.js';
import { domainSuffixes } from '../../rules/ioc/domain.js';
import type { Indicator } from '../../rules/ioc/indicator.js';
import type { FeedEntry } from './entry.js';

/** What a pack trusts, as far as hosts and addresses go. A trusted name inside a blocked domain stands for all below it. */
export class TrustedHosts {
  readonly #domains = new Set<string>();
  readonly #hosts = new Set<string>();
  readonly #networks = new CidrTable<string>();
  readonly #ranges: { readonly bits: number; readonly first: bigint; readonly last: bigint }[] = [];

  constructor(trusted: readonly Indicator[]) {
    for (const indicator of trusted) this.#trust(indicator);
  }

  #trust(indicator: Indicator): void {
    const { value } = indicator;
    switch (indicator.type) {
      case 'domain':
        this.#domains.add(value);
        break;
      case 'fqdn':
        this.#hosts.add(value);
        break;
      case 'ip':
        this.#trustNetwork(`${value}/${value.includes(':') ? 128 : 32}`, value);
        break;
      case 'cidr':
        this.#trustNetwork(value, value);
        break;
      // Of no use to a device that blocks hosts.
      case 'md5':
      case 'sha1':
      case 'sha256':
      case 'imphash':
      case 'filename':
      case 'url':
      case 'email':
      case 'keyword':
      case 'pipe':
      case 'handle':
      case 'registry-key':
        break;
      default:
        indicator.type satisfies never;
    }
  }

  #trustNetwork(cidr: string, value: string): void {
    this.#networks.add(cidr, value);
    const range = parseCidr(cidr);
    if (range !== null) this.#ranges.push(range);
  }

  /** Whether blocking the entry would block what is trusted, or nothing else. */
  holds({ kind, value }: FeedEntry): boolean {
    switch (kind) {
      case 'domain':
      case 'host':
        return this.#hosts.has(value) || this.#isBelow(value);
      case 'url': {
        const host = new URL(value).hostname.replace(/^\[|\]$/g, '');
        if (parseAddress(host) !== null) return this.#networks.find(host).length > 0;
        return this.#hosts.has(host) || this.#isBelow(host);
      }
      case 'address':
        return this.#networks.find(value).length > 0;
      case 'network': {
        const range = parseCidr(value);
        return (
          range !== null &&
          this.#ranges.some(
            ({ bits, first, last }) => bits === range.bits && first <= range.last && range.first <= last,
          )
        );
      }
      case 'pattern':
      case 'email':
      case 'md5':
      case 'sha1':
      case 'sha256':
      case 'other':
        return false;
    }
  }

  /** Trusted names strictly below one of the domains, sorted; of two, one below the other, the upper. */
  exceptions(domains: ReadonlySet<string>): string[] {
    const found = new Set<string>();
    for (const name of [...this.#domains, ...this.#hosts]) if (parentIn(name, domains) !== null) found.add(name);
    return [...found].filter((name) => parentIn(name, found) === null).sort();
  }

  #isBelow(name: string): boolean {
    return this.#domains.has(name) || parentIn(name, this.#domains) !== null;
  }
}

/** The nearest of `domains` that the name stands strictly below. */
export function parentIn(name: string, domains: ReadonlySet<string>): string | null {
  for (const suffix of domainSuffixes(name)) if (suffix !== name && domains.has(suffix)) return suffix;
  return null;
}

/**
 * Without the names and addresses that another entry of the same list covers: several consumers refuse a list that names
 * both `example.org` with everything below it and `www.example.org`. `wholeDomains`: whether domains stand for what is below.
 */
export function withoutCovered(entries: readonly FeedEntry[], wholeDomains: boolean): FeedEntry[] {
  const domains = new Set(entries.filter(({ kind }) => kind === 'domain').map(({ value }) => value));
  const networks = new CidrTable<string>();
  for (const { kind, value } of entries) if (kind === 'network') networks.add(value, value);
  return entries.filter(({ kind, value }) => {
    if (kind === 'host') return !domains.has(value) && !(wholeDomains && parentIn(value, domains) !== null);
    if (kind === 'domain') return !wholeDomains || parentIn(value, domains) === null;
    if (kind === 'address') return networks.find(value).length === 0;
    if (kind !== 'network') return true;
    return networks.find(value.slice(0, value.indexOf('/'))).every((wider) => prefixOf(wider) >= prefixOf(value));
  });
}

function prefixOf(cidr: string): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}
