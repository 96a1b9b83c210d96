import { isIPv4, isIPv6 } from 'node:net';

/** An address as eight 16-bit groups; IPv4 stands in its IPv4-mapped place (RFC 4291 section 2.5.5.2). */
export type Address = readonly number[];

/** A CIDR range; `prefixBits` counts over the 128 bits of {@link Address}. */
export interface Network {
  readonly address: Address;
  readonly prefixBits: number;
  /** Of an IPv6 range, none of which holds an IPv4 address (`::/0` and `::/64` would, as they are mapped). */
  readonly isIpv6: boolean;
}

const mappedBits = 96;

/** Rules compare one address with many networks, one after the other. */
const last: { text: string; address: Address | null } = { text: '', address: null };

/** Null for anything but one IPv4 or IPv6 address; a zone (`%eth0`) is dropped. */
export function parseAddress(text: string): Address | null {
  if (text !== last.text) {
    last.text = text;
    last.address = readAddress(text);
  }
  return last.address;
}

function readAddress(text: string): Address | null {
  if (isIPv4(text)) return [0, 0, 0, 0, 0, 0xffff, ...parseIpv4(text)];
  if (!isIPv6(text)) return null;
  const [plain = ''] = text.split('%', 1);
  const [head = '', tail] = plain.split('::', 2);
  const front = parseGroups(head);
  const back = tail === undefined ? [] : parseGroups(tail);
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

/** `address/prefix` or a single address; null for other text and for a range with bits set behind its prefix. */
export function parseNetwork(text: string): Network | null {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const [, addressText = '', prefixText] = match ?? [];
  const address = parseAddress(addressText);
  if (address === null) return null;
  const familyBits = isIPv4(addressText) ? 128 - mappedBits : 128;
  const prefix = prefixText === undefined ? familyBits : Number(prefixText);
  if (prefix > familyBits) return null;
  const isIpv6 = familyBits === 128 && !isMapped(address);
  const network = { address, prefixBits: prefix + 128 - familyBits, isIpv6 };
  const isExact = address.every((group, index) => (group & maskOf(network.prefixBits, index)) === group);
  return isExact ? network : null;
}

export function isInNetwork(address: Address, network: Network): boolean {
  if (network.isIpv6 && isMapped(address)) return false;
  for (let index = 0; index < 8; index++)
    if (((address[index] ?? 0) & maskOf(network.prefixBits, index)) !== network.address[index]) return false;
  return true;
}

/** ::ffff:0:0/96 */
function isMapped(address: Address): boolean {
  return address[5] === 0xffff && address.every((group, index) => index >= 5 || group === 0);
}

function maskOf(prefixBits: number, group: number): number {
  const bits = Math.min(16, Math.max(0, prefixBits - 16 * group));
  return (0xffff << (16 - bits)) & 0xffff;
}

function parseIpv4(text: string): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => (group.includes('.') ? parseIpv4(group) : [Number.parseInt(group, 16)]));
}
