import type { FieldValue } from './event.js';
import { LogSource } from './log-source.js';
import { type Field, type LineEvent, lineOf } from './text-log.js';
import { parseLogTime } from './time.js';

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
  return (
    line.startsWith('#separator ') ||
    /^#(?:fields|path|types|set_separator|empty_field|unset_field|open|close)\t/.test(line)
  );
}

/**
 * Reads the lines of a Zeek log (tab-separated with `#fields`: conn, dns, http and all others), the names as Zeek has them,
 * sets and vectors as lists, truth values as such, unset fields left out. `path` is the kind of log, and the service of
 * its log source. JSON logs of Zeek are read as JSON lines.
 */
export class ZeekRows {
  readonly #header: Header = {
    separator: '\t',
    setSeparator: ',',
    emptyField: '(empty)',
    unsetField: '-',
    path: '',
    fields: [],
    types: [],
  };
  #source = zeekSource('');

  get isReady(): boolean {
    return this.#header.fields.length > 0;
  }

  get columns(): number {
    return this.#header.fields.length;
  }

  directive(text: string): void {
    readDirective(text, this.#header);
    this.#source = zeekSource(this.#header.path);
  }

  /** Null for a line with other columns. */
  row(text: string): LineEvent | null {
    const header = this.#header;
    const row = text.split(header.separator);
    if (row.length !== header.fields.length || row.length < 2) return null;
    const fields: Field[] = header.path === '' ? [] : [['path', header.path]];
    let timeMs: number | null = null;
    row.forEach((value, column) => {
      const read = valueOf(value, header.types[column] ?? '', header);
      const name = header.fields[column] ?? '';
      if (read !== null) fields.push([name, read]);
      if (name === 'ts') timeMs = parseLogTime(/^[\d.]+$/.test(value) ? Number(value) : value);
    });
    return lineOf(fields, timeMs, this.#source);
  }
}

/** The log source of a kind of Zeek log: its path is the service of the taxonomy. */
export function zeekSource(path: string): LogSource {
  return LogSource.of({
    product: 'zeek',
    category: path === 'dns' ? 'dns' : [],
    ...(path !== '' && { service: path }),
  });
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
  if (type === 'bool') return text === 'T' ? true : text === 'F' ? false : text;
  if (/^(?:set|vector)\[/.test(type)) return text.split(setSeparator).map(unescape);
  return unescape(text);
}

/** Zeek writes bytes that are no text, and its separator, as `\x09`. */
function unescape(text: string): string {
  return text.includes('\\x')
    ? text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    : text;
}
