import type { Json } from '../base/json.js';
import { EventsError } from './error.js';
import type { FieldValue, Scalar } from './event.js';
import { ecsAliases, ecsRoots, plainAliases, winlogAliases } from './json-aliases.js';
import { isObject, type JsonObject } from './json-objects.js';
import { parseLogTime } from './time.js';

/** Members of one object, all levels together. */
export const maxJsonFields = 8192;
/** UTF-16 units of the name of a field, with those of the objects around it. */
export const maxJsonNameUnits = 1024;

/** The fields of an object in the order found; a name that comes several times has a list. */
export interface JsonFields {
  readonly fields: ReadonlyMap<string, FieldValue>;
  readonly timeMs: number | null;
  /** Whether an integer beyond 2^53 stands in it, which has been rounded. */
  readonly isRounded: boolean;
}

/** Where a time stamp may stand, the best first. */
const timeFields = [
  'TimeCreated_SystemTime',
  '@timestamp',
  'TimeCreated',
  'SystemTime',
  'UtcTime',
  'EventTime',
  'eventTime',
  'requestReceivedTimestamp',
  'published',
  'createdDateTime',
  'activityDateTime',
  'eventTimestamp',
  'TimeGenerated',
  'CreationTime',
  '_time',
  'ts',
  '__REALTIME_TIMESTAMP',
  'Timestamp',
  'timestamp',
  'time',
  'created_at',
  'utc_time',
  'event_time',
  'datetime',
  'Date',
  'protoPayload.timestamp',
  'receiveTimestamp',
  'local_time',
  'createdDate',
];

/**
 * The fields of an event: of `evtx_dump` (an `Event` with a `System`), of Velociraptor (a `System` alone), of Winlogbeat and
 * others that follow the Elastic Common Schema, nested or with dotted names (the event data also under their plain names),
 * of EvtxECmd (its `Payload` is taken apart), of hayabusa (`Details` too), of journald; any other object is taken as it is,
 * nested names joined with `.`.
 *
 * @throws EventsError `json-too-many-fields`, `json-name`
 */
export function jsonFields(object: JsonObject): JsonFields {
  const collector = new Collector();
  const { Event: event, System: system, winlog, Payload: payload } = object;
  if (isObject(event) && isObject(event['System'])) evtxDump(event, collector);
  else if (isObject(system) && ('EventID' in system || 'Channel' in system)) evtxDump(object, collector);
  else {
    collector.keepsEmpty = !isObject(winlog);
    if (isObject(winlog)) winlogbeat(winlog, collector);
    const isPayload = typeof payload === 'string' && payload.startsWith('{') && 'MapDescription' in object;
    if (isPayload) evtxEcmd(payload, collector);
    const isHayabusa = 'RuleTitle' in object;
    let isEcs = false;
    for (const key of Object.keys(object)) {
      const value = object[key] ?? null;
      isEcs ||= key.includes('.') || ecsRoots.has(key);
      if (isHayabusa && isObject(value) && /^(?:Details|ExtraFieldInfo|AllFieldInfo)$/.test(key))
        nested(value, '', collector); // prettier-ignore
      else if (key === 'MESSAGE' && Array.isArray(value)) collector.add(key, textOfBytes(value));
      else nested(value, key, collector);
    }
    if (isEcs) dottedEventData(collector);
    collector.alias(isObject(winlog) || collector.fields.has('winlog.channel') ? winlogAliases : plainAliases);
    if (isEcs && !(isObject(winlog) && 'event_data' in winlog)) collector.alias(ecsAliases);
    if (isHayabusa) hayabusaChannel(collector);
    if ('__REALTIME_TIMESTAMP' in object) return withMicroseconds(collector);
    // `Get-WinEvent | ConvertTo-Json` has the number of the event as its Id.
    if ('Id' in object && collector.fields.has('Channel') && !collector.fields.has('EventID')) collector.alias([['Id', 'EventID']]); // prettier-ignore
  }
  return collector.result();
}

class Collector {
  readonly fields = new Map<string, FieldValue>();
  #lists = new Map<string, Scalar[]>();
  #count = 0;
  #isRounded = false;

  /** Whether an empty list or object is a field: one that is there, and holds nothing. */
  keepsEmpty = false;

  #admit(name: string): void {
    if (++this.#count > maxJsonFields)
      throw new EventsError('json-too-many-fields', `json object: expected at most ${maxJsonFields} values, got more`);
    if (name.length > maxJsonNameUnits)
      throw new EventsError('json-name', `json name: expected at most ${maxJsonNameUnits} units, got ${name.length}`);
  }

  add(name: string, value: Scalar): void {
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) this.#isRounded = true;
    this.#admit(name);
    const known = this.fields.get(name);
    if (known === undefined || (Array.isArray(known) && known.length === 0)) {
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

  append(name: string, value: FieldValue): void {
    const known = this.fields.get(name);
    const list = [...(known === undefined ? [] : [known].flat()), ...[value].flat()];
    this.fields.set(name, list.length === 1 ? (list[0] ?? null) : list);
  }

  addEmpty(name: string): void {
    if (!this.keepsEmpty || name === '') return;
    this.#admit(name);
    if (!this.fields.has(name)) this.fields.set(name, []);
  }

  alias(table: readonly (readonly [string, string])[]): void {
    for (const [from, to] of table) {
      const value = this.fields.get(from);
      if (value !== undefined && !this.fields.has(to)) this.fields.set(to, value);
    }
  }

  set(name: string, value: FieldValue): void {
    this.fields.set(name, value);
  }

  result(): JsonFields {
    return { fields: this.fields, timeMs: this.#timeMs(), isRounded: this.#isRounded };
  }

  #timeMs(): number | null {
    for (const name of timeFields) {
      const value = this.fields.get(name);
      const timeMs = value === undefined ? null : parseLogTime(value);
      if (timeMs !== null) return timeMs;
    }
    return null;
  }
}

/** journald writes a message that is no UTF-8, or has control characters, as its bytes. */
function textOfBytes(bytes: readonly Json[]): string {
  return Buffer.from(bytes.map((byte) => (typeof byte === 'number' ? byte : 0x20))).toString('utf8');
}

/** journald counts in microseconds, as text. */
function withMicroseconds(collector: Collector): JsonFields {
  const { fields, isRounded } = collector.result();
  const micros = fields.get('_SOURCE_REALTIME_TIMESTAMP') ?? fields.get('__REALTIME_TIMESTAMP');
  const timeMs = typeof micros === 'string' && /^\d{1,17}$/.test(micros) ? Math.floor(Number(micros) / 1000) : null;
  for (const [from, to] of journalNames) {
    const value = fields.get(from);
    if (value !== undefined && !fields.has(to)) collector.set(to, value);
  }
  return { fields, timeMs, isRounded };
}

/** What journald's fields are called in a line of syslog. */
export const journalNames = [
  ['_HOSTNAME', 'Computer'],
  ['SYSLOG_IDENTIFIER', 'program'],
  ['_PID', 'pid'],
  ['MESSAGE', 'message'],
] as const;

/** EvtxECmd keeps the event data as the text of an object. */
function evtxEcmd(payload: string, collector: Collector): void {
  let parsed: Json;
  try {
    parsed = JSON.parse(payload) as Json;
  } catch {
    return;
  }
  if (!isObject(parsed)) return;
  for (const section of Object.values(parsed)) ecmdData(section, '', collector);
}

/** `{"Data":[{"@Name":"User","#text":"bob"}]}`, of which one alone is no list. */
function ecmdData(value: Json, name: string, collector: Collector): void {
  if (Array.isArray(value)) for (const entry of value as readonly Json[]) ecmdData(entry, name, collector);
  else if (isObject(value)) {
    const named = value['@Name'];
    if (typeof named === 'string') {
      ecmdData(value['#text'] ?? '', named, collector);
      return;
    }
    for (const key of Object.keys(value)) {
      if (key.startsWith('@xmlns') || key === '@Name') continue;
      ecmdData(value[key] ?? null, key === '#text' ? name || 'Data' : key, collector);
    }
  } else if (value !== null) collector.add(name, value as Scalar);
}

const eventData = /^winlog\.(?:event_data|user_data)\.(.+)$/;

/** Dotted names, as searches of Elasticsearch and flat exports have them. */
function dottedEventData(collector: Collector): void {
  for (const [name, value] of [...collector.fields]) {
    if (!name.startsWith('winlog.')) continue;
    const plain = eventData.exec(name)?.[1];
    if (plain === undefined || plain === 'xml_name' || collector.fields.has(plain)) continue;
    collector.set(plain, value);
    if (/^param\d+$/.test(plain)) collector.append('Data', value);
  }
}

/** hayabusa shortens the names of channels (its `channel_abbreviations.txt`). */
const channels: Readonly<Record<string, string>> = {
  Sec: 'Security', Sys: 'System', App: 'Application', Sysmon: 'Microsoft-Windows-Sysmon/Operational',
  PwSh: 'Microsoft-Windows-PowerShell/Operational', PwShClassic: 'Windows PowerShell', Defender: 'Microsoft-Windows-Windows Defender/Operational',
  TaskSch: 'Microsoft-Windows-TaskScheduler/Operational', 'BitsCli': 'Microsoft-Windows-Bits-Client/Operational', WMI: 'Microsoft-Windows-WMI-Activity/Operational',
  WinRM: 'Microsoft-Windows-WinRM/Operational', Firewall: 'Microsoft-Windows-Windows Firewall With Advanced Security/Firewall',
  DNSServ: 'DNS Server', 'DNS-Cli': 'Microsoft-Windows-DNS-Client/Operational', AppLocker: 'Microsoft-Windows-AppLocker/EXE and DLL', NTLM: 'Microsoft-Windows-NTLM/Operational',
  LSA: 'Microsoft-Windows-LSA/Operational', CodeInteg: 'Microsoft-Windows-CodeIntegrity/Operational', Exchange: 'MSExchange Management', RDS: 'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational',
}; // prettier-ignore

function hayabusaChannel(collector: Collector): void {
  const channel = collector.fields.get('Channel');
  const whole = typeof channel === 'string' ? channels[channel] : undefined;
  if (whole !== undefined) collector.set('Channel', whole);
}

function nested(value: Json, name: string, collector: Collector): void {
  if (Array.isArray(value)) {
    if (value.length === 0) collector.addEmpty(name);
    for (const entry of value as readonly Json[]) nested(entry, name, collector);
  } else if (isObject(value)) {
    if (Object.keys(value).length === 0) collector.addEmpty(name);
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
    } else if (key === 'Message') collector.add('RenderingInfo_Message', section as Scalar);
    else if (!key.startsWith('#') && !key.startsWith('_') && key !== 'xmlns' && key !== 'Event_attributes') {
      if (isObject(section)) dataSection(key, section, collector);
      else if (section !== null && section !== '') nested(section, key, collector);
    }
  }
}

function systemField(name: string, value: Json, collector: Collector): void {
  if (value === null) return;
  if (isObject(value) && !('#attributes' in value) && !('#text' in value) && !name.endsWith('_attributes')) {
    plainSystemField(name, value, collector);
    return;
  }
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

/** Velociraptor: `{"EventID":{"Value":4720},"Provider":{"Name":"P"}}`. */
function plainSystemField(name: string, value: JsonObject, collector: Collector): void {
  for (const key of Object.keys(value)) {
    const member = value[key] ?? null;
    if (key === 'Value' || key === '') nested(member, name, collector);
    else if (member !== null && key !== 'xmlns') nested(member, `${name}_${key}`, collector);
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
