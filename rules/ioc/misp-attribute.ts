import type { FeedReader } from './json-feed.js';
import type { IndicatorType } from './value.js';

/** One half of a pair, or the whole value. */
interface Taken {
  readonly type: IndicatorType;
  readonly part?: 0 | 1;
}

type Reading = readonly Taken[] | { readonly refused: string };

/**
 * MISP's attribute types (core format, section 2.3) that a host can look for. Of a pair with a hash, the hash stands for the
 * file; of a name with its address both are looked for; a port is dropped and said.
 */
const attributeTypes: Readonly<Record<string, Reading>> = {
  md5: [{ type: 'md5' }],
  sha1: [{ type: 'sha1' }],
  sha256: [{ type: 'sha256' }],
  imphash: [{ type: 'imphash' }],
  'filename|md5': [{ type: 'md5', part: 1 }],
  'filename|sha1': [{ type: 'sha1', part: 1 }],
  'filename|sha256': [{ type: 'sha256', part: 1 }],
  'filename|imphash': [{ type: 'imphash', part: 1 }],
  filename: [{ type: 'filename' }],
  domain: [{ type: 'domain' }],
  hostname: [{ type: 'fqdn' }],
  'hostname|port': [{ type: 'fqdn', part: 0 }],
  'domain|ip': [
    { type: 'domain', part: 0 },
    { type: 'ip', part: 1 },
  ],
  'ip-src': [{ type: 'ip' }],
  'ip-dst': [{ type: 'ip' }],
  'ip-src|port': [{ type: 'ip', part: 0 }],
  'ip-dst|port': [{ type: 'ip', part: 0 }],
  url: [{ type: 'url' }],
  uri: [{ type: 'url' }],
  link: [{ type: 'url' }],
  email: [{ type: 'email' }],
  'email-src': [{ type: 'email' }],
  'email-dst': [{ type: 'email' }],
  mutex: [{ type: 'handle' }],
  'named pipe': [{ type: 'pipe' }],
  regkey: [{ type: 'registry-key' }],
  'regkey|value': {
    refused: 'expected a registry key alone, got one with its data; without them it would name the key of everybody',
  },
  'pattern-in-traffic': [{ type: 'keyword' }],
  'pattern-in-file': [{ type: 'keyword' }],
  'user-agent': [{ type: 'keyword' }],
};

export interface MispAttribute {
  readonly type: string;
  readonly value: string;
  /** Whether it is marked for detection, as JSON has it or as a cell of CSV. */
  readonly toIds: unknown;
  readonly description: string;
  readonly source: string | undefined;
  readonly firstSeen: string | undefined;
  readonly tlp: string | undefined;
  /** Where it stands in the file. */
  readonly anchor: string;
}

/** Where what is read goes. */
export type AttributeReader = Pick<FeedReader, 'add' | 'fault'>;

/** Reads attributes into a feed; what is not marked for detection (`to_ids`) is context, and passed over. */
export class MispAttributes {
  readonly #reader: AttributeReader;
  readonly #unknown = new Map<string, number>();
  readonly #ports = new Map<string, number>();

  constructor(reader: AttributeReader) {
    this.#reader = reader;
  }

  add(attribute: MispAttribute): void {
    const { type, value, toIds } = attribute;
    if (toIds !== true && toIds !== 1 && !/^(?:1|true|yes)$/i.test(typeof toIds === 'string' ? toIds.trim() : ''))
      return;
    const reading = Object.hasOwn(attributeTypes, type) ? attributeTypes[type] : undefined;
    if (reading === undefined) count(this.#unknown, type);
    else if ('refused' in reading)
      this.#reader.fault('indicator-refused', 'error', `${type}: ${reading.refused}`, attribute.anchor);
    else {
      if (type.endsWith('|port')) count(this.#ports, type);
      for (const taken of reading) this.#take(attribute, taken, value.split('|'));
    }
  }

  /** Types that no host can show, and ports that were dropped, are told once each. */
  end(): void {
    for (const [type, times] of sorted(this.#unknown))
      this.#reader.fault(
        'kind-unsupported',
        'warning',
        `attribute type: expected one a host can show, got ${type} (${times} times)`,
        type,
      );
    for (const [type, times] of sorted(this.#ports))
      this.#reader.fault(
        'port-dropped',
        'warning',
        `attribute type: expected a host alone, got ${type} (${times} times, the port is dropped)`,
        type,
      );
  }

  #take(attribute: MispAttribute, { type, part }: Taken, parts: readonly string[]): void {
    const text = part === undefined ? attribute.value : (parts[part] ?? '').trim();
    const { description, source, firstSeen, tlp, anchor } = attribute;
    this.#reader.add(
      {
        type: type === 'ip' && text.includes('/') ? 'cidr' : type,
        text:
          type === 'filename'
            ? `(?i)(?:^|[\\\\/])${escape(text)}$`
            : type === 'handle' || type === 'pipe'
              ? escapeName(text)
              : text,
        ...{ description, source, firstSeen, tlp },
      },
      anchor,
    );
  }
}

function count(counts: Map<string, number>, type: string): void {
  counts.set(type, (counts.get(type) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function escape(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

function escapeName(text: string): string {
  const scope = /^(?:Global|Local|BaseNamedObjects|\\\\\.\\pipe)\\+/.exec(text)?.[0] ?? '';
  const name = text.slice(scope.length);
  return /[\\.+*?()|[\]{}^$]/.test(name) ? `${scope}^${escape(name)}$` : text;
}
