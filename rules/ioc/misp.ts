import { BaseError } from '../../base/error.js';
import { parseJson, type Json } from '../../base/json.js';
import { FeedReader, isObject, objectsOf, textOf } from './json-feed.js';
import { MispAttributes } from './misp-attribute.js';
import type { IocFile } from './text-list.js';

type JsonObject = Readonly<Record<string, Json>>;

/**
 * Reads MISP events (`{ "Event": … }`, a list of them, or a search's `{ "response": … }`) and the attributes of a search
 * (`{ "response": { "Attribute": … } }`): attributes and those of objects, marked for detection (`to_ids`) and not deleted.
 * Types that no host can look for are named once each. Null when the text holds no event.
 */
export function parseMispEvents(text: string, file: string): IocFile | null {
  const reader = new FeedReader(text, file);
  let json: Json;
  try {
    json = parseJson(text, 'MISP event');
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    if (!/"(?:Event|Attribute)"/.test(text)) return null;
    reader.fault('feed-shape', 'error', error.message);
    return reader.result();
  }
  const response: Json = isObject(json) ? (json['response'] ?? json) : json;
  const parts = isObject(response) ? [response] : objectsOf(response);
  const events = parts.map(({ Event }) => Event).filter(isObject);
  const searched = parts.filter(({ Attribute, Event }) => Array.isArray(Attribute) && !isObject(Event));
  if (events.length === 0 && searched.length === 0) return null;
  const attributes = new MispAttributes(reader);
  for (const event of events) readEvent(event, attributes);
  for (const { Attribute } of searched)
    for (const attribute of objectsOf(Attribute))
      readAttribute(attribute, isObject(attribute['Event']) ? attribute['Event'] : {}, attributes);
  attributes.end();
  return reader.result();
}

function readEvent(event: JsonObject, into: MispAttributes): void {
  const attributes = [
    ...objectsOf(event['Attribute']),
    ...objectsOf(event['Object'])
      .filter(({ deleted }) => deleted !== true)
      .flatMap((object) => objectsOf(object['Attribute'])),
  ];
  for (const attribute of attributes) readAttribute(attribute, event, into);
}

function readAttribute(attribute: JsonObject, event: JsonObject, into: MispAttributes): void {
  if (attribute['deleted'] === true) return;
  const owner = event['Orgc'];
  const said = [textOf(event['info']) ?? '', textOf(attribute['comment']) ?? ''];
  into.add({
    type: textOf(attribute['type']) ?? '',
    value: textOf(attribute['value']) ?? '',
    toIds: attribute['to_ids'],
    description: said.filter((text) => text !== '').join(': '),
    source: isObject(owner) ? textOf(owner['name']) : undefined,
    firstSeen: textOf(attribute['first_seen']) ?? textOf(event['date']),
    tlp: tlpOf(attribute['Tag']) ?? tlpOf(event['Tag']),
    anchor: textOf(attribute['uuid']) ?? '',
  });
}

function tlpOf(tags: Json | undefined): string | undefined {
  return objectsOf(tags)
    .map(({ name }) => tlpIn(textOf(name) ?? ''))
    .find((light) => light !== undefined);
}

export function tlpIn(tag: string): string | undefined {
  return /^tlp:(red|amber\+strict|amber|green|clear|white)$/i.exec(tag.trim())?.[1];
}
