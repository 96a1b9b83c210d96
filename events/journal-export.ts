import { journalLine } from './any-line.js';
import type { FieldValue, FlatEvent } from './event.js';
import { LogClock } from './log-clock.js';
import type { ByteSource } from './source.js';
import { lineEvent, quote, type TextLogOptions } from './text-log.js';

const bytesAtOnce = 256 * 1024;
const newline = 0x0a;
const equals = 0x3d;
/** A longer field is cut. */
export const maxFieldBytes = 1024 * 1024;
/** Of one entry; more are left out. */
const maxFields = 2000;

/** An entry of a journal, as its file and its export hold it. */
export type JournalFields = readonly (readonly [name: string, value: FieldValue])[];

/**
 * The entries of journald's export format (https://systemd.io/JOURNAL_EXPORT_FORMATS/): `NAME=value` a line, or a name, the
 * length in 8 bytes and the value where it is no text of one line; an empty line between entries. What is neither is
 * reported, and is the message of an entry of its own.
 */
export async function* readJournalExport(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const { report, clock = new LogClock() } = options;
  let entry: [string, FieldValue][] = [];
  let held: Buffer = Buffer.alloc(0);
  let offset = 0;
  const buffer = Buffer.alloc(bytesAtOnce);
  for (let filled = buffer.length; filled === buffer.length;) {
    filled = await source.read(buffer);
    report.bytes += filled;
    const isLast = filled < buffer.length;
    const bytes = Buffer.concat([held, buffer.subarray(0, filled)]);
    const batch: FlatEvent[] = [];
    const end = (): void => {
      if (entry.length > 0) batch.push(journalEvent(entry, options, clock));
      entry = [];
    };
    let at = 0;
    while (at < bytes.length) {
      let to = bytes.indexOf(newline, at);
      if (to < 0) {
        if (!isLast && bytes.length - at <= maxFieldBytes) break;
        to = bytes.length;
      }
      const mark = bytes.indexOf(equals, at);
      let next = to + 1;
      if (to === at) end();
      else if (mark >= at && mark < to) {
        const name = bytes.toString('utf8', at, mark);
        if (entry.length < maxFields) entry.push([name, bytes.toString('utf8', mark + 1, to)]);
      } else {
        const name = bytes.toString('utf8', at, to);
        const length = bytes.length - to >= 9 ? Number(bytes.readBigUInt64LE(to + 1)) : -1;
        const isName = /^[A-Z0-9_]{1,64}$/.test(name);
        if (isName && length < 0 && !isLast) break;
        if (isName && length >= 0 && length <= maxObjectBytes) {
          if (bytes.length - to - 9 < length && !isLast) break;
          const value = bytes.subarray(to + 9, to + 9 + length);
          if (entry.length < maxFields) entry.push([name, value.toString('utf8')]);
          next = to + 9 + length + 1;
        } else {
          report.skip('journal-field', offset + at, `journal field: expected NAME=value, got ${quote(name)}`);
          end();
          entry.push(['MESSAGE', name]);
          end();
        }
      }
      at = Math.min(next, bytes.length);
    }
    if (isLast) end();
    held = Buffer.from(bytes.subarray(at));
    offset += at;
    report.events += batch.length;
    if (batch.length > 0) yield batch;
  }
}

/** journald takes no larger field than 768 MiB; no honest one is above this. */
const maxObjectBytes = 64 * 1024 * 1024;

/** The event of an entry: its message as a line of syslog has it, and all of its fields beside. */
export function journalEvent(fields: JournalFields, { shapes, name }: TextLogOptions, clock: LogClock): FlatEvent {
  const get = (wanted: string): FieldValue | undefined => fields.find(([field]) => field === wanted)?.[1];
  const micros = get('_SOURCE_REALTIME_TIMESTAMP') ?? get('__REALTIME_TIMESTAMP');
  const timeMs = typeof micros === 'string' && /^\d{1,17}$/.test(micros) ? Math.floor(Number(micros) / 1000) : null;
  const { names, values, timeMs: ms, logSource } = journalLine(fields, timeMs, clock);
  return lineEvent(shapes.layoutOf(names), values, ms ?? timeMs, name, { text: null, number: null }, logSource ?? null);
}
