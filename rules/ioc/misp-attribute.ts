import type { FeedReader } from './json-feed.js';
import { type IndicatorType, indicatorTypes } from './value.js';

/** One half of a pair, or the whole value. */
interface Taken {
  readonly type: IndicatorType;
  readonly part?: 0 | 1;
}

type Reading = readonly Taken[] | { readonly refused: string };

/**
 * Which of MISP's attribute types (core format, section 2.3) are indicators of a type as they stand: none for those that
 * MISP has no type for.
 */
const plainTypes: Readonly<Record<IndicatorType, readonly string[]>> = {
  md5: ['md5'],
  sha1: ['sha1'],
  sha256: ['sha256'],
  imphash: ['imphash'],
  filename: ['filename'],
  domain: ['domain'],
  fqdn: ['hostname'],
  ip: ['ip-src', 'ip-dst'],
  cidr: [],
  url: ['url', 'uri', 'link'],
  email: ['email', 'email-src', 'email-dst'],
  keyword: ['pattern-in-traffic', 'pattern-in-file', 'user-agent'],
  pipe: ['named pipe'],
  handle: ['mutex'],
  'registry-key': ['regkey'],
};

/** Of a pair with a hash, the hash stands for the file; of a name with its address both are looked for; a port is dropped and said. */
const pairs: Readonly<Record<string, Reading>> = {
  'filename|md5': [{ type: 'md5', part: 1 }],
  'filename|sha1': [{ type: 'sha1', part: 1 }],
  'filename|sha256': [{ type: 'sha256', part: 1 }],
  'filename|imphash': [{ type: 'imphash', part: 1 }],
  'hostname|port': [{ type: 'fqdn', part: 0 }],
  'domain|ip': [
    { type: 'domain', part: 0 },
    { type: 'ip', part: 1 },
  ],
  'ip-src|port': [{ type: 'ip', part: 0 }],
  'ip-dst|port': [{ type: 'ip', part: 0 }],
  'regkey|value': {
    refused: 'expected a registry key alone, got one with its data; without them it would name the key of everybody',
  },
};

const attributeTypes: ReadonlyMap<string, Reading> = new Map([
  ...indicatorTypes.flatMap((type) => plainTypes[type].map((name): [string, Reading] => [name, [{ type }]])),
  ...Object.entries(pairs),
]);

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
    const reading = attributeTypes.get(type);
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
