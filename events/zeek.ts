import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { quote, lineEvent, type TextLogOptions } from './text-log.js';
import { readTextLines } from './text-lines.js';

interface Header {
  separator: string;
  setSeparator: string;
  emptyField: string;
  unsetField: string;
  path: string;
  fields: readonly string[];
  types: readonly string[];
}

export function isZeekDirective(line: string): boolean {
  return line.startsWith('#separator ') || /^#(?:fields|path|types)\t/.test(line);
}

/**
 * The events of a Zeek log (tab-separated with `#fields`: conn, dns, http and all others), the names as Zeek has them, sets and
 * vectors as lists, unset fields left out. `path` is the kind of log. JSON logs of Zeek are read as JSON lines.
 */
export async function* readZeek(
  source: ByteSource,
  { report, shapes, name }: TextLogOptions,
): AsyncGenerator<FlatEvent[]> {
  const header: Header = {
    separator: '\t',
    setSeparator: ',',
    emptyField: '(empty)',
    unsetField: '-',
    path: '',
    fields: [],
    types: [],
  };
  for await (const lines of readTextLines(source, report)) {
    const batch: FlatEvent[] = [];
    for (const line of lines) {
      if (line.text.startsWith('#')) {
        readDirective(line.text, header);
        continue;
      }
      const row = line.text.split(header.separator);
      if (row.length !== header.fields.length) {
        const message = `line ${line.number}: expected ${header.fields.length} columns as in #fields, got ${quote(line.text)}`;
        report.skip('line-syntax', line.offset, message, line.number);
        continue;
      }
      const fields: [string, FieldValue][] = header.path === '' ? [] : [['path', header.path]];
      row.forEach((text, column) => {
        const value = valueOf(text, header.types[column] ?? '', header);
        if (value !== null) fields.push([header.fields[column] ?? '', value]);
      });
      const seconds = Number(fields.find(([field]) => field === 'ts')?.[1] ?? NaN);
      const layout = shapes.layoutOf(fields.map(([field]) => field));
      const timeMs = Number.isFinite(seconds) ? Math.round(seconds * 1000) : null;
      batch.push(lineEvent(layout, fields.map(([, value]) => value), timeMs, name, line)); // prettier-ignore
    }
    report.events += batch.length;
    if (batch.length > 0) yield batch;
  }
}

function readDirective(line: string, header: Header): void {
  const separator = /^#separator (.{1,16})$/.exec(line)?.[1];
  if (separator !== undefined) header.separator = unescape(separator);
  const [name, ...values] = line.split(header.separator);
  const [value = ''] = values;
  if (name === '#set_separator') header.setSeparator = value || ',';
  else if (name === '#empty_field') header.emptyField = value;
  else if (name === '#unset_field') header.unsetField = value;
  else if (name === '#path') header.path = value;
  else if (name === '#fields') header.fields = values;
  else if (name === '#types') header.types = values;
}

/** Null for a field that the event does not have. */
function valueOf(text: string, type: string, { unsetField, emptyField, setSeparator }: Header): FieldValue | null {
  if (text === unsetField) return null;
  if (text === emptyField) return '';
  if (/^(?:set|vector)\[/.test(type)) return text.split(setSeparator).map(unescape);
  return unescape(text);
}

/** Zeek writes bytes that are no text, and its separator, as `\x09`. */
function unescape(text: string): string {
  return text.includes('\\x')
    ? text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    : text;
}
