import { monthOf } from './calendar.js';
import type { FieldValue } from './event.js';
import { LogClock } from './log-clock.js';
import { parseLogTime } from './time.js';
import { hostZone } from './zone.js';

/** What stands in front of the message. */
export interface SyslogHead {
  readonly timeMs: number | null;
  readonly host: string | null;
  /** Null where a line names no program (`last message repeated 2 times`). */
  readonly program: string | null;
  readonly pid: string | null;
  /** Of the priority: 4 and 10 are auth, 9 is cron; null without one. */
  readonly facility: number | null;
  /** Structured data of RFC 5424, with their brackets; empty without. */
  readonly data: string;
  readonly message: string;
}

const priority = /(?:<(\d{1,3})>)?/.source;
const time = /(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/.source;
/** BSD (RFC 3164), also with a year as Juniper writes it. Without a host the program comes first. */
const short = new RegExp(`^${priority}(?:\\d{1,10}: )?([A-Z][a-z]{2}) ([ \\d]\\d|\\d) (?:(\\d{4}) )?${time}(?: (\\d{4}))?:? +`); // prettier-ignore
const long = new RegExp(
  `^${priority}(\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?:Z|[+-]\\d\\d(?::?\\d\\d)?)?) ([\\w.:-]{1,255}) `,
);
const rfc5424 =
  /^<(\d{1,3})>1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (-|(?:\[(?:[^\]\\]|\\.)*\])+) ?/;
const tag = /([A-Za-z0-9_./@()+-]{1,128}?)(?:\[([\d:]{1,21})\])?(?: \([\w.-]{1,128}\))?: ?/y;
const host = /([\w.:-]{1,255}) +/y;

/** A line of BSD syslog (RFC 3164), of its form with a whole time stamp, or of RFC 5424. Null for other lines. */
export function parseSyslogHead(line: string, clock: LogClock = new LogClock({ zone: hostZone })): SyslogHead | null {
  const first = line.charCodeAt(0);
  if (first === 0x3c) {
    const match = rfc5424.exec(line);
    if (match !== null) return ofRfc5424(match, line, clock);
  }
  if (first === 0x3c || (first >= 0x41 && first <= 0x5a)) {
    const match = short.exec(line);
    if (match !== null) return ofShort(match, line, clock);
  }
  const match = first === 0x3c || (first >= 0x30 && first <= 0x39) ? long.exec(line) : null;
  if (match === null) return null;
  const [head, level, stamp = '', name = ''] = match;
  const tagged = tagAt(line, head.length);
  if (tagged === null && level === undefined) return null;
  return {
    timeMs: parseLogTime(stamp, clock.local),
    host: name,
    facility: facilityOf(level),
    data: '',
    ...(tagged ?? { program: null, pid: null, message: line.slice(head.length) }),
  };
}

function ofRfc5424(match: RegExpExecArray, line: string, { local }: LogClock): SyslogHead {
  const [head, level, stamp = '', name = '', program = '', pid = '', , data = ''] = match;
  return {
    timeMs: parseLogTime(stamp, local),
    host: unlessDash(name),
    program: unlessDash(program),
    pid: unlessDash(pid),
    facility: facilityOf(level),
    data: data === '-' ? '' : data,
    message: line.slice(head.length).replace(/^\ufeff/, ''),
  };
}

function ofShort(match: RegExpExecArray, line: string, clock: LogClock): SyslogHead | null {
  const [head, level, name = '', day = '', year, hour = '', minute = '', second = '', fraction = '', late] = match;
  const month = monthOf(name);
  if (month === 0) return null;
  const stamp = {
    month,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    millisecond: fraction === '' ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0')),
  };
  const written = year ?? late;
  const timeMs = written === undefined ? clock.withYear(stamp) : clock.local({ ...stamp, year: Number(written) });
  const facility = facilityOf(level);
  const bare = tagAt(line, head.length);
  if (bare !== null) return { timeMs, host: null, facility, data: '', ...bare };
  host.lastIndex = head.length;
  const named = host.exec(line);
  if (named === null) return { timeMs, host: null, program: null, pid: null, facility, data: '', message: line.slice(head.length) }; // prettier-ignore
  const behind = tagAt(line, host.lastIndex);
  const rest = behind ?? { program: null, pid: null, message: line.slice(host.lastIndex) };
  return { timeMs, host: named[1] ?? null, facility, data: '', ...rest };
}

function tagAt(line: string, at: number): Pick<SyslogHead, 'program' | 'pid' | 'message'> | null {
  tag.lastIndex = at;
  const match = tag.exec(line);
  if (match === null) return null;
  return { program: match[1] ?? null, pid: match[2] ?? null, message: line.slice(tag.lastIndex) };
}

function facilityOf(level: string | undefined): number | null {
  return level === undefined ? null : Number(level) >> 3;
}

export function headFields({ host: name, program, pid }: SyslogHead): [string, FieldValue][] {
  const fields: [string, FieldValue][] = [];
  if (name !== null) fields.push(['Computer', name]);
  if (program !== null) fields.push(['program', program]);
  if (pid !== null) fields.push(['pid', pid]);
  return fields;
}

function unlessDash(text: string): string | null {
  return text === '-' ? null : text;
}
