import { normaliseIp } from './address.js';

/** Everything that an address and its neighbours of hex digits, colons and dots may be; each run is taken once. */
const run = /[0-9a-f:.]{3,80}/gi;

/** RFC 4291 section 2.4: where the addresses of other people's hosts are. */
const globalUnicast = /^[23][0-9a-f]{3}:/i;

/**
 * The IPv6 addresses in a text, in normal form. Colons and dots also divide an address from what stands beside it
 * (`src:2001:db8::1`, `2001:db8::1: timeout`, tcpdump's `2001:db8::1.443`), so of each run of their characters those parts
 * are tried, the longest first, that punctuation, a word in front, or a port behind leave.
 */
export function ipv6In(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(run)) {
    const [raw] = match;
    if (!mayBeAddress(raw)) continue;
    const end = match.index + raw.length;
    if (isWord(text.charCodeAt(end))) continue; // a word goes on behind it
    const address = addressIn(raw, isWord(text.charCodeAt(match.index - 1)));
    if (address === null) continue;
    found.push(address.normal);
    // a line's number or a word of hex digits in front: no host of the public network has such an address
    const rest = globalUnicast.test(address.written) ? null : addressIn(address.written, true);
    if (rest !== null && globalUnicast.test(rest.written)) found.push(rest.normal);
  }
  return found;
}

/** `::` or seven colons: what a time, a MAC address, or a label is not. */
function mayBeAddress(raw: string): boolean {
  return raw.includes('::') || raw.split(':', 9).length >= 8;
}

/** `hasWordBefore`: the digits up to the first colon belong to a word (`src:`). */
function addressIn(raw: string, hasWordBefore: boolean): { written: string; normal: string } | null {
  const body = hasWordBefore ? raw.slice(raw.indexOf(':') + 1) : raw;
  const trimmed = body.replace(/^\.+/, '').replace(/\.+$/, '');
  const withoutPort = /^[^.]*(?=\.\d{1,5}:?$)/.exec(trimmed)?.[0];
  for (const candidate of [
    trimmed,
    trimmed.replace(/:$/, ''),
    trimmed.replace(/^:/, ''),
    trimmed.replace(/^:|:$/g, ''),
    withoutPort,
    withoutPort?.replace(/^:/, ''),
    /^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?=:\d{1,5}$)/i.exec(trimmed)?.[0],
  ]) {
    if (candidate === undefined || !candidate.includes(':')) continue;
    const normal = normaliseIp(candidate);
    if (normal?.includes(':') === true) return { written: candidate, normal };
  }
  return null;
}

/** Not a number beyond the ends of the text. */
function isWord(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f
  );
}
