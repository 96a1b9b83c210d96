import { ipv4Number, isIpv4, normaliseIp } from './address.js';
import { CidrTable } from './cidr-table.js';
import { domainSuffixes, normaliseDomain } from './domain.js';
import { HostTable } from './host-table.js';
import type { Indicator } from './indicator.js';
import { ipv6In } from './ipv6-token.js';

const maxNameLength = 253;

/** By character code: 1 for letters, `-` and `_`, 2 for digits, 4 for the dot; everything else ends a token. */
const tokenClass = new Uint8Array(128);
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_')
  tokenClass[character.charCodeAt(0)] = 1;
for (const character of '0123456789') tokenClass[character.charCodeAt(0)] = 2;
tokenClass['.'.charCodeAt(0)] = 4;

/** Domains with everything below them, single names, addresses and networks, by table look-ups alone. */
export class HostMatcher<T extends Indicator> {
  readonly #hosts = new HostTable<T>();
  readonly #networks = new CidrTable<T>();
  #hasIpv6 = false;

  add(indicator: T): void {
    this.#hasIpv6 ||= indicator.value.includes(':');
    if (indicator.type === 'cidr') this.#networks.add(indicator.value, indicator);
    else this.#hosts.add(indicator.value, indicator);
  }

  /** `host` in any spelling of a domain name or an address; other text matches nothing. */
  match(host: string): T[] {
    const found: T[] = [];
    const address = normaliseIp(host);
    const name = address ?? normaliseDomain(host);
    if (address !== null) this.#matchAddress(address, found);
    else if (name !== null)
      for (const suffix of domainSuffixes(name))
        for (const indicator of this.#hosts.get(suffix))
          if (indicator.type === 'domain' || suffix.length === name.length) found.push(indicator);
    return found;
  }

  /** A name whose being in a text {@link mayMatchText} tells, and which matches nothing itself. */
  addGate(host: string): void {
    this.#hasIpv6 ||= host.includes(':');
    this.#hosts.addGate(host);
  }

  /** Every name and address that stands in a text between other characters. */
  matchText(text: string): T[] {
    const found: T[] = [];
    this.#forEachToken(text, (start, end, classes) => {
      this.#matchToken(text, start, end, classes, found);
      return false;
    });
    if (this.#hasIpv6) for (const address of ipv6In(text)) this.#matchAddress(address, found);
    return found;
  }

  /** Whether the text holds a name or address that matches, or a gate. */
  mayMatchText(text: string): boolean {
    if (this.#hosts.size === 0 && this.#networks.isEmpty) return false;
    return (
      this.#forEachToken(text, (start, end, classes) =>
        (classes & 1) === 0
          ? this.#mayHoldAddress(text, start, end)
          : (classes & 8) === 0
            ? this.#hosts.hasEndOf(text, start, end)
            : this.#mayHoldName(text.slice(start, end)),
      ) ||
      (this.#hasIpv6 && ipv6In(text).length > 0)
    );
  }

  #mayHoldAddress(text: string, start: number, end: number): boolean {
    if (this.#hosts.hasWhole(text, start, end)) return true;
    if (this.#networks.isEmpty) return false;
    const address = text.slice(start, end);
    return isIpv4(address) && this.#networks.findIpv4(ipv4Number(address)).length > 0;
  }

  #mayHoldName(token: string): boolean {
    const name = normaliseDomain(token);
    return name !== null && this.#hosts.hasEndOf(name, 0, name.length);
  }

  /** Whether `visit` says so of some token with a dot in it, without the dots and dashes around it. */
  #forEachToken(text: string, visit: (start: number, end: number, classes: number) => boolean): boolean {
    if (this.#hosts.size === 0 && this.#networks.isEmpty) return false;
    for (let at = 0; at < text.length;) {
      const start = at;
      let classes = 0;
      let next = 0;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        next = code < 128 ? (tokenClass[code] ?? 0) : 8;
        if (next === 0) break;
        classes |= next;
      }
      if ((classes & 4) !== 0 && at - start > 2) {
        let from = start;
        let to = at;
        while (from < to && isPunctuation(text.charCodeAt(from))) from++;
        while (to > from && isPunctuation(text.charCodeAt(to - 1))) to--;
        if (to - from <= maxNameLength && visit(from, to, classes)) return true;
      }
      if (next === 0) at++;
    }
    return false;
  }

  #matchToken(text: string, start: number, end: number, classes: number, found: T[]): void {
    if ((classes & 1) === 0) {
      const isKnown = this.#hosts.hasWhole(text, start, end);
      if (!isKnown && this.#networks.isEmpty) return;
      const address = text.slice(start, end);
      if (isIpv4(address)) this.#matchAddress(address, found);
    } else if ((classes & 8) === 0)
      this.#hosts.findEndsOf(text, start, end, (indicator, isWhole) => {
        if (isWhole || indicator.type === 'domain') found.push(indicator);
      });
    else found.push(...this.match(text.slice(start, end)));
  }

  #matchAddress(address: string, found: T[]): void {
    for (const indicator of this.#hosts.get(address)) found.push(indicator);
    if (!this.#networks.isEmpty) for (const indicator of this.#networks.find(address)) found.push(indicator);
  }
}

function isPunctuation(code: number): boolean {
  return code === 0x2e || code === 0x2d; // a dot ends a sentence or stands for DNS's root, a dash opens an option
}
