import type { IndicatorType } from '../../rules/ioc/value.js';
import type { PoolMatch } from '../../rules/pools/pool.js';

/** What a part of an element is, which decides how indicators are compared with it. */
export type FactKind =
  'path' | 'hash' | 'imphash' | 'host' | 'address' | 'port' | 'url' | 'pipe' | 'handle' | 'registry-key' | 'text';

export interface ElementRow {
  /** For people. */
  readonly title: string;
  readonly facts: readonly FactKind[];
}

/**
 * The elements of a host, and what each is made of. One element is one file, one line, one event, one process, one
 * connection, one registry value: scores add up inside it. The strings of a file belong to the file's element.
 */
export const elementRows = {
  file: { title: 'file: its path and its hashes', facts: ['path', 'hash', 'imphash'] },
  'archive-member': {
    title: 'member of an archive or compressed file, also of one inside',
    facts: ['path', 'hash', 'imphash'],
  },
  strings: { title: 'strings of any other file or member, ASCII and UTF-16', facts: ['text'] },
  event: {
    title: 'event of an EVTX or JSON log, Sysmon for Linux, Linux audit',
    facts: ['path', 'hash', 'imphash', 'host', 'port', 'url', 'pipe', 'handle', 'registry-key', 'text'],
  },
  'text-log': { title: 'line of any text log (syslog, auth)', facts: ['text'] },
  'network-log': { title: 'line of a firewall, proxy or web-server log', facts: ['host', 'port', 'url', 'text'] },
  'resolver-log': { title: 'query in a log of dnsmasq, Pi-hole, unbound or BIND', facts: ['host', 'text'] },
  'resolver-cache': { title: 'record in a dump of a resolver’s cache', facts: ['host', 'text'] },
  'zeek-log': { title: 'line of Zeek’s conn, dns or http log', facts: ['host', 'port', 'url', 'text'] },
  'hosts-file': { title: 'line of the hosts file', facts: ['host', 'text'] },
  process: { title: 'running process: program, hashes, command line', facts: ['path', 'hash', 'imphash', 'text'] },
  connection: { title: 'open connection of a process', facts: ['address', 'port'] },
  autorun: { title: 'line of cron, systemd, start scripts, scheduled tasks', facts: ['text'] },
  'shell-history': { title: 'line of a shell’s history', facts: ['text'] },
  'powershell-history': { title: 'line of PowerShell’s history', facts: ['text'] },
  'registry-export': { title: 'value of a .reg file', facts: ['registry-key', 'text'] },
  'recent-file': { title: 'entry of a list of recent files', facts: ['path', 'text'] },
} as const satisfies Readonly<Record<string, ElementRow>>;

export type ElementKind = keyof typeof elementRows;
export const elementKinds = Object.keys(elementRows) as ElementKind[];

/** What is looked for: a type of indicator, or a match of a mining pool. */
export type Column = IndicatorType | `pool ${PoolMatch}`;

/**
 * Where each kind is applied. Compulsory: the fact is what the indicator names, and is compared as a whole. Freestyle: the
 * fact may mention it, and is searched.
 */
export const columns: Readonly<
  Record<Column, { readonly compulsory: readonly FactKind[]; readonly freestyle: readonly FactKind[] }>
> = {
  md5: { compulsory: ['hash'], freestyle: ['text'] },
  sha1: { compulsory: ['hash'], freestyle: ['text'] },
  sha256: { compulsory: ['hash'], freestyle: ['text'] },
  imphash: { compulsory: ['imphash'], freestyle: ['text'] },
  filename: { compulsory: ['path'], freestyle: ['text'] },
  domain: { compulsory: ['host', 'url'], freestyle: ['text'] },
  fqdn: { compulsory: ['host', 'url'], freestyle: ['text'] },
  ip: { compulsory: ['host', 'address', 'url'], freestyle: ['text'] },
  cidr: { compulsory: ['host', 'address', 'url'], freestyle: ['text'] },
  url: { compulsory: ['url'], freestyle: ['text'] },
  email: { compulsory: [], freestyle: ['text'] },
  keyword: { compulsory: ['text'], freestyle: [] },
  pipe: { compulsory: ['pipe'], freestyle: ['text'] },
  handle: { compulsory: ['handle'], freestyle: ['text'] },
  'registry-key': { compulsory: ['registry-key'], freestyle: ['text'] },
  'pool host': { compulsory: ['host', 'url'], freestyle: ['text'] },
  'pool suffix': { compulsory: ['host', 'url'], freestyle: ['text'] },
  'pool pattern': { compulsory: ['host', 'url'], freestyle: ['text'] },
  'pool address': { compulsory: ['host', 'address', 'url'], freestyle: ['text'] },
  'pool port': { compulsory: ['port'], freestyle: [] },
  'pool scheme': { compulsory: ['text'], freestyle: [] },
  'pool text': { compulsory: ['text'], freestyle: [] },
};

export type Application = 'compulsory' | 'freestyle' | 'none';

export function applicationOf(element: ElementKind, column: Column): Application {
  const facts: readonly FactKind[] = elementRows[element].facts;
  if (columns[column].compulsory.some((kind) => facts.includes(kind))) return 'compulsory';
  return columns[column].freestyle.some((kind) => facts.includes(kind)) ? 'freestyle' : 'none';
}

/** Whether what a matcher finds in a fact of this kind counts. */
export function isApplied(column: Column, fact: FactKind): boolean {
  return columns[column].compulsory.includes(fact) || columns[column].freestyle.includes(fact);
}
