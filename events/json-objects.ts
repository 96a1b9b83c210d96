import type { Json } from '../base/json.js';

export type JsonObject = Readonly<Record<string, Json>>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Members that hold nothing but events: CloudTrail, Azure, Microsoft Graph, Splunk, AWS and GCP exports. */
const listNames = ['Records', 'records', 'value', 'results', 'Events', 'events', 'entries', 'logEvents'] as const;
/** Members that may stand beside such a list. */
const besideLists =
  /^(?:@odata\..*|@context|next.*|.*[nN]extLink|count|total.*|preview|init_offset|messages|fields|highlighted|kind|etag|owner|logGroup|logStream|messageType|subscriptionFilters)$/;

/**
 * The objects that one object stands for: all in the list of a file of CloudTrail, of Azure (`records`), of Microsoft Graph
 * (`value`); hits of Elasticsearch (`hits.hits`, `_source`); rows of Splunk (`result`, `event`); a document of chainsaw. An
 * object is one event otherwise.
 */
export function eventObjects(object: JsonObject): readonly JsonObject[] {
  for (const name of listNames) {
    const list = object[name];
    if (Array.isArray(list) && list.length > 0 && list.every(isObject) && onlyHolds(object, name))
      return list.flatMap(eventObjects);
  }
  const { hits, _source: source, fields, result, document, documents, event } = object;
  if (isObject(hits) && Array.isArray(hits['hits']))
    return (hits['hits'] as readonly Json[]).filter(isObject).flatMap(eventObjects);
  if (isObject(source)) return eventObjects(source);
  if ('_index' in object && isObject(fields)) return [fields];
  if (isObject(result) && ('preview' in object || Object.keys(object).length === 1)) return eventObjects(result);
  if (isObject(document) && isObject(document['data'])) return eventObjects(document['data']);
  if (Array.isArray(documents) && (documents as readonly Json[]).every(isDocument))
    return (documents as readonly JsonObject[]).flatMap(eventObjects);
  if ('path' in object && 'kind' in object && isObject(object['data'])) return eventObjects(object['data']);
  if (isObject(event) && 'sourcetype' in object) return [{ ...withoutEvent(object), ...event }];
  return [object];
}

/** Of chainsaw: what it found, and where. */
function isDocument(value: Json): value is JsonObject {
  return isObject(value) && isObject(value['data']);
}

function onlyHolds(object: JsonObject, list: string): boolean {
  return Object.keys(object).every((name) => name === list || besideLists.test(name));
}

/** What Splunk's collector knows of an event stands beside it. */
function withoutEvent(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'event'));
}

/**
 * As `JSON.parse`, with integers beyond 2^53 as decimal text: they are put into quotes before.
 *
 * @throws SyntaxError
 */
export function parseExact(text: string): Json {
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (part) =>
    part.startsWith('"') || Number.isSafeInteger(Number(part)) ? part : `"${part}"`,
  );
  return JSON.parse(exact) as Json;
}
