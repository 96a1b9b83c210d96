import { normaliseIp } from './address.js';
import { CidrTable } from './cidr-table.js';
import { domainSuffixes, normaliseDomain } from './domain.js';
import type { Indicator } from './indicator.js';

const token = /[A-Za-z0-9_.\-\u0080-\uFFFF]{3,}/g;
const ipv6Token = /(?:[0-9a-f]{0,4}:){2,8}(?:[0-9a-f.]{0,15})/gi;
const maxNameLength = 253;

/** Domains with everything below them, single names, addresses and networks, by table look-ups alone. */
export class HostMatcher<T extends Indicator> {
  readonly #domains = new Map<string, T[]>();
  readonly #names = new Map<string, T[]>();
  readonly #addresses = new Map<string, T[]>();
  readonly #networks = new CidrTable<T>();
  #hasIpv6 = false;
  #size = 0;

  add(indicator: T): void {
    this.#size++;
    this.#hasIpv6 ||= indicator.value.includes(':');
    if (indicator.type === 'cidr') this.#networks.add(indicator.value, indicator);
    else if (indicator.type === 'domain') push(this.#domains, indicator.value, indicator);
    else if (indicator.type === 'fqdn') push(this.#names, indicator.value, indicator);
    else push(this.#addresses, indicator.value, indicator);
  }

  /** `host` in any spelling of a domain name or an address; other text matches nothing. */
  match(host: string): T[] {
    const address = normaliseIp(host);
    if (address !== null) return this.#matchAddress(address);
    const name = normaliseDomain(host);
    return name === null ? [] : this.#matchName(name);
  }

  /** Every name and address that stands in a text between other characters. */
  matchText(text: string): T[] {
    const found: T[] = [];
    if (this.#size === 0) return found;
    for (const [raw] of text.matchAll(token)) {
      const dot = raw.indexOf('.');
      if (dot < 0 || dot === raw.length - 1) continue;
      const word = trimPunctuation(raw);
      if (/^[\d.]+$/.test(word)) found.push(...this.#matchAddress(word));
      else found.push(...this.#matchName(isAscii(word) ? word.toLowerCase() : (normaliseDomain(word) ?? '')));
    }
    if (this.#hasIpv6)
      for (const [raw] of text.matchAll(ipv6Token)) found.push(...this.#matchAddress(normaliseIp(raw) ?? ''));
    return found;
  }

  #matchName(name: string): T[] {
    const found: T[] = [];
    if (this.#names.size > 0) found.push(...(this.#names.get(name) ?? []));
    if (this.#domains.size === 0 || name.length > maxNameLength) return found;
    for (const suffix of domainSuffixes(name)) {
      const known = this.#domains.get(suffix);
      if (known !== undefined) found.push(...known);
    }
    return found;
  }

  #matchAddress(address: string): T[] {
    const known = this.#addresses.get(address);
    const networks = this.#networks.find(address);
    return known === undefined ? networks : [...known, ...networks];
  }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

function trimPunctuation(word: string): string {
  let start = 0;
  let end = word.length;
  while (start < end && (word[start] === '.' || word[start] === '-')) start++;
  while (end > start && (word[end - 1] === '.' || word[end - 1] === '-')) end--;
  return word.slice(start, end);
}

function push<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const values = table.get(key);
  if (values === undefined) table.set(key, [value]);
  else values.push(value);
}
