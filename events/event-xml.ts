import type { FieldValue } from './event.js';
import { LogSource, windowsLog } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseLogTime } from './time.js';

/** Elements, with attributes in either kind of quotes, and what stands between them. */
const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]{0,255})((?:\s+[\w.:-]{1,255}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/g; // prettier-ignore
const attribute = /([\w.:-]{1,255})\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Levels of elements, and fields of one event. */
const maxDepth = 64;
const maxFields = 8192;
const numbers = /^(?:EventID|Version|Level|Task|Opcode|EventRecordID|EventID_Qualifiers|Execution_(?:ProcessID|ThreadID))$/; // prettier-ignore

const linuxSysmon = new Map(
  Object.entries({
    1: 'process_creation', 3: 'network_connection', 5: 'process_termination', 9: 'raw_access_thread', 11: 'file_event', 23: 'file_delete',
  }).map(([id, category]) => [Number(id), LogSource.of({ product: 'linux', service: 'sysmon', category })]),
); // prettier-ignore
const otherSysmon = LogSource.of({ product: 'linux', service: 'sysmon', category: [] });

interface Element {
  readonly name: string;
  /** The name of the fields that its text gives. */
  readonly field: string;
  readonly hasAttributes: boolean;
  text: string;
  hasChildren: boolean;
}

/**
 * An event of Windows as `wevtutil`, the Event Viewer and forwarders write it in XML, or of Sysmon for Linux, under the same
 * names as in EVTX (`docs/spec/event.md`). Null for what is no whole event.
 */
export function parseEventXml(xml: string): LineEvent | null {
  const start = xml.search(/<Event[\s>]/);
  const end = xml.lastIndexOf('</Event>');
  if (start < 0 || end < start) return null;
  const fields: [string, FieldValue][] = [];
  const open: Element[] = [];
  for (const [, cdata, close, qualified = '', attributes = '', empty, text] of xml
    .slice(start, end + 8)
    .matchAll(token)) {
    const around = open.at(-1);
    if (cdata !== undefined || text !== undefined) {
      if (around) around.text += cdata ?? decode(text ?? '');
    } else if (close === '/') {
      if (around) endElement(around, open, fields);
    } else if (qualified !== '') {
      if (around) around.hasChildren = true;
      const element = begin(qualified, attributes, open, fields);
      open.push(element);
      if (empty === '/') endElement(element, open, fields);
    }
    if (open.length > maxDepth || fields.length > maxFields) return null;
  }
  if (open.length > 0 || fields.length === 0) return null;
  return lineOf(fields, timeOf(fields), sourceOf(fields));
}

function begin(
  qualified: string,
  attributes: string,
  open: readonly Element[],
  fields: [string, FieldValue][],
): Element {
  const name = qualified.replace(/^.*:/, '');
  const isSystem = open.length === 2 && open[1]?.name === 'System';
  const isRendering = open[1]?.name === 'RenderingInfo';
  let field = isRendering && open.length > 1 ? `RenderingInfo_${name}` : name;
  let hasAttributes = false;
  for (const [, key = '', double, single] of attributes.matchAll(attribute)) {
    if (key === 'xmlns' || key.startsWith('xmlns:') || open.length === 0) continue;
    const value = decode(double ?? single ?? '');
    if (key === 'Name' && !isSystem && !isRendering) field = value;
    else {
      hasAttributes = true;
      const full = `${name}_${key}`;
      fields.push([full, toValue(full, value)]);
    }
  }
  return { name, field, hasAttributes, text: '', hasChildren: false };
}

/** A system element without a value is no field; data without one are empty text. */
function endElement(element: Element, open: Element[], fields: [string, FieldValue][]): void {
  open.pop();
  if (open.length < 2 && !(open.length === 1 && element.text.trim() !== '')) return;
  const isSystem = open[1]?.name === 'System' || open[1]?.name === 'RenderingInfo';
  if (element.hasChildren && element.text.trim() === '') return;
  if (isSystem && element.text === '') return;
  if (element.text === '' && element.hasAttributes) return;
  fields.push([element.field, toValue(element.field, element.hasChildren ? element.text.trim() : element.text)]);
}

function toValue(name: string, text: string): FieldValue {
  return numbers.test(name) && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function timeOf(fields: readonly [string, FieldValue][]): number | null {
  return parseLogTime(fields.find(([name]) => name === 'TimeCreated_SystemTime')?.[1]);
}

function sourceOf(fields: readonly [string, FieldValue][]): LogSource {
  const provider = fields.find(([name]) => name === 'Provider_Name')?.[1];
  if (provider !== 'Linux-Sysmon') return windowsLog;
  const id = fields.find(([name]) => name === 'EventID')?.[1];
  return (typeof id === 'number' ? linuxSysmon.get(id) : undefined) ?? otherSysmon;
}

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));/g,
    (whole, name: string, decimal: string, hex: string) => {
      if (name) return entities[name] ?? whole;
      const code = decimal ? Number(decimal) : parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
