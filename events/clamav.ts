import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const clamav = LogSource.of({ product: 'linux', service: 'clamav', category: 'antivirus' });
const stamped = /^([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) -> /;
const found = /^(?:(?:WARNING|ERROR): )?(.{1,4096}): ([A-Z][\w.:()/-]{2,255}) FOUND$/;

/** A line of clamd, freshclam or clamscan: `message`, and `Filename`, `Signature` of what was found. */
export function parseClamavLine(line: string, { local }: LogClock): LineEvent | null {
  const [head, time = ''] = stamped.exec(line) ?? [];
  const message = head === undefined ? line : line.slice(head.length);
  const match = message.endsWith(' FOUND') ? found.exec(message) : null;
  if (head === undefined && match === null) return null;
  return lineOf(clamavFields(message), head === undefined ? null : parseTextTime(time, local), clamav);
}

/** What clamd says, by itself or behind the head of syslog. */
export function clamavFields(message: string): [string, string][] {
  const [, file, signature] = found.exec(message) ?? [];
  const fields: [string, string][] = [['message', message]];
  if (file !== undefined && signature !== undefined) fields.push(['Filename', file], ['Signature', signature]);
  return fields;
}
