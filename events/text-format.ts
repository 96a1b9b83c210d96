import { basename, extname } from 'node:path';
import { parseKnownLine } from './any-line.js';
import { parseApacheErrorLine } from './apache-error.js';
import { parseApplicationLine } from './application-log.js';
import { bindFields, parseBindLine } from './bind.js';
import { parseClamavLine } from './clamav.js';
import { parseCombinedLine } from './combined.js';
import { delimiterOf, isCsvHeader, readCsv } from './csv.js';
import { parseMysqlLine, parsePostgresqlLine } from './databases.js';
import { parseEventXml } from './event-xml.js';
import type { FlatEvent } from './event.js';
import { parseFtpLine } from './ftp-server.js';
import { historyFormatOf, historyFormats } from './history.js';
import { readJournalExport } from './journal-export.js';
import { parseKernelLine } from './kernel-log.js';
import { parseKeyValueLine } from './key-value.js';
import { readLines } from './line-log.js';
import { isAuditLine, parseAuditLine } from './linux-audit.js';
import { LogClock } from './log-clock.js';
import { parseDeviceLine } from './network-device.js';
import { parseNginxErrorLine } from './nginx-error.js';
import { parseAptLine, parseDpkgLine } from './packages.js';
import { parsePaloAltoLine } from './palo-alto.js';
import { parseSyslogLine } from './program-line.js';
import type { ByteSource } from './source.js';
import { parseSquidLine } from './squid.js';
import { parseSyslogHead } from './syslog.js';
import type { LineParser, TextLogOptions } from './text-log.js';
import { dnsmasqFields } from './dnsmasq.js';
import { parseUnboundLine } from './unbound.js';
import { isW3cDirective } from './w3c.js';
import { readEventXml } from './xml-log.js';
import { isZeekDirective } from './zeek.js';

type Reader = (source: ByteSource, options: TextLogOptions) => AsyncGenerator<FlatEvent[]>;

const lineFormats = {
  syslog: parseSyslogLine,
  'linux-audit': parseAuditLine,
  'key-value': (line, clock) => parseKeyValueLine(line, clock, 2),
  combined: parseCombinedLine,
  squid: parseSquidLine,
  'apache-error': parseApacheErrorLine,
  'nginx-error': parseNginxErrorLine,
  ftp: parseFtpLine,
  clamav: parseClamavLine,
  dpkg: parseDpkgLine,
  apt: parseAptLine,
  kernel: parseKernelLine,
  postgresql: parsePostgresqlLine,
  mysql: parseMysqlLine,
  application: parseApplicationLine,
  'network-device': parseDeviceLine,
  'palo-alto': parsePaloAltoLine,
  'sysmon-linux': (line, clock) => parseEventXml(line) ?? parseSyslogLine(line, clock),
  bind: (line, clock) => parseBindLine(line, clock) ?? parseSyslogLine(line, clock),
  unbound: (line, clock) => parseUnboundLine(line) ?? parseSyslogLine(line, clock),
  dnsmasq: parseSyslogLine,
} satisfies Readonly<Record<string, LineParser>>;

const lineFormatNames = Object.keys(lineFormats) as (keyof typeof lineFormats)[];

/**
 * What a text may be read as. `text` is the reading of each line for itself, as whatever it is; those of one form read that
 * form alone, and `lines` none.
 */
export const textFormats = ['text', 'lines', 'csv', 'xml', 'journal-export', 'w3c', 'zeek', ...historyFormats, ...lineFormatNames] as const; // prettier-ignore
export type TextFormat = (typeof textFormats)[number];

const readers: Readonly<Record<string, Reader>> = {
  text: readLines,
  w3c: readLines,
  zeek: readLines,
  lines: (source, options) => readLines(source, options, { isPlain: true }),
  csv: readCsv,
  xml: readEventXml,
  'journal-export': readJournalExport,
  ...Object.fromEntries(historyFormats.map((history): [string, Reader] => [history, (source, options) => readLines(source, options, { history })])), // prettier-ignore
  ...Object.fromEntries(lineFormatNames.map((name): [string, Reader] => [name, (source, options) => readLines(source, options, { parse: lineFormats[name] })])), // prettier-ignore
};

export function readTextLog(
  format: TextFormat,
  source: ByteSource,
  options: TextLogOptions,
): AsyncGenerator<FlatEvent[]> {
  const read = readers[format] ?? readLines;
  return read(source, options);
}

/** Read line by line unless somebody says that a log is nothing else. */
const seenOnly: ReadonlySet<string> = new Set(['w3c', 'zeek', ...lineFormatNames]);

/** How a text is read that looks like `format`: a log of one form may have lines of others. */
export function readingOf<F extends string>(format: F): F | 'text' {
  return seenOnly.has(format) ? 'text' : format;
}

/** What the first lines of a text are mostly for the reader of a report; each line is read for itself whatever it is. */
const marks: readonly (readonly [format: TextFormat, isLine: (line: string, clock: LogClock) => boolean])[] = [
  ['zeek', isZeekDirective],
  ['w3c', isW3cDirective],
  ['sysmon-linux', (line) => line.includes('<Provider Name="Linux-Sysmon"')],
  ['linux-audit', isAuditLine],
  ['squid', (line) => parseSquidLine(line) !== null],
  ['combined', (line, clock) => parseCombinedLine(line.replace(/^\S+ (?:stdout|stderr) [FP] /, ''), clock) !== null],
  ['dnsmasq', isDnsmasq],
  ['unbound', (line) => /(?:^\[\d{9,11}\] |\s)unbound\[/.test(line)],
  ['bind', (line) => bindFields(line).length > 0],
  ['key-value', (line, clock) => parseKeyValueLine(line, clock) !== null && parseSyslogHead(line) === null],
  ['syslog', (line) => parseSyslogHead(line) !== null],
];

/**
 * What the first bytes of a text, or else its name, say; null for text that is no log that can be seen. Only CSV, XML, the export
 * of journald and the histories are read otherwise than line by line: what else this says is for reports.
 */
export function textFormatOf(head: string, name: string): TextFormat | null {
  const text = head.replaceAll('\0', '');
  const lines = text.split(/\r?\n|\r(?!\n)/).filter((line) => line.trim() !== '');
  if (lines.length === 0) return isNamedLog(name) && head.length > 0 ? 'text' : null;
  const history = historyFormatOf(name);
  if (history !== null) return history;
  if (/^(?:__CURSOR|__REALTIME_TIMESTAMP)=/.test(text)) return 'journal-export';
  if (/^\ufeff?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--[\s\S]{0,500}?-->\s*)?<(?:Events?)[\s>]/.test(text)) return 'xml';
  const clock = new LogClock();
  const known = (line: string): boolean => parseKnownLine(line, clock) !== null;
  const [first = '', second = ''] = lines;
  const extension = extname(name).toLowerCase();
  const isDirective = isZeekDirective(first) || isW3cDirective(first);
  if (!isDirective && (extension === '.csv' || extension === '.tsv')) return 'csv';
  // A header holds names alone; the last line of the head may be cut.
  if (!isDirective && !known(first) && isTable(first, lines.length > 2 ? second : undefined, known)) return 'csv';
  const some = lines.slice(0, Math.min(linesAtMost, lines.length > 1 ? lines.length - 1 : 1));
  const found = some.filter(known).length + Number(isDirective);
  if (found * leastShare < some.length && !isNamedLog(name)) return null;
  for (const [format, isLine] of marks) if (some.some((line) => isLine(line, clock))) return format;
  return 'text';
}

/** Of the lines of a head, so many are looked at. */
const linesAtMost = 200;

/** Of a text that nothing calls a log, one line in so many is one of a log's: a page about logs is none. */
const leastShare = 5;

function isDnsmasq(line: string): boolean {
  const head = parseSyslogHead(line);
  return head !== null && /^(?:dnsmasq|pihole-FTL)/.test(head.program ?? '') && dnsmasqFields(head.message).length > 0;
}

/** A header of names, and a row with as many columns that is no line of a log. */
function isTable(header: string, row: string | undefined, isKnown: (line: string) => boolean): boolean {
  if (/^sep=.$/.test(header) || /^#TYPE \S+/.test(header)) return true;
  const delimiter = delimiterOf([{ text: header }]);
  const columns = columnsOf(header, delimiter);
  if (columns < 3 || row === undefined || !isCsvHeader(header, delimiter)) return false;
  return columnsOf(row, delimiter) >= columns - 1 && !isKnown(row);
}

function columnsOf(line: string, delimiter: string): number {
  return line.replace(/"(?:[^"]|"")*"?/g, '').split(delimiter).length;
}

/** A file that its name or its folder call a log. */
export function isNamedLog(path: string): boolean {
  const name = basename(path.replaceAll('\\', '/')).toLowerCase();
  return (
    /\.log(?:[.-]|$)|[._-]log$|\.(?:out|err|trace|audit)$/.test(name) ||
    /^(?:syslog|messages|secure|maillog|cron|auth|kern|daemon|debug|user|boot|dmesg|lastlog\.txt|access_log|error_log|catalina)(?:[.-]\d.*|\.\w+)?$/.test(
      name,
    ) || // prettier-ignore
    /(?:^|[\\/])(?:logs?|var[\\/]log)[\\/]/i.test(path)
  );
}
