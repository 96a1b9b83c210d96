import { parseApacheErrorLine } from './apache-error.js';
import { parseApplicationLine } from './application-log.js';
import { parseBindLine } from './bind.js';
import { monthOf } from './calendar.js';
import { parseClamavLine } from './clamav.js';
import { parseCombinedLine } from './combined.js';
import { parseMysqlLine, parsePostgresqlLine } from './databases.js';
import { parseEventXml } from './event-xml.js';
import type { FieldValue } from './event.js';
import { parseFtpLine } from './ftp-server.js';
import { parseJsonEvents } from './json-line.js';
import { parseKernelLine } from './kernel-log.js';
import { cefPairs, parseKeyValueLine } from './key-value.js';
import { parseAuditLine } from './linux-audit.js';
import type { LogClock } from './log-clock.js';
import { parseDeviceLine } from './network-device.js';
import { parseNginxErrorLine } from './nginx-error.js';
import { parseAptLine, parseDpkgLine } from './packages.js';
import { parsePaloAltoLine } from './palo-alto.js';
import { parseSyslogLine, programLine } from './program-line.js';
import { parseSquidLine } from './squid.js';
import { type LineEvent, type LineParser, lineOf, withFields } from './text-log.js';
import { parseTextTime } from './text-time.js';
import { parseUnboundLine } from './unbound.js';

/** What a line that begins so may be, the most particular first. */
const isoDated: readonly LineParser[] = [
  parseContainerLine,
  parseDpkgLine,
  parsePostgresqlLine,
  parseMysqlLine,
  parseSyslogApplication,
];
const slashDated: readonly LineParser[] = [parseNginxErrorLine, parseApplicationLine];
const dayFirst: readonly LineParser[] = [parseApplicationLine, parseBindLine];
const otherDigits: readonly LineParser[] = [parseSquidLine, parseCombinedLine, parsePaloAltoLine, parseMysqlLine, parseDeviceLine]; // prettier-ignore
const bracketed: readonly LineParser[] = [parseKernelLine, parseUnboundLine, parseApacheErrorLine, parseApplicationLine]; // prettier-ignore
const weekday: readonly LineParser[] = [parseFtpLine, parseClamavLine];
const month: readonly LineParser[] = [parseDeviceLine, parseApplicationLine, parseSyslogLine];
const priority: readonly LineParser[] = [parseDeviceLine, parseSyslogLine, parseKernelLine];
const worded: readonly LineParser[] = [parseCombinedLine, parseApplicationLine, parseAptLine, parseDpkgLine, parseClamavLine]; // prettier-ignore
const others: readonly LineParser[] = [parseDeviceLine, parseMysqlLine, parseCombinedLine, parseClamavLine, parseApplicationLine]; // prettier-ignore

function parsersFor(line: string): readonly LineParser[] {
  const first = line.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39) {
    const fifth = line.charCodeAt(4);
    if (fifth === 0x2d) return isoDated;
    if (fifth === 0x2f) return slashDated;
    return line.charCodeAt(2) === 0x2d ? dayFirst : otherDigits;
  }
  if (first === 0x5b) return bracketed;
  if (first === 0x3c) return priority;
  if (first >= 0x41 && first <= 0x5a && line.charCodeAt(3) === 0x20) {
    const fifth = line.charCodeAt(4);
    if (fifth >= 0x41 && fifth <= 0x5a) return weekday;
    if (monthOf(line.slice(0, 3)) > 0) return month;
  }
  return (first >= 0x41 && first <= 0x5a) || (first >= 0x61 && first <= 0x7a) ? worded : others;
}

/** The forms that need no table nor more than one line, whatever stood before. Null for a line of none of them. */
export function parseKnownLine(line: string, clock: LogClock): LineEvent | null {
  const first = line.charCodeAt(0);
  if (first === 0x7b) return parseJsonEvents(line)?.[0] ?? null;
  if (first === 0x3c && line.startsWith('<Event')) return parseEventXml(line);
  for (const parse of parsersFor(line)) {
    const event = parse(line, clock);
    if (event !== null) return event;
  }
  const record = line.includes('audit(') ? parseAuditLine(line, clock) : null;
  if (record !== null) return record;
  const equals = line.indexOf('=');
  if (equals < 0) return stampedLine(line, clock);
  const pairs = cefPairs(line);
  if (pairs === null) return stampedLine(line, clock);
  const paired = parseKeyValueLine(line, clock);
  if (paired === null || paired.timeMs !== null) return paired ?? stampedLine(line, clock);
  return { ...paired, timeMs: stampedLine(line, clock)?.timeMs ?? null };
}

/** Application records before syslog, whose host may be called ERROR only there. */
function parseSyslogApplication(line: string, clock: LogClock): LineEvent | null {
  const application = parseApplicationLine(line, clock);
  if (application === null) return parseSyslogLine(line, clock);
  const level = application.values[0];
  // A syslog line may speak of errors behind its tag.
  const isSyslog = /^\S+(?: [\d:.,]+)? [\w.:-]+ [\w./@()-]+(?:\[[\d:]+\])?: /.test(line) && !line.includes(` ${String(level)} `); // prettier-ignore
  return (isSyslog ? parseSyslogLine(line, clock) : null) ?? application;
}

const container = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) /;

/** A line of a container's log as the container runtime (CRI) keeps it: what the program wrote, with `stream`. */
function parseContainerLine(line: string, clock: LogClock): LineEvent | null {
  const [head, time = '', stream = ''] = container.exec(line) ?? [];
  if (head === undefined) return null;
  return wrapped(line.slice(head.length), [['stream', stream]], parseTextTime(time), clock);
}

/** What a program wrote, behind or inside what somebody else knows of it. */
export function wrapped(
  message: string,
  around: readonly (readonly [string, FieldValue])[],
  timeMs: number | null,
  clock: LogClock,
): LineEvent {
  const text = message.replace(/\r?\n$/, '');
  const inner = parseKnownLine(text, clock);
  const event = inner ?? lineOf([['message', text]], null);
  return { ...withFields(event, around), timeMs: event.timeMs ?? timeMs, goesOn: false };
}

/** An entry of journald: its message as its program wrote it, its fields beside. */
export function journalLine(
  fields: readonly (readonly [string, FieldValue])[],
  timeMs: number | null,
  clock: LogClock,
): LineEvent {
  const text = (name: string): string | null => {
    const value = fields.find(([field]) => field === name)?.[1];
    return typeof value === 'string' ? value : null;
  };
  const message = text('MESSAGE') ?? '';
  const transport = text('_TRANSPORT');
  const facility = text('SYSLOG_FACILITY');
  const program = text('SYSLOG_IDENTIFIER') ?? text('_COMM') ?? (transport === 'kernel' ? 'kernel' : null);
  const event = programLine(
    {
      timeMs,
      host: text('_HOSTNAME'),
      program: transport === 'audit' ? 'audit' : program,
      pid: text('_PID') ?? text('SYSLOG_PID'),
      facility: facility !== null && /^\d{1,3}$/.test(facility) ? Number(facility) : null,
      data: '',
      message,
    },
    clock,
  );
  return withFields(event, fields);
}

const stamped = /^\W?(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}|\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?)(?=\W|$)/; // prettier-ignore

/** A time and then whatever: a line with a time. */
function stampedLine(line: string, { local }: LogClock): LineEvent | null {
  const [time] = stamped.exec(line) ?? [];
  if (time === undefined) return null;
  const timeMs = parseTextTime(time.replace(/^[^\dA-Z]/, ''), local);
  return timeMs === null ? null : lineOf([['message', line]], timeMs);
}
