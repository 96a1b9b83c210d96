import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';
import { parseTextTime } from './text-time.js';

const element = /<([A-Za-z]{1,64})((?: [A-Za-z]{1,64}="[^"<]{0,512}")*)(?:\/>|>([^<]*)<\/\1>)/g;
const attribute = / ([A-Za-z]{1,64})="([^"<]{0,512})"/g;
const datum = /<Data Name="([^"<]{1,128})"(?:\/>|>([^<]*)<\/Data>)/g;
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

export function isSysmonLine(line: string): boolean {
  return line.includes('<Event><System><Provider Name="Linux-Sysmon"');
}

/** The events that Sysmon for Linux writes into syslog as XML, with the names that Sysmon for Windows has. */
export function readSysmonLinux(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseSysmonLine);
}

/** Null for the lines of other programs in the same log. */
export function parseSysmonLine(line: string): ParsedLine {
  if (!line.includes('<Event>')) return null;
  const system = between(line, '<Event><System>', '</System>');
  const data = between(line, '<EventData>', '</EventData>') ?? '';
  if (system === null || !line.includes('</Event>')) return { expected: 'an event of Sysmon for Linux' };
  const fields: [string, FieldValue][] = [];
  for (const [, name = '', attributes = '', text] of system.matchAll(element)) {
    for (const [, key = '', value = ''] of attributes.matchAll(attribute))
      fields.push([`${name}_${key}`, decode(value)]);
    if (text !== undefined) fields.push([name, toValue(name, decode(text))]);
  }
  for (const [, name = '', text = ''] of data.matchAll(datum)) fields.push([name, decode(text)]);
  const time = fields.find(([name]) => name === 'TimeCreated_SystemTime')?.[1];
  return {
    names: fields.map(([name]) => name),
    values: fields.map(([, value]) => value),
    timeMs: typeof time === 'string' ? parseTextTime(time) : null,
  };
}

function between(line: string, start: string, end: string): string | null {
  const from = line.indexOf(start);
  const to = from < 0 ? -1 : line.indexOf(end, from);
  return to < 0 ? null : line.slice(from + start.length, to);
}

function toValue(name: string, text: string): FieldValue {
  return (name === 'EventID' || name === 'EventRecordID') && /^\d{1,15}$/.test(text) ? Number(text) : text;
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
