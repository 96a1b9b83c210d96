import { domainToASCII } from 'node:url';

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const asciiDomain = new RegExp(`^(?:${label}\\.)+${label}$`);
const maxTextLength = 1024; // room for defanged dots and for Unicode
const maxDomainLength = 253; // RFC 1035 section 2.3.4, without the root's dot

/**
 * Undoes the spellings that keep an indicator from being clicked on: `hxxp://`, `fxp://`, `evil[.]com`, `evil(dot)com`, `[:]//`,
 * `user[at]evil[.]com`.
 */
export function refang(text: string): string {
  const schemed = /^h[x*t][x*t]p/i.test(text)
    ? text.replace(/^h..p/i, 'http')
    : /^f[x*]ps?[:[({]/i.test(text)
      ? text.replace(/^f.p/i, 'ftp')
      : text;
  if (!/[[({\]]/.test(schemed)) return schemed;
  return schemed
    .replace(/[[({]\s*(?:\.|dot)\s*[\])}]/gi, '.')
    .replace(/[[({]\s*(:\/\/|\/\/|:|\/)\s*[\])}]/g, '$1')
    .replace(/[[({]\s*(?:@|at)\s*[\])}]/gi, '@')
    .replace(/\[\.|\.\]/g, '.');
}

/**
 * A domain name as DNS compares it: refanged, IDNA to ASCII (UTS 46), lower case, without the root's dot. Null for
 * anything else: an address, a single label, a name with a port or path.
 */
export function normaliseDomain(text: string): string | null {
  if (text.length > maxTextLength) return null;
  let name = text.toLowerCase();
  if (!asciiDomain.test(name)) {
    name = refang(name);
    if (/[\s/:@%?#\\]/.test(name)) return null;
    name = domainToASCII(name);
    if (name.endsWith('.')) name = name.slice(0, -1);
    if (!asciiDomain.test(name)) return null;
  }
  if (name.length > maxDomainLength) return null;
  const last = name.slice(name.lastIndexOf('.') + 1);
  return /^(?:\d+|0x[0-9a-f]*)$/.test(last) ? null : name; // a URL parser would read such a name as an IPv4 address
}

/** The domain itself, then its parents down to the last label: `a.b.c`, `b.c`, `c`. */
export function* domainSuffixes(domain: string): Generator<string> {
  for (let at = 0; ;) {
    yield domain.slice(at);
    const dot = domain.indexOf('.', at);
    if (dot < 0) return;
    at = dot + 1;
  }
}
