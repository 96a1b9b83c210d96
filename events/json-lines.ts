import { isUtf8 } from 'node:buffer';
import { journalLine, wrapped } from './any-line.js';
import { EventsError, type SkipCode } from './error.js';
import { FlatEvent, type FieldValue } from './event.js';
import type { JsonFields } from './json-fields.js';
import { JsonFrames, maxObjectBytes } from './json-frames.js';
import { eventsOfJson } from './json-line.js';
import { LogClock } from './log-clock.js';
import { objectSource } from './object-sources.js';
import type { ReadReport } from './report.js';
import type { ShapeTable } from './shapes.js';
import type { ByteSource } from './source.js';
import { lineEvent, type LineEvent, plainLine } from './text-log.js';

const bytesAtOnce = 1024 * 1024;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

export interface JsonLinesOptions {
  readonly shapes: ShapeTable;
  readonly report: ReadReport;
  /** What the events name as their source. */
  readonly name: string;
  /** Where in the file `source` starts. */
  readonly offset?: number;
  /** Of one object. */
  readonly maxBytes?: number;
  /** For lines of programs inside the objects. */
  readonly clock?: LogClock;
}

/**
 * The events of JSON lines, a JSON array, or objects one after the other, a batch for each piece of the file read. What
 * is no object is reported, and its lines are events with a `message`; one that is too long is reported and left out; text that is not UTF-8 is reported and read with
 * U+FFFD in the place of what does not decode.
 */
export async function* readJsonLines(source: ByteSource, options: JsonLinesOptions): AsyncGenerator<FlatEvent[]> {
  const { shapes, report, name, offset: start = 0, maxBytes = maxObjectBytes, clock = new LogClock() } = options;
  let batch: FlatEvent[] = [];
  const skip = (code: SkipCode, offset: number, message: string) => report.skip(code, offset, message);
  const object = (bytes: Buffer, offset: number) => {
    if (!isUtf8(bytes)) skip('utf8-invalid', offset, 'json object: expected UTF-8, got bytes that are not');
    try {
      for (const read of eventsOfJson(bytes.toString('utf8'))) batch.push(eventOf(read, shapes, name, clock));
    } catch (error) {
      if (!(error instanceof EventsError)) throw error;
      skip(error.code as SkipCode, offset, error.message);
      text(bytes);
    }
  };
  const text = (bytes: Buffer) => {
    for (const line of bytes.toString('utf8').split(/\r?\n/)) {
      if (line.trim() === '') continue;
      const { names, values } = plainLine(line);
      batch.push(lineEvent(shapes.layoutOf(names), values, null, name, { text: line, number: null }));
    }
  };
  const frames = new JsonFrames({ object, skip, text }, start, maxBytes);
  const buffer = Buffer.alloc(bytesAtOnce);
  for (let isFirst = true, filled = buffer.length; filled === buffer.length; isFirst = false) {
    filled = await source.read(buffer);
    report.bytes += filled;
    const hasMark = isFirst && filled >= 3 && buffer.subarray(0, 3).equals(byteOrderMark);
    if (hasMark) buffer.fill(0x20, 0, 3);
    frames.push(buffer.subarray(0, filled));
    if (filled < buffer.length) frames.end();
    report.events += batch.length;
    if (batch.length > 0) yield batch;
    batch = [];
  }
}

function eventOf({ fields, timeMs }: JsonFields, shapes: ShapeTable, source: string, clock: LogClock): FlatEvent {
  const inner = programEvent(fields, timeMs, clock);
  if (inner !== null) return lineEvent(shapes.layoutOf(inner.names), inner.values, inner.timeMs, source, { text: null, number: null }, inner.logSource); // prettier-ignore
  const { shape } = shapes.layoutOf([...fields.keys()]);
  const values = [...fields.values()];
  return new FlatEvent(shape, values, timeMs, source, null, null, objectSource(shape, values));
}

/** What a program wrote, where an object keeps its line: of a container (`log`), of journald (`MESSAGE`). Null for others. */
function programEvent(
  fields: ReadonlyMap<string, FieldValue>,
  timeMs: number | null,
  clock: LogClock,
): LineEvent | null {
  if (typeof fields.get('MESSAGE') === 'string' && (fields.has('__REALTIME_TIMESTAMP') || fields.has('_BOOT_ID')))
    return journalLine([...fields], timeMs, clock);
  const log = fields.get('log');
  if (typeof log !== 'string' || !(fields.has('stream') || fields.has('kubernetes.pod_name'))) return null;
  return wrapped(log, [...fields].filter(([name]) => name !== 'log'), timeMs, clock); // prettier-ignore
}
