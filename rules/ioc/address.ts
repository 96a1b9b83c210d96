import { isIPv6 } from 'node:net';

/** An IPv4 or IPv6 address as a whole number: 32 or 128 bits. */
export interface Address {
  readonly bits: 32 | 128;
  readonly number: bigint;
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/** Whether the text is dotted decimal without leading zeros, which some readers take as octal. */
export function isIpv4(text: string): boolean {
  return ipv4.test(text);
}

/** One spelling for one address: IPv6 after RFC 5952, IPv4 in IPv6 (`::ffff:1.2.3.4`) as IPv4. Null for other text. */
export function normaliseIp(text: string): string | null {
  if (isIpv4(text)) return text;
  const address = parseAddress(text);
  return address === null ? null : formatAddress(address);
}

/** `address/prefix` with the host's bits cleared; a prefix of the full length gives the bare address. Null for other text. */
export function normaliseCidr(text: string): string | null {
  const range = parseCidr(text);
  if (range === null) return null;
  const base = formatAddress({ bits: range.bits, number: range.first });
  return range.prefix === range.bits ? base : `${base}/${range.prefix}`;
}

export interface CidrRange {
  readonly bits: 32 | 128;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

export function parseCidr(text: string): CidrRange | null {
  const slash = text.indexOf('/');
  if (slash < 0 || !/^(?:0|[1-9]\d{0,2})$/.test(text.slice(slash + 1))) return null;
  const address = parseAddress(text.slice(0, slash), false);
  const prefix = Number(text.slice(slash + 1));
  if (address === null || prefix > address.bits) return null;
  const hostBits = BigInt(address.bits - prefix);
  const first = (address.number >> hostBits) << hostBits;
  return { bits: address.bits, prefix, first, last: first + (1n << hostBits) - 1n };
}

/** `unwrap` gives the IPv4 address inside an IPv4-mapped IPv6 address. */
export function parseAddress(text: string, unwrap = true): Address | null {
  if (isIpv4(text)) return { bits: 32, number: BigInt(ipv4Number(text)) };
  if (!isIPv6(text) || text.includes('%')) return null;
  const number = BigInt(`0x${expandIpv6(text)}`);
  if (unwrap && number >> 32n === 0xffffn) return { bits: 32, number: number & 0xffffffffn };
  return { bits: 128, number };
}

/** The unsigned 32-bit value of a text that {@link isIpv4}. */
export function ipv4Number(text: string): number {
  let value = 0;
  for (const octet of text.split('.')) value = value * 256 + Number(octet);
  return value;
}

/** 32 hex digits of a valid IPv6 address. */
function expandIpv6(text: string): string {
  const dotted = /[\d.]+$/.exec(text)?.[0] ?? '';
  let hex = text;
  if (dotted.includes('.')) {
    const tail = ipv4Number(dotted).toString(16).padStart(8, '0');
    hex = `${text.slice(0, -dotted.length)}${tail.slice(0, 4)}:${tail.slice(4)}`;
  }
  const [head = '', rest] = hex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = rest === undefined || rest === '' ? [] : rest.split(':');
  const middle = rest === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join('');
}

function formatAddress({ bits, number }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join('.');
  const hex = number.toString(16).padStart(32, '0');
  const groups = Array.from({ length: 8 }, (_, at) => parseInt(hex.slice(at * 4, at * 4 + 4), 16).toString(16));
  const run = longestZeroRun(groups);
  if (run === null) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.end).join(':')}`;
}

/** RFC 5952 section 4.2: the first longest run of at least two zero groups. */
function longestZeroRun(groups: readonly string[]): { start: number; end: number } | null {
  let best: { start: number; end: number } | null = null;
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === '0') end++;
    if (end - start >= 2 && end - start > (best === null ? 0 : best.end - best.start)) best = { start, end };
    if (end > start) start = end;
  }
  return best;
}
