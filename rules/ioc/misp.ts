import { BaseError } from '../../base/error.js';
import { parseJson, type Json } from '../../base/json.js';
import { FeedReader, isObject, objectsOf, textOf } from './json-feed.js';
import type { IocFile } from './text-list.js';
import type { IndicatorType } from './value.js';

/** MISP's attribute types (core format, section 2.3) that a host can look for; of a pair, the part that is taken. */
const attributeTypes: Readonly<Record<string, readonly [type: IndicatorType, part?: 0 | 1]>> = {
  md5: ['md5'],
  sha1: ['sha1'],
  sha256: ['sha256'],
  imphash: ['imphash'],
  'filename|md5': ['md5', 1],
  'filename|sha1': ['sha1', 1],
  'filename|sha256': ['sha256', 1],
  'filename|imphash': ['imphash', 1],
  filename: ['filename'],
  domain: ['domain'],
  hostname: ['fqdn'],
  'hostname|port': ['fqdn', 0],
  'domain|ip': ['domain', 0],
  'ip-src': ['ip'],
  'ip-dst': ['ip'],
  'ip-src|port': ['ip', 0],
  'ip-dst|port': ['ip', 0],
  url: ['url'],
  uri: ['url'],
  link: ['url'],
  email: ['email'],
  'email-src': ['email'],
  'email-dst': ['email'],
  mutex: ['handle'],
  'named pipe': ['pipe'],
  regkey: ['registry-key'],
  'regkey|value': ['registry-key', 0],
  'pattern-in-traffic': ['keyword'],
  'pattern-in-file': ['keyword'],
  'user-agent': ['keyword'],
};

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
    const known = Object.hasOwn(attributeTypes, type) ? attributeTypes[type] : undefined;
    if (known === undefined) {
      unknown.set(type, (unknown.get(type) ?? 0) + 1);
      continue;
    }
    const written = textOf(attribute['value']) ?? '';
    const [kind, part] = known;
    const text = part === undefined ? written : (written.split('|')[part] ?? '');
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
