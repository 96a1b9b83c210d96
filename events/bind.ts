import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type Field, type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

/** The query logs of resolvers. */
export const dnsLog = LogSource.of({ product: 'linux', service: ['dns', 'syslog'], category: 'dns' });
const bindLog = LogSource.of({ product: 'linux', service: ['named'], category: [] });

const query =
  /(?:^|\s)client (?:@0x[0-9a-f]{1,16} )?([0-9A-Fa-f.:]{2,45}(?:%\S{1,16})?)#\d{1,5}(?: \(\S{1,255}\))?: (?:view \S{1,64}: )?query: (\S{1,255}) (IN|CH|HS|ANY|CLASS\d{1,5}) ([A-Z0-9]{1,16})/;
const own =
  /^(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d\.\d{3}) (?:([a-z-]{3,32}): )?(?:(critical|error|warning|notice|info|debug \d{1,3}): )?/;

/** A line of BIND 9's own log files: of queries (`query`, `record_type`, `class`, `src_ip`), else `category`, `severity`, `message`. */
export function parseBindLine(line: string, { local }: LogClock): LineEvent | null {
  const [head, time = '', category, severity] = own.exec(line) ?? [];
  if (head === undefined) return null;
  const message = line.slice(head.length);
  const fields = bindFields(message);
  const timeMs = parseTextTime(time, local);
  if (fields.length > 0) return lineOf(fields, timeMs, dnsLog);
  if (category === undefined && severity === undefined) return null;
  return lineOf([['category', category], ['severity', severity], ['message', message]], timeMs, bindLog); // prettier-ignore
}

/** Empty for what BIND says besides queries. */
export function bindFields(message: string): Field[] {
  const match = query.exec(message);
  if (match === null) return [];
  const [, client = '', name = '', kind = '', type = ''] = match;
  return [
    ['query', name],
    ['record_type', type],
    ['class', kind],
    ['src_ip', client],
  ];
}
