import type { FieldValue } from './event.js';
import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type Field, type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const auditLog = LogSource.of({ product: 'linux', service: 'auditd', category: [] });

/** `type=SYSCALL msg=audit(…): …`, of the kernel `audit: type=1400 audit(…): …`, of ausearch with a date in the brackets. */
const head =
  /^(?:.{0,200}?[ :])??(?:node=(\S{1,255}) )?type=([A-Z0-9_[\]]{1,40}) (?:msg=)?audit\(([^):]{1,20}(?::\d\d:\d\d(?:\.\d{1,9})?)?):(\d{1,20})\) ?: ?/;
/** `audit[12]: SYSCALL arch=…`, as journald has it, is told by its program. */
const journalHead = /^([A-Z][A-Z0-9_]{2,39}) (?=\w+=)/;

const pair = /([A-Za-z_][\w.-]{0,99}(?:\[\d{1,6}\])?)=(?:"([^"]*)"|'([^']*)'|(\S*))/g;
const hex = /^(?:[0-9A-F]{2})+$/;

/** Fields that the kernel writes as hex when they hold blanks, quotes or control characters. */
const escaped =
  /^(?:acct|cmd|comm|cwd|data|device|dir|exe|file|grp|key|name|new-chardev|new_group|ocomm|old-chardev|path|proctitle|saddr_path|sw|vm|watch)$/;
const argument = /^a(\d{1,5})(?:\[\d{1,6}\])?$/;

export function isAuditLine(line: string): boolean {
  return line.includes('audit(') && head.test(line);
}

/**
 * A record of Linux audit: `type`, the record's pairs with hexadecimal texts decoded, the pairs inside `msg='…'` beside
 * them, those that auditd adds with names for numbers (`log_format = ENRICHED`), and the record's serial number as
 * `EventRecordID`. `a0` … `a3` of a system call are the numbers that they are; of EXECVE they are words, put together where
 * the kernel has split a long one. Several keys of a rule are a list.
 */
export function parseAuditLine(line: string, clock: LogClock): LineEvent | null {
  if (!line.includes('audit(')) return null;
  const match = head.exec(line);
  if (match === null) return null;
  const [whole, node, type = '', time = '', serial = ''] = match;
  const fields: Field[] = [
    ['type', type],
    ['EventRecordID', Number(serial)],
  ];
  if (node !== undefined) fields.push(['Computer', node]);
  return lineOf([...fields, ...recordFields(type, line.slice(whole.length))], timeOf(time, clock), auditLog);
}

/** What journald keeps of a record: its type and pairs, without time and number. */
export function parseJournalAudit(message: string): LineEvent | null {
  const [whole, type = ''] = journalHead.exec(message) ?? [];
  if (whole === undefined) return null;
  return lineOf([['type', type], ...recordFields(type, message.slice(whole.length))], null, auditLog);
}

function timeOf(text: string, { local }: LogClock): number | null {
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds === undefined) return parseTextTime(text, local);
  return Number(seconds) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
}

function recordFields(type: string, text: string): Field[] {
  const [kernel = '', translated = ''] = text.split('\u001d', 2);
  const fields = new Map<string, FieldValue>();
  addPairs(type, kernel, fields);
  addPairs('', translated, fields);
  return [...fields];
}

function addPairs(type: string, text: string, fields: Map<string, FieldValue>): void {
  for (const [, name = '', quoted, single, bare = ''] of text.matchAll(pair)) {
    if (single !== undefined && name === 'msg') {
      addPairs(type, single, fields);
      continue;
    }
    const argumentOf = argument.exec(name);
    const isSplit = name.endsWith(']') && argumentOf !== null;
    const isText = argumentOf === null ? escaped.test(name) : type === 'EXECVE';
    const raw = quoted ?? single ?? bare;
    const isHex = quoted === undefined && isText && hex.test(raw);
    const value = isHex ? Buffer.from(raw, 'hex') : raw;
    const key = isSplit ? `a${argumentOf[1] ?? ''}` : name;
    const known = fields.get(key);
    const decoded = textOf(value, name);
    if (isSplit && typeof known === 'string' && typeof decoded === 'string') fields.set(key, known + decoded);
    else if (known === undefined) fields.set(key, decoded);
    else fields.set(key, [...(typeof known === 'object' && known !== null ? known : [known]), ...[decoded].flat()]);
  }
}

/** NULs divide the words of a command line, and \x01 the keys of a rule. */
function textOf(value: Buffer | string, name: string): FieldValue {
  if (typeof value === 'string') return value;
  const text = value.toString('utf8');
  if (name === 'key' && text.includes('\u0001')) return text.split('\u0001');
  return text.replace(/\0+$/, '').replaceAll('\0', ' ');
}
