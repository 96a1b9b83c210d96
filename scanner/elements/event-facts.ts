import type { FlatEvent } from '../../events/event.js';
import type { Fact } from './observation.js';
import type { FactKind } from '../findings/element-table.js';

/** What fields hold, by their names in lower case: those of Windows, Sysmon, Zeek, proxies, firewalls and resolvers. */
// prettier-ignore
const fields: readonly (readonly [kind: FactKind, names: ReadonlySet<string>])[] = [
  ['path', new Set(['image', 'parentimage', 'sourceimage', 'targetimage', 'imageloaded', 'targetfilename', 'originalfilename', 'newprocessname', 'processname', 'parentprocessname', 'filename', 'file_name', 'filepath', 'path', 'currentdirectory', 'exe', 'name', 'cwd', 'application', 'imagepath', 'servicefilename', 'cs-uri-stem', 'c-uri-stem'])],
  ['hash', new Set(['hash', 'md5', 'sha1', 'sha256', 'filehash', 'imphash'])],
  ['host', new Set(['queryname', 'query', 'destinationhostname', 'sourcehostname', 'destinationip', 'sourceip', 'destaddress', 'sourceaddress', 'ipaddress', 'destinationaddress', 'destination_address', 'dst_ip', 'dst', 'src_ip', 'src', 'dest_ip', 'srcip', 'dstip', 'r-ip', 'c-ip', 's-ip', 'cs-host', 'r-dns', 'r-host', 'host', 'hostname', 'dhost', 'shost', 'server_name', 'answer', 'answers', 'id.orig_h', 'id.resp_h', 'remoteaddress', 'dst-ip', 'src-ip', 'queryresults', 'workstationname', 'sni'])],
  ['port', new Set(['destinationport', 'destport', 'dst_port', 'dest_port', 'dstport', 'dpt', 'id.resp_p', 'cs-uri-port', 's-port', 'r-port', 'dst-port', 'remoteport', 'dport'])],
  ['url', new Set(['url', 'c-uri', 'cs-uri', 'request_url', 'requesturl', 'destinationurl', 'referrer', 'cs-referer', 'cs-referrer', 'referer'])],
  ['pipe', new Set(['pipename'])],
  ['handle', new Set(['mutex', 'mutexname', 'objectname'])],
  ['registry-key', new Set(['targetobject', 'objectname', 'newname', 'registrykey', 'targetregistrykey'])],
];

const hashPair = /\b(MD5|SHA1|SHA256|IMPHASH)=([0-9A-Fa-f]{32,64})/gi;

const known = new Map<string, readonly FactKind[]>();

function kindsOf(field: string): readonly FactKind[] {
  const name = field.toLowerCase();
  let found = known.get(name);
  if (found === undefined) {
    found = fields.filter(([, names]) => names.has(name)).map(([kind]) => kind);
    if (known.size < 10_000) known.set(name, found);
  }
  return found;
}

/**
 * The facts of an event of a log: the fields whose name tells what they hold, each as that and as text, and for a request
 * whose host and path stand apart, its URL. The text of a field is searched as a whole, so an expression that is bound to
 * the end of a path finds it.
 */
export function factsOfEvent(event: FlatEvent): Fact[] {
  const facts: Fact[] = [];
  event.shape.names.forEach((name, slot) => {
    const value = event.values[slot];
    if (value === undefined || value === null) return;
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value])
      addFacts(name, String(one), facts);
  });
  const url = urlOf(event);
  if (url !== null) facts.push({ kind: 'url', name: 'url', value: url });
  const key = textOf(event, 'ObjectName');
  const valueName = textOf(event, 'ObjectValueName'); // event 4657 of Windows
  if (key !== null && valueName !== null)
    facts.push({ kind: 'registry-key', name: 'value', value: `${key}\\${valueName}` });
  if (event.line !== null) facts.push({ kind: 'text', name: 'line', value: event.line });
  return facts;
}

/** What a field of a text log holds otherwise than its line: what was written in hexadecimal, or with escapes. */
export function decodedText({ line, values }: FlatEvent): string {
  if (line === null) return '';
  return values
    .flat()
    .filter((value): value is string => typeof value === 'string' && !line.includes(value))
    .join('\n');
}

function addFacts(name: string, value: string, facts: Fact[]): void {
  if (value === '') return;
  for (const kind of kindsOf(name)) {
    if (kind === 'hash')
      facts.push({ kind: value.length === 32 && /imphash/i.test(name) ? 'imphash' : 'hash', name, value });
    else if (kind === 'host') for (const host of hostWords(value)) facts.push({ kind, name, value: host });
    else facts.push({ kind, name, value });
  }
  if (/^hashes$/i.test(name))
    for (const [, type = '', hash = ''] of value.matchAll(hashPair))
      facts.push({ kind: type.toLowerCase() === 'imphash' ? 'imphash' : 'hash', name, value: hash });
  facts.push({ kind: 'text', name, value });
}

/** `QueryResults` of Sysmon is `type: 5 a.example;::ffff:192.0.2.1;`. */
function hostWords(value: string): string[] {
  return value.length > 4096 ? [] : value.split(/[;,\s]+/).filter((word) => /[.:]/.test(word));
}

/** What a proxy or web-server log, or Zeek's http.log, tells in two fields. */
function urlOf(event: FlatEvent): string | null {
  const host = textOf(event, 'cs-host') ?? textOf(event, 'host');
  const path = textOf(event, 'cs-uri-stem') ?? textOf(event, 'uri');
  if (host === null || path === null || !path.startsWith('/')) return null;
  const query = textOf(event, 'cs-uri-query');
  const scheme = textOf(event, 'cs-uri-scheme') ?? (textOf(event, 'cs-uri-port') === '443' ? 'https' : 'http');
  const rest = query === null || query === '-' || path.includes('?') ? '' : `?${query}`;
  return `${scheme}://${host}${path}${rest}`;
}

function textOf(event: FlatEvent, name: string): string | null {
  const value = event.get(name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
