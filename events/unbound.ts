import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { parseSyslogHead } from './syslog.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';

const own = /^\[(\d{9,11})\] unbound\[[\d:]{1,21}\] /;
const query =
  /^(?:info|query|reply): (?:([0-9A-Fa-f.:]{2,45}) )(\S{1,255}?)\.? ([A-Z0-9]{1,16}) (IN|CH|HS|ANY|CLASS\d{1,5})(?: ([A-Z]{2,20}|RCODE\d{1,4}) )?/;

export function isUnboundLine(line: string): boolean {
  const parsed = parseUnboundLine(line);
  return parsed !== null && 'names' in parsed;
}

/** The query log of unbound (`log-queries`, `log-replies`): `query`, `record_type`, `class`, `rcode`, `src_ip`. */
export function readUnbound(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseUnboundLine);
}

/** Null for what unbound says besides queries. */
export function parseUnboundLine(line: string): ParsedLine {
  const [prefix, seconds] = own.exec(line) ?? [];
  const head = prefix === undefined ? parseSyslogHead(line) : null;
  if (prefix === undefined && head?.program !== 'unbound') return { expected: 'a line of unbound' };
  const match = query.exec(prefix === undefined ? (head?.message ?? '') : line.slice(prefix.length));
  if (match === null) return null;
  const [, client = '', name = '', type = '', kind = '', rcode] = match;
  const fields: [string, FieldValue][] = [
    ['query', name],
    ['record_type', type],
    ['class', kind],
    ['src_ip', client],
  ];
  if (rcode !== undefined) fields.push(['rcode', rcode]);
  if (head?.host) fields.push(['Computer', head.host]);
  return {
    names: fields.map(([field]) => field),
    values: fields.map(([, value]) => value),
    timeMs: seconds === undefined ? (head?.timeMs ?? null) : Number(seconds) * 1000,
  };
}
