import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { parseSyslogHead } from './syslog.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';
import { parseTextTime } from './text-time.js';

const query =
  /(?:^|\s)client (?:@0x[0-9a-f]{1,16} )?([0-9A-Fa-f.:]{2,45}(?:%\S{1,16})?)#\d{1,5}(?: \(\S{1,255}\))?: (?:view \S{1,64}: )?query: (\S{1,255}) (IN|CH|HS|ANY|CLASS\d{1,5}) ([A-Z0-9]{1,16})/;
const own = /^(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d)\.\d{3} /;

export function isBindLine(line: string): boolean {
  return query.test(line);
}

/** The query log of BIND 9 (category `queries`): `query`, `record_type`, `class`, `src_ip`. */
export function readBind(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseBindLine);
}

/** Null for what BIND says besides queries. */
export function parseBindLine(line: string): ParsedLine {
  const match = query.exec(line);
  if (match === null) return null;
  const [, client = '', name = '', kind = '', type = ''] = match;
  const [, day, month = '', year = '', clock = ''] = own.exec(line) ?? [];
  const head = day === undefined ? parseSyslogHead(line) : null;
  const fields: [string, FieldValue][] = [
    ['query', name],
    ['record_type', type],
    ['class', kind],
    ['src_ip', client],
  ];
  if (head?.host) fields.push(['Computer', head.host]);
  return {
    names: fields.map(([field]) => field),
    values: fields.map(([, value]) => value),
    timeMs: day === undefined ? (head?.timeMs ?? null) : parseTextTime(`${month} ${day} ${year} ${clock}`),
  };
}
