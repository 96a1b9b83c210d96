import type { FeedEntry } from './entry.js';
import type { FeedFormat, FeedHeading } from './format.js';
import { plainText } from './line.js';
import { SignatureIds, signatureRevision } from './signature-id.js';

/**
 * Rules for Suricata 5 and newer: names in DNS queries, TLS server names and HTTP hosts, addresses, and URLs of plain HTTP.
 * `dotprefix` puts a dot in front of the name, so that `.example.org` at its end is the name or one below it.
 */
export const suricata: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind, value }) => {
    if (kind === 'url') return /^http:\/\/[a-z0-9.-]+(?:\/|$)/.test(value) ? 'whole' : null;
    return kind === 'domain' || kind === 'host' || kind === 'address' || kind === 'network' ? 'whole' : null;
  },
  *write({ heading, entries }) {
    const ids = new SignatureIds();
    for (const entry of entries) for (const parts of rulesOf(entry)) yield ruleText(parts, entry, heading, ids);
  },
};

interface RuleParts {
  readonly protocol: string;
  readonly to: string;
  /** What is named in the message. */
  readonly what: string;
  /** Options that say what to look for; empty for an address. */
  readonly match: string;
}

function rulesOf({ kind, value }: FeedEntry): RuleParts[] {
  if (kind === 'address' || kind === 'network')
    return [{ protocol: 'ip', to: value, what: 'traffic to a listed address', match: '' }];
  if (kind === 'url') {
    const { hostname, pathname, search } = new URL(value);
    const path = pathname + search;
    const match = `http.host; ${nameMatch('host', hostname)} http.uri.raw; content:"${contentText(path)}"; bsize:${path.length};`;
    return [{ protocol: 'http', to: 'any', what: 'request for a listed url', match }];
  }
  const name = nameMatch(kind, value);
  return [
    { protocol: 'dns', to: 'any', what: `query for ${value}`, match: `dns.query; ${anyCase(name)}` },
    { protocol: 'tls', to: 'any', what: `tls to ${value}`, match: `tls.sni; ${anyCase(name)}` },
    { protocol: 'http', to: 'any', what: `http to ${value}`, match: `http.host; ${name}` }, // lower case already
  ];
}

function nameMatch(kind: string, name: string): string {
  return kind === 'domain' ? `dotprefix; content:".${name}"; endswith;` : `content:"${name}"; bsize:${name.length};`;
}

function anyCase(match: string): string {
  return match.replace('"; ', '"; nocase; ');
}

function ruleText(
  { protocol, to, what, match }: RuleParts,
  { kind, value, note }: FeedEntry,
  { feature, pack, sequence }: FeedHeading,
  ids: SignatureIds,
): string {
  const message = `yms ${feature}/${pack} ${what} - ${plainText(note, 120)}`;
  const id = ids.take(`suricata ${protocol} ${kind} ${value}`);
  const options = [
    `msg:"${message}";`,
    ...(match === '' ? [] : [match]),
    `sid:${id};`,
    `rev:${signatureRevision(sequence)};`,
  ];
  return `alert ${protocol} $HOME_NET any -> ${to} any (${options.join(' ')})`;
}

/** ASCII of a URL's path and query: everything that could end or bend the option stands as hexadecimal bytes. */
function contentText(text: string): string {
  return text.replace(/[^A-Za-z0-9/._~=&?+,-]/g, (character) => `|${character.charCodeAt(0).toString(16)}|`);
}
