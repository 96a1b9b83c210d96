import { extname } from 'node:path';
import { isBindLine, readBind } from './bind.js';
import { isCombinedLine, readCombined } from './combined.js';
import { delimiterOf, readCsv } from './csv.js';
import { isDnsmasqLine, readDnsmasq } from './dnsmasq.js';
import type { FlatEvent } from './event.js';
import { pairsOf, readKeyValue } from './key-value.js';
import { isAuditLine, readLinuxAudit } from './linux-audit.js';
import type { ByteSource } from './source.js';
import { isSquidLine, readSquid } from './squid.js';
import { isSyslogLine, readSyslog } from './syslog.js';
import { isSysmonLine, readSysmonLinux } from './sysmon-linux.js';
import type { TextLogOptions } from './text-log.js';
import { isUnboundLine, readUnbound } from './unbound.js';
import { isW3cDirective, readW3c } from './w3c.js';
import { isZeekDirective, readZeek } from './zeek.js';

export const textFormats = [
  'csv',
  'key-value',
  'squid',
  'w3c',
  'combined',
  'zeek',
  'linux-audit',
  'sysmon-linux',
  'dnsmasq',
  'unbound',
  'bind',
  'syslog',
] as const;
export type TextFormat = (typeof textFormats)[number];

const readers: Readonly<
  Record<TextFormat, (source: ByteSource, options: TextLogOptions) => AsyncGenerator<FlatEvent[]>>
> = {
  csv: readCsv,
  'key-value': readKeyValue,
  squid: readSquid,
  w3c: readW3c,
  combined: readCombined,
  zeek: readZeek,
  'linux-audit': readLinuxAudit,
  'sysmon-linux': readSysmonLinux,
  dnsmasq: readDnsmasq,
  unbound: readUnbound,
  bind: readBind,
  syslog: readSyslog,
};

export function readTextLog(
  format: TextFormat,
  source: ByteSource,
  options: TextLogOptions,
): AsyncGenerator<FlatEvent[]> {
  return readers[format](source, options);
}

/** Lines of the head that are looked at: a log may begin with a broken one. */
const linesAtMost = 10;

/** Lines that no other format has. Syslog is last: several of the others may stand behind its head. */
const marks: readonly (readonly [format: TextFormat, isLine: (line: string) => boolean])[] = [
  ['zeek', isZeekDirective],
  ['w3c', isW3cDirective],
  ['squid', isSquidLine],
  ['combined', isCombinedLine],
  ['sysmon-linux', isSysmonLine],
  ['linux-audit', isAuditLine],
  ['dnsmasq', isDnsmasqLine],
  ['unbound', isUnboundLine],
  ['bind', isBindLine],
];

/** What the first lines of a text, or else its name, say. Null for text that is no log of these. */
export function textFormatOf(head: string, name: string): TextFormat | null {
  const lines = head.split(/\r?\n/).filter((line) => line.trim() !== '');
  const some = lines.slice(0, linesAtMost);
  if (some.length === 0 || head.includes('\0')) return null;
  for (const [format, isLine] of marks) if (some.some(isLine)) return format;
  const extension = extname(name).toLowerCase();
  if (extension === '.csv' || extension === '.tsv') return 'csv';
  // The last line of the head may be cut.
  const [first = '', second] = some;
  if (isTable(first, lines.length > 2 ? second : undefined)) return 'csv';
  const paired = some.filter((line) => pairsOf(line).length >= 3).length;
  if (paired * 2 > some.length - 1 && paired > 0) return 'key-value';
  return some.some(isSyslogLine) ? 'syslog' : null;
}

/** A header of names, and a row with as many columns. */
function isTable(header: string, row: string | undefined): boolean {
  const delimiter = delimiterOf([{ text: header }]);
  const columns = columnsOf(header, delimiter);
  if (columns < 3 || header.includes('=') || row === undefined) return /^sep=.$/.test(header);
  return columnsOf(row, delimiter) === columns;
}

function columnsOf(line: string, delimiter: string): number {
  return line.replace(/"(?:[^"]|"")*"/g, '').split(delimiter).length;
}
