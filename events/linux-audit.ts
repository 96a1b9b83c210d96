import type { FieldValue, FlatEvent } from './event.js';
import { pairsOf } from './key-value.js';
import type { ByteSource } from './source.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';

const head =
  /^(?:.{0,200}? )??(?:node=(\S{1,255}) )?type=([A-Z0-9_[\]]{1,40}) (?:.{0,200}?)msg=audit\((\d{1,12})\.(\d{3}):(\d{1,20})\): ?/;

/** Fields that the kernel writes as hex when they hold blanks or quotes. */
const escaped =
  /^(?:a\d{1,3}(?:\[\d{1,6}\])?|acct|cmd|comm|cwd|data|dir|exe|file|name|path|proctitle|saddr_path|vm|watch)$/;

export function isAuditLine(line: string): boolean {
  return head.test(line);
}

/**
 * The records of Linux audit's `audit.log`, an event each: `type`, the pairs of the record with hexadecimal texts decoded,
 * the pairs inside `msg='…'` beside them, and the record's serial number as `EventRecordID`.
 */
export function readLinuxAudit(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseAuditLine);
}

export function parseAuditLine(line: string): ParsedLine {
  const match = head.exec(line);
  if (match === null) return { expected: 'a record of Linux audit (type=… msg=audit(…):)' };
  const [whole, node, type = '', seconds = '', millis = '', serial = ''] = match;
  const fields: [string, FieldValue][] = [
    ['type', type],
    ['EventRecordID', Number(serial)],
  ];
  if (node !== undefined) fields.push(['Computer', node]);
  const [kernel = '', translated = ''] = line.slice(whole.length).split('\u001d', 2);
  const inner = /\bmsg='([^']*)'/.exec(kernel);
  const outer = inner === null ? kernel : kernel.replace(inner[0], '');
  for (const [name, value] of [...pairsOf(outer), ...pairsOf(inner?.[1] ?? ''), ...pairsOf(translated)])
    fields.push([name, escaped.test(name) ? decodeText(value, line, name) : value]);
  return {
    names: fields.map(([name]) => name),
    values: fields.map(([, value]) => value),
    timeMs: Number(seconds) * 1000 + Number(millis),
  };
}

/** Only what stands without quotes is hex. NULs divide the words of a command line. */
function decodeText(value: string, line: string, name: string): string {
  if (!/^(?:[0-9A-F]{2}){2,}$/.test(value) || line.includes(`${name}="`)) return value;
  return Buffer.from(value, 'hex').toString('utf8').replaceAll('\0', ' ').trimEnd();
}
