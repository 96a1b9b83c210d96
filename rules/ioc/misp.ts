import { BaseError } from '../../base/error.js';
import { parseJson, type Json } from '../../base/json.js';
import { FeedReader, isObject, objectsOf, textOf } from './json-feed.js';
import type { IocFile } from './text-list.js';
import { type IndicatorType, indicatorTypes } from './value.js';

/**
 * For each type of indicator MISP's attribute types (core format, section 2.3) that are one; of a pair, the part that is
 * taken, else null. Addresses may be networks.
 */
const attributeTypes: Readonly<Record<IndicatorType, Readonly<Record<string, 0 | 1 | null>>>> = {
  md5: { md5: null, 'filename|md5': 1 },
  sha1: { sha1: null, 'filename|sha1': 1 },
  sha256: { sha256: null, 'filename|sha256': 1 },
  imphash: { imphash: null, 'filename|imphash': 1 },
  filename: { filename: null },
  domain: { domain: null, 'domain|ip': 0 },
  fqdn: { hostname: null, 'hostname|port': 0 },
  ip: { 'ip-src': null, 'ip-dst': null, 'ip-src|port': 0, 'ip-dst|port': 0 },
  cidr: {},
  url: { url: null, uri: null, link: null },
  email: { email: null, 'email-src': null, 'email-dst': null },
  handle: { mutex: null },
  pipe: { 'named pipe': null },
  'registry-key': { regkey: null, 'regkey|value': 0 },
  keyword: { 'pattern-in-traffic': null, 'pattern-in-file': null, 'user-agent': null },
};

const indicatorTypeOf = new Map(
  indicatorTypes.flatMap((type) =>
    Object.entries(attributeTypes[type]).map(([attribute, part]) => [attribute, { kind: type, part }] as const),
  ),
);

/**
 * Reads MISP events (`{ "Event": … }`, a list of them, or a search's `{ "response": … }`): attributes and those of
 * objects, marked for detection (`to_ids`) and not deleted. Types that no host can look for are named once each. Null
 * when the text holds no event.
 */
export function parseMispEvents(text: string, file: string): IocFile | null {
  const reader = new FeedReader(text, file);
  let json: Json;
  try {
    json = parseJson(text, 'MISP event');
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    if (!/"Event"/.test(text)) return null;
    reader.fault('feed-shape', 'error', error.message);
    return reader.result();
  }
  const response = isObject(json) ? (json['response'] ?? [json]) : json;
  const events = objectsOf(response)
    .map(({ Event }) => Event)
    .filter(isObject);
  if (events.length === 0) return null;
  const unknown = new Map<string, number>();
  for (const event of events) readEvent(event, reader, unknown);
  for (const [type, count] of [...unknown].sort(([a], [b]) => (a < b ? -1 : 1)))
    reader.fault(
      'kind-unsupported',
      'warning',
      `attribute type: expected one a host can show, got ${type} (${count} times)`,
      type,
    );
  return reader.result();
}

function readEvent(event: Readonly<Record<string, Json>>, reader: FeedReader, unknown: Map<string, number>): void {
  const attributes = [
    ...objectsOf(event['Attribute']),
    ...objectsOf(event['Object'])
      .filter(({ deleted }) => deleted !== true)
      .flatMap((object) => objectsOf(object['Attribute'])),
  ];
  const owner = event['Orgc'];
  const title = textOf(event['info']) ?? '';
  const tlp = tlpOf(event['Tag']);
  for (const attribute of attributes) {
    if (attribute['to_ids'] !== true || attribute['deleted'] === true) continue;
    const type = textOf(attribute['type']) ?? '';
    const known = indicatorTypeOf.get(type);
    if (known === undefined) {
      unknown.set(type, (unknown.get(type) ?? 0) + 1);
      continue;
    }
    const written = textOf(attribute['value']) ?? '';
    const { kind, part } = known;
    const text = part === null ? written : (written.split('|')[part] ?? '');
    const comment = textOf(attribute['comment']) ?? '';
    reader.add(
      {
        type: kind === 'ip' && text.includes('/') ? 'cidr' : kind,
        text:
          kind === 'filename'
            ? `(?i)(?:^|[\\\\/])${escape(text)}$`
            : kind === 'handle' || kind === 'pipe'
              ? escapeName(text)
              : text,
        description: [title, comment].filter((said) => said !== '').join(': '),
        source: isObject(owner) ? textOf(owner['name']) : undefined,
        firstSeen: textOf(attribute['first_seen']) ?? textOf(event['date']),
        tlp: tlpOf(attribute['Tag']) ?? tlp,
      },
      textOf(attribute['uuid']) ?? '',
    );
  }
}

function tlpOf(tags: Json | undefined): string | undefined {
  return objectsOf(tags)
    .map(({ name }) => /^tlp:(red|amber\+strict|amber|green|clear|white)$/i.exec(textOf(name) ?? '')?.[1])
    .find((light) => light !== undefined);
}

function escape(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

function escapeName(text: string): string {
  const scope = /^(?:Global|Local|BaseNamedObjects|\\\\\.\\pipe)\\+/.exec(text)?.[0] ?? '';
  const name = text.slice(scope.length);
  return /[\\.+*?()|[\]{}^$]/.test(name) ? `${scope}^${escape(name)}$` : text;
}
