import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';
import { parseTextTime } from './text-time.js';

/** What stands in front of the message. A time stamp without a year is no time: nobody knows which one is meant. */
export interface SyslogLine {
  readonly timeMs: number | null;
  readonly host: string | null;
  readonly program: string;
  readonly pid: string | null;
  readonly message: string;
}

const priority = /^(?:<\d{1,3}>)?/.source;
const tag = /([A-Za-z0-9_./@()-]{1,128}?)(?:\[([\d:]{1,21})\])?: ?/.source;
const short = new RegExp(`${priority}([A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d) (?:([\\w.:-]{1,255}) )?${tag}`);
const long = new RegExp(
  `${priority}(\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?:Z|[+-]\\d\\d:?\\d\\d)?) ([\\w.:-]{1,255}) ${tag}`,
);
const rfc5424 =
  /^<\d{1,3}>1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?/;

/** A line of BSD syslog (RFC 3164), of its form with a whole time stamp, or of RFC 5424. Null for other lines. */
export function parseSyslogHead(line: string): SyslogLine | null {
  let match = rfc5424.exec(line);
  if (match !== null) {
    const [head, time = '', host = '', program = '', pid = ''] = match;
    const message = line.slice(head.length).replace(/^\ufeff/, '');
    return { timeMs: parseTextTime(time), host: unlessDash(host), program, pid: unlessDash(pid), message };
  }
  match = short.exec(line) ?? long.exec(line);
  if (match === null) return null;
  const [head, time = '', host = null, program = '', pid = null] = match;
  return { timeMs: parseTextTime(time), host, program, pid, message: line.slice(head.length) };
}

export function isSyslogLine(line: string): boolean {
  return parseSyslogHead(line) !== null;
}

/**
 * The events of a syslog file (`syslog`, `messages`, `auth.log`, `secure`): `Computer`, `program`, `pid`, `message`. A line
 * that has no head (a message over several lines) is an event with a message alone.
 */
export function readSyslog(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseSyslogLine);
}

export function parseSyslogLine(line: string): ParsedLine {
  const head = parseSyslogHead(line);
  if (head === null) return { names: ['message'], values: [line], timeMs: null };
  const fields = headFields(head);
  fields.push(['message', head.message]);
  return { names: fields.map(([name]) => name), values: fields.map(([, value]) => value), timeMs: head.timeMs };
}

export function headFields({ host, program, pid }: SyslogLine): [string, FieldValue][] {
  const fields: [string, FieldValue][] = [];
  if (host !== null) fields.push(['Computer', host]);
  if (program !== '-') fields.push(['program', program]);
  if (pid !== null) fields.push(['pid', pid]);
  return fields;
}

function unlessDash(text: string): string | null {
  return text === '-' ? null : text;
}
