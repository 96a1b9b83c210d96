import { BaseError } from '../../base/error.js';
import { parseJson, type Json } from '../../base/json.js';
import { FeedReader, isObject, objectsOf, textOf } from './json-feed.js';
import { parseStixPattern } from './stix-pattern.js';
import { wantedBy } from './stix-object.js';
import type { IocFile } from './text-list.js';

/** TLP 1.0 and 2.0 markings by the ids that the specifications fix. */
const markings: Readonly<Record<string, string>> = {
  'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9': 'clear',
  'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da': 'green',
  'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82': 'amber',
  'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed': 'red',
  'marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487': 'clear',
  'marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb': 'green',
  'marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421': 'amber',
  'marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003': 'amber+strict',
  'marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1': 'red',
};

/**
 * Reads the indicators of a STIX 2.1 bundle, of a TAXII 2.1 envelope, of a list of objects, or of one. Each pattern that a host
 * can decide gives indicators; any other gives a fault with the reason, and the rest loads. Null when the text is none of these.
 */
export function parseStixBundle(text: string, file: string): IocFile | null {
  const reader = new FeedReader(text, file);
  let json: Json;
  try {
    json = parseJson(text, 'bundle');
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    if (!/"(?:bundle|indicator)"/.test(text)) return null;
    reader.fault('feed-shape', 'error', error.message);
    return reader.result();
  }
  const isBundle = isObject(json) && json['type'] === 'bundle';
  const objects = Array.isArray(json) ? objectsOf(json) : isObject(json) ? objectsOf(json['objects'] ?? [json]) : [];
  if (!isBundle && !objects.some(({ type, pattern }) => type === 'indicator' && pattern !== undefined)) return null;
  const names = new Map(objects.map((object) => [textOf(object['id']), textOf(object['name'])]));
  for (const object of objects) if (object['type'] === 'indicator') readIndicator(object, names, reader);
  return reader.result();
}

function readIndicator(
  object: Readonly<Record<string, Json>>,
  names: ReadonlyMap<string | undefined, string | undefined>,
  reader: FeedReader,
): void {
  const id = textOf(object['id']) ?? '';
  if (object['revoked'] === true) return;
  const kind = textOf(object['pattern_type']) ?? 'stix';
  const pattern = textOf(object['pattern']);
  if (kind !== 'stix') {
    reader.fault('kind-unsupported', 'warning', `${id}: expected a pattern of type stix, got ${kind}`, id);
    return;
  }
  const observations = parseStixPattern(pattern ?? '');
  if (!Array.isArray(observations)) {
    reader.fault('indicator-refused', 'error', `${id}: pattern: ${observations.problem}`, id);
    return;
  }
  const lists = observations.map((observation) => wantedBy(observation));
  const refused = lists.find((list) => !Array.isArray(list));
  if (refused !== undefined && 'problem' in refused) {
    reader.fault('indicator-refused', 'error', `${id}: pattern: ${refused.problem}`, id);
    return;
  }
  const confidence = object['confidence'];
  const kinds = Array.isArray(object['indicator_types']) ? (object['indicator_types'] as Json[]) : [];
  const references = objectsOf(object['external_references']).map(({ url }) => textOf(url));
  const marking = (Array.isArray(object['object_marking_refs']) ? (object['object_marking_refs'] as Json[]) : [])
    .map((ref) => markings[textOf(ref) ?? ''])
    .find((light) => light !== undefined);
  for (const list of lists)
    for (const { type, text, dropped } of Array.isArray(list) ? list : []) {
      if (dropped !== undefined)
        reader.fault(
          'port-dropped',
          'warning',
          `${id}: pattern: expected a host alone, got ${dropped} too (dropped)`,
          id,
        );
      reader.add(
        {
          type,
          text,
          score: typeof confidence === 'number' && confidence > 0 ? Math.round(confidence) : undefined,
          trusted: kinds.includes('benign'),
          description: textOf(object['name']) ?? textOf(object['description']),
          reference: references.find((url) => url !== undefined),
          source: names.get(textOf(object['created_by_ref'])),
          firstSeen: textOf(object['valid_from']),
          expires: textOf(object['valid_until']),
          tlp: marking,
        },
        id,
      );
    }
}
