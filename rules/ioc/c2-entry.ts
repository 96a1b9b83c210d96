import { refang } from './domain.js';
import type { Problem } from './pattern.js';
import { normaliseValue, quote } from './value.js';

type C2Type = 'domain' | 'ip' | 'cidr' | 'url';

interface Wanted {
  readonly type: C2Type;
  /** In normal form. */
  readonly value: string;
}

export interface C2Entry {
  readonly wanted: readonly Wanted[];
  /** What of the entry does not count, for a warning. */
  readonly note: { readonly code: 'port-dropped' | 'scheme-unknown'; readonly said: string } | null;
}

/** Schemes that logs and memory show; a URL with another one is more likely defanged in a way that nobody knows. */
const schemes =
  /^(?:https?|ftps?|sftp|tftp|wss?|tcp|udp|tls|ssl|quic|ssh|smb|ldaps?|rmi|dns|iiop|telnet|rdp|vnc|ircs?|gopher|file|git|svn|mqtts?|socks[45]?|rtsp|sips?|s3|gs|news|nntp|nfs|dict|magnet|stratum[a-z0-9]*|(?:git|svn|hg|bzr|stratum[a-z0-9]*|daemon)\+[a-z]+):/;

/** Names of a hosts file that are this host's own. */
const ownNames = /^(?:localhost|localhost\.localdomain|localhost[46]?|local|broadcasthost|ip6-\w+|0\.0\.0\.0)$/i;

/**
 * One entry of a list of bad hosts: a domain, an address, a network or a URL, defanged or not; also as host with its port
 * (which is dropped), host with a path (the URL under http and https), a line of a hosts file, a rule of an ad blocker, in
 * quotes, with a comma behind.
 */
export function parseC2Entry(written: string): C2Entry | Problem {
  const text = unwrap(written);
  const found = (wanted: C2Entry['wanted'], note: C2Entry['note'] = null): C2Entry => ({ wanted, note });
  const hosts = /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(\S.*)$/.exec(text)?.[1];
  if (hosts !== undefined) {
    const names = hosts.split(/\s+/).filter((name) => !ownNames.test(name));
    const wanted: Wanted[] = [];
    for (const name of names) {
      const value = normaliseValue('domain', name);
      if (typeof value !== 'string') return refuse(name);
      wanted.push({ type: 'domain', value });
    }
    return found(wanted);
  }
  const fanged = refang(text);
  if (/^[a-z0-9+*.-]+:\/\//i.test(fanged)) {
    const value = normaliseValue('url', text);
    if (typeof value !== 'string') return value;
    const scheme = value.slice(0, value.indexOf(':'));
    const said = `expected a known scheme, got ${quote(scheme)}`;
    return found([{ type: 'url', value }], schemes.test(value) ? null : { code: 'scheme-unknown', said });
  }
  const host = hostOf(text.replace(/^(.*)\/(?:32(?<!:.*)|128)$/, '$1'));
  if (host !== null) return 'problem' in host ? host : found([host]);
  const [, beforePort, bracketed, port] =
    /^(?:([^\s:/[\]]+)|\[([0-9a-f:.]+)\]):(\d{1,5})$/i.exec(fanged) ??
    /^(?:()|\[([0-9a-f:.]+)\])()$/i.exec(fanged) ??
    [];
  const alone = hostOf(beforePort || bracketed || '');
  if (alone !== null && !('problem' in alone)) {
    const said = `expected a host alone, got port ${port ?? ''} too (dropped)`;
    return found([alone], port === '' ? null : { code: 'port-dropped', said });
  }
  const isPath = /^([^\s/:[\]@]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/\S*$/i.test(fanged);
  if (fanged.endsWith('/') && !fanged.slice(0, -1).includes('/')) {
    const bare = parseC2Entry(fanged.slice(0, -1));
    if (!('problem' in bare)) return bare;
  }
  const wanted: Wanted[] = [];
  for (const scheme of isPath ? ['http', 'https'] : []) {
    const value = normaliseValue('url', `${scheme}://${fanged}`);
    if (typeof value !== 'string' || hostOf(new URL(value).hostname.replace(/^\[|\]$/g, '')) === null)
      return refuse(text);
    wanted.push({ type: 'url', value });
  }
  return wanted.length === 0 ? refuse(text) : found(wanted);
}

function refuse(text: string): Problem {
  return { problem: `expected a domain, an IP address, a network or a URL, got ${quote(text)}` };
}

/** Without quotes, a comma behind, and the marks of an ad blocker's rule. */
function unwrap(text: string): string {
  const bare = text
    .replace(/,$/, '')
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();
  return /^\|\|([^\s|^$/]+)\^?(?:\$[a-z0-9,~=_-]+)?$/i.exec(bare)?.[1] ?? bare;
}

/** Null for text that is no host. A network that is one of all addresses, say, is a problem. */
function hostOf(text: string): { type: C2Type; value: string } | Problem | null {
  const type = typeOf(text);
  // `*.evil.com` and `.evil.com` are `evil.com`, which takes its subdomains in
  const value = normaliseValue(type, type === 'domain' ? text.replace(/^\*?\./, '') : text);
  if (typeof value === 'string') return { type, value };
  return type === 'domain' ? null : value;
}

function typeOf(text: string): Exclude<C2Type, 'url'> {
  if (/^[0-9a-f:.[\]()]+\/\d+$/i.test(text)) return 'cidr';
  if (/^[\d.[\]()]+$/.test(text) || /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return 'ip';
  return 'domain';
}
