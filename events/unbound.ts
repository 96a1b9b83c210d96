import { dnsLog } from './bind.js';
import { LogSource } from './log-source.js';
import { type Field, type LineEvent, lineOf } from './text-log.js';

const unboundLog = LogSource.of({ product: 'linux', service: ['unbound'], category: [] });
const own = /^\[(\d{9,11})\] unbound\[([\d:]{1,21})\] /;
const query =
  /^(?:info|query|reply): (?:([0-9A-Fa-f.:]{2,45}) )(\S{1,255}?)\.? ([A-Z0-9]{1,16}) (IN|CH|HS|ANY|CLASS\d{1,5})(?: ([A-Z]{2,20}|RCODE\d{1,4}) )?/;

/** A line of unbound's own log: of queries and replies `query`, `record_type`, `class`, `rcode`, `src_ip`, else `message`. */
export function parseUnboundLine(line: string): LineEvent | null {
  const [head, seconds, pid] = own.exec(line) ?? [];
  if (head === undefined) return null;
  const message = line.slice(head.length);
  const fields = unboundFields(message);
  if (fields.length > 0) return lineOf(fields, Number(seconds) * 1000, dnsLog);
  return lineOf([['pid', pid], ['message', message]], Number(seconds) * 1000, unboundLog); // prettier-ignore
}

/** Empty for what unbound says besides queries. */
export function unboundFields(message: string): Field[] {
  const match = query.exec(message);
  if (match === null) return [];
  const [, client = '', name = '', type = '', kind = '', rcode] = match;
  const fields: Field[] = [
    ['query', name],
    ['record_type', type],
    ['class', kind],
    ['src_ip', client],
  ];
  if (rcode !== undefined) fields.push(['rcode', rcode]);
  return fields;
}
