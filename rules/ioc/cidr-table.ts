import { ipv4Number, isIpv4, parseAddress, parseCidr } from './address.js';

/** Networks by the length of their prefix: one look-up for each length in use, however many networks there are. */
export class CidrTable<T> {
  readonly #ipv4 = new Map<number, Map<number, T[]>>();
  readonly #ipv6 = new Map<number, Map<bigint, T[]>>();

  get isEmpty(): boolean {
    return this.#ipv4.size === 0 && this.#ipv6.size === 0;
  }

  /** `cidr` must be in normal form. */
  add(cidr: string, value: T): void {
    const range = parseCidr(cidr);
    if (range === null) throw new TypeError(`cidr table: expected address/prefix, got "${cidr}"`);
    if (range.bits === 32) push(this.#ipv4, range.prefix, Number(range.first), value);
    else push(this.#ipv6, range.prefix, range.first, value);
  }

  /** As {@link find}, for the unsigned 32-bit value of an IPv4 address. */
  findIpv4(number: number): T[] {
    const found: T[] = [];
    for (const [prefix, networks] of this.#ipv4) {
      const values = networks.get(number - (number % 2 ** (32 - prefix)));
      if (values !== undefined) found.push(...values);
    }
    return found;
  }

  /** The values of all networks that hold the address; none for other text. */
  find(address: string): T[] {
    if (isIpv4(address)) return this.findIpv4(ipv4Number(address));
    const found: T[] = [];
    if (this.#ipv6.size === 0) return found;
    const parsed = parseAddress(address, false);
    if (parsed?.bits !== 128) return found;
    for (const [prefix, networks] of this.#ipv6) {
      const hostBits = BigInt(128 - prefix);
      const values = networks.get((parsed.number >> hostBits) << hostBits);
      if (values !== undefined) found.push(...values);
    }
    return found;
  }
}

function push<K, T>(table: Map<number, Map<K, T[]>>, prefix: number, first: K, value: T): void {
  let networks = table.get(prefix);
  if (networks === undefined) table.set(prefix, (networks = new Map<K, T[]>()));
  const values = networks.get(first);
  if (values === undefined) networks.set(first, [value]);
  else values.push(value);
}
