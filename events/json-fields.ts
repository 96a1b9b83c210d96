import type { Json } from '../base/json.js';
import { EventsError } from './error.js';
import type { FieldValue, Scalar } from './event.js';
import { parseLogTime } from './time.js';

type JsonObject = Readonly<Record<string, Json>>;

/** Members of one object, all levels together. */
export const maxJsonFields = 8192;
/** UTF-16 units of the name of a field, with those of the objects around it. */
export const maxJsonNameUnits = 1024;

/** The fields of an object in the order found; a name that comes several times has a list. */
export interface JsonFields {
  readonly fields: ReadonlyMap<string, FieldValue>;
  readonly timeMs: number | null;
}

/** Under what name a log calls its System fields elsewhere, the Sigma name last; the first present is taken. */
const plainAliases = [
  ['LogName', 'Channel'],
  ['ProviderName', 'Provider_Name'],
  ['SourceName', 'Provider_Name'],
  ['MachineName', 'Computer'],
  ['Hostname', 'Computer'],
  ['RecordId', 'EventRecordID'],
  ['RecordNumber', 'EventRecordID'],
] as const;

/** Winlogbeat 7 and 8 (and what else follows the Elastic Common Schema): its `winlog.*` to the Sigma name. */
const winlogAliases = [
  ['winlog.channel', 'Channel'],
  ['winlog.event_id', 'EventID'],
  ['winlog.provider_name', 'Provider_Name'],
  ['winlog.provider_guid', 'Provider_Guid'],
  ['winlog.computer_name', 'Computer'],
  ['winlog.record_id', 'EventRecordID'],
  ['winlog.version', 'Version'],
  ['winlog.task', 'Task'],
  ['winlog.opcode', 'Opcode'],
  ['winlog.activity_id', 'Correlation_ActivityID'],
  ['winlog.process.pid', 'Execution_ProcessID'],
  ['winlog.process.thread.id', 'Execution_ThreadID'],
  ['winlog.user.identifier', 'Security_UserID'],
] as const;

/** Where a time stamp may stand, the best first. */
const timeFields = [
  'TimeCreated_SystemTime',
  '@timestamp',
  'TimeCreated',
  'SystemTime',
  'UtcTime',
  'EventTime',
  'eventTime',
  'TimeGenerated',
  'timestamp',
  'time',
];

/**
 * The fields of an event in one of three shapes: that of `evtx_dump` (an `Event` with a `System`), that of Winlogbeat
 * (a `winlog` object; its event data also under their plain names), or any other object as it is, nested names joined
 * with `.`.
 *
 * @throws EventsError `json-too-many-fields`, `json-name`
 */
export function jsonFields(object: JsonObject): JsonFields {
  const collector = new Collector();
  const { Event: event, winlog } = object;
  if (isObject(event) && isObject(event['System'])) evtxDump(event, collector);
  else if (isObject(winlog)) {
    winlogbeat(winlog, collector);
    nested(object, '', collector);
    collector.alias(winlogAliases);
  } else {
    nested(object, '', collector);
    collector.alias(plainAliases);
  }
  return { fields: collector.fields, timeMs: collector.timeMs() };
}

/** The objects that one object stands for: CloudTrail files are one object with all `Records`. */
export function eventObjects(object: JsonObject): readonly JsonObject[] {
  const { Records: records } = object;
  return Array.isArray(records) && records.every(isObject) ? records : [object];
}

class Collector {
  readonly fields = new Map<string, FieldValue>();
  #lists = new Map<string, Scalar[]>();
  #count = 0;

  add(name: string, value: Scalar): void {
    if (++this.#count > maxJsonFields)
      throw new EventsError('json-too-many-fields', `json object: expected at most ${maxJsonFields} values, got more`);
    if (name.length > maxJsonNameUnits)
      throw new EventsError('json-name', `json name: expected at most ${maxJsonNameUnits} units, got ${name.length}`);
    const known = this.fields.get(name);
    if (known === undefined) {
      this.fields.set(name, value);
      return;
    }
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = [known as Scalar];
      this.#lists.set(name, list);
      this.fields.set(name, list);
    }
    list.push(value);
  }

  alias(table: readonly (readonly [string, string])[]): void {
    for (const [from, to] of table) {
      const value = this.fields.get(from);
      if (value !== undefined && !this.fields.has(to)) this.fields.set(to, value);
    }
  }

  timeMs(): number | null {
    for (const name of timeFields) {
      const value = this.fields.get(name);
      const timeMs = value === undefined ? null : parseLogTime(value);
      if (timeMs !== null) return timeMs;
    }
    return null;
  }
}

function nested(value: Json, name: string, collector: Collector): void {
  if (Array.isArray(value)) for (const entry of value as readonly Json[]) nested(entry, name, collector);
  else if (isObject(value)) {
    for (const key of Object.keys(value)) nested(value[key] ?? null, name === '' ? key : `${name}.${key}`, collector);
  } else collector.add(name, value as Scalar);
}

function winlogbeat(winlog: JsonObject, collector: Collector): void {
  for (const section of [winlog['event_data'], winlog['user_data']]) {
    if (!isObject(section)) continue;
    for (const key of Object.keys(section)) {
      if (key === 'xml_name') continue;
      nested(section[key] ?? null, key, collector);
      // Classic events have no names for their data; elsewhere these are unnamed `Data`.
      if (/^param\d+$/.test(key)) nested(section[key] ?? null, 'Data', collector);
    }
  }
}

function evtxDump(event: JsonObject, collector: Collector): void {
  for (const key of Object.keys(event)) {
    const section = event[key] ?? null;
    if (key === 'System' || key === 'RenderingInfo') {
      if (!isObject(section)) continue;
      const prefix = key === 'System' ? '' : 'RenderingInfo_';
      for (const name of Object.keys(section)) systemField(prefix + name, section[name] ?? null, collector);
    } else if (!key.startsWith('#') && key !== 'xmlns' && key !== 'Event_attributes') {
      if (isObject(section)) dataSection(key, section, collector);
      else if (section !== null && section !== '') nested(section, key, collector);
    }
  }
}

function systemField(name: string, value: Json, collector: Collector): void {
  if (value === null) return;
  if (!isObject(value)) {
    nested(value, name, collector);
    return;
  }
  attributes(name, value['#attributes'], collector);
  const separate = name.endsWith('_attributes');
  for (const key of Object.keys(value)) {
    if (key === '#text') nested(value[key] ?? null, name, collector);
    else if (separate) nested(value[key] ?? null, `${name.slice(0, -'attributes'.length)}${key}`, collector);
  }
}

function dataSection(name: string, section: JsonObject, collector: Collector): void {
  attributes(name, section['#attributes'], collector);
  for (const key of Object.keys(section))
    if (key !== '#attributes') dataField(key, section[key] ?? null, name, collector);
}

/** Data bear the name of the innermost element; `#text` is the text of the element around it. */
function dataField(key: string, value: Json, around: string, collector: Collector): void {
  const name = key === '#text' ? around : key;
  if (Array.isArray(value)) for (const entry of value as readonly Json[]) dataField(name, entry, around, collector);
  else if (isObject(value)) dataSection(name, value, collector);
  else collector.add(name, value as Scalar);
}

function attributes(name: string, value: Json | undefined, collector: Collector): void {
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    if (key === 'xmlns' || key.startsWith('xmlns:')) continue;
    nested(value[key] ?? null, `${name}_${key}`, collector);
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
