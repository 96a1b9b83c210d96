import type { Json } from '../base/json.js';
import { EventsError } from './error.js';
import { jsonFields, type JsonFields } from './json-fields.js';
import { eventObjects, isObject, type JsonObject, parseExact } from './json-objects.js';
import { type LineEvent, lineOf } from './text-log.js';

/** The events of the text of one object. @throws EventsError `json-syntax`, `json-too-many-fields`, `json-name` */
export function eventsOfJson(text: string): JsonFields[] {
  const read = parse(text, JSON.parse as (text: string) => Json).map(jsonFields);
  // Only where a number came out rounded is the text worth another look.
  return read.some(({ isRounded }) => isRounded) ? parse(text, parseExact).map(jsonFields) : read;
}

function parse(text: string, read: (text: string) => Json): readonly JsonObject[] {
  let parsed: Json;
  try {
    parsed = read(text);
  } catch (cause) {
    throw new EventsError('json-syntax', `json object: expected JSON, got ${(cause as Error).message}`, { cause });
  }
  return isObject(parsed) ? eventObjects(parsed) : [];
}

/** The first event of a line that is one object; null for another line. */
export function parseJsonLine(line: string): LineEvent | null {
  const [first] = parseJsonEvents(line) ?? [];
  return first ?? null;
}

/** Null for a line that is no object. */
export function parseJsonEvents(line: string): LineEvent[] | null {
  if (!line.startsWith('{') || !line.trimEnd().endsWith('}')) return null;
  try {
    return eventsOfJson(line).map(({ fields, timeMs }) => ({ ...lineOf([...fields], timeMs), logSource: null }));
  } catch (error) {
    if (error instanceof EventsError) return null;
    throw error;
  }
}
