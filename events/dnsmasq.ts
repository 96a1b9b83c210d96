import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { parseSyslogHead } from './syslog.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';

const query = /^(?:(\d{1,10}) (\S{2,64})\/\d{1,5} )?query\[([A-Z0-9=]{1,20})\] (\S{1,255}) from (\S{2,64})/;
const answer =
  /^(?:\d{1,10} (\S{2,64})\/\d{1,5} )?((?:gravity |exactly |regex )?(?:blocked|denied)|reply|cached|config|forwarded|\/\S{1,255}|validation|dnssec-query\[\S{1,20}\]|special domain) (\S{1,255}) (?:is|to) (\S{1,255})/;

export function isDnsmasqLine(line: string): boolean {
  const head = parseSyslogHead(line);
  return (
    head !== null &&
    /^(?:dnsmasq|pihole-FTL)/.test(head.program) &&
    (query.test(head.message) || answer.test(head.message))
  );
}

/** The query log of dnsmasq, which Pi-hole writes too: `action`, `query`, `record_type`, `answer`, `src_ip`. */
export function readDnsmasq(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseDnsmasqLine);
}

/** Null for lines that tell of no name: starting, DHCP, the lines of other programs. */
export function parseDnsmasqLine(line: string): ParsedLine {
  const head = parseSyslogHead(line);
  if (head === null) return { expected: 'a line of dnsmasq' };
  const asked = query.exec(head.message);
  const told = asked === null ? answer.exec(head.message) : null;
  const fields: [string, FieldValue | undefined][] = asked
    ? [['action', 'query'], ['query', asked[4]], ['record_type', asked[3]], ['src_ip', asked[5]]]
    : told
      ? [['action', told[2]], ['query', told[3]], ['answer', told[4]], ['src_ip', told[1]]]
      : []; // prettier-ignore
  const known = fields.filter((field): field is [string, FieldValue] => field[1] !== undefined);
  if (known.length === 0) return null;
  if (head.host !== null) known.push(['Computer', head.host]);
  return { names: known.map(([name]) => name), values: known.map(([, value]) => value), timeMs: head.timeMs };
}
