import { isUtf8 } from 'node:buffer';
import type { Json } from '../base/json.js';
import { EventsError, type SkipCode } from './error.js';
import { FlatEvent } from './event.js';
import { eventObjects, jsonFields } from './json-fields.js';
import { JsonFrames, maxObjectBytes } from './json-frames.js';
import { objectSource } from './object-sources.js';
import type { ReadReport } from './report.js';
import type { ShapeTable } from './shapes.js';
import type { ByteSource } from './source.js';

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
}

/**
 * The events of JSON lines, a JSON array, or objects one after the other, a batch for each piece of the file read. What
 * is no object, broken, too long or too deep is reported and left out; text that is not UTF-8 is reported and read with
 * U+FFFD in the place of what does not decode.
 */
export async function* readJsonLines(source: ByteSource, options: JsonLinesOptions): AsyncGenerator<FlatEvent[]> {
  const { shapes, report, name, offset: start = 0, maxBytes = maxObjectBytes } = options;
  let batch: FlatEvent[] = [];
  const skip = (code: SkipCode, offset: number, message: string) => report.skip(code, offset, message);
  const object = (bytes: Buffer, offset: number) => {
    if (!isUtf8(bytes)) skip('utf8-invalid', offset, 'json object: expected UTF-8, got other bytes');
    try {
      for (const event of parseEvents(bytes, shapes, name)) batch.push(event);
    } catch (error) {
      if (!(error instanceof EventsError)) throw error;
      skip(error.code as SkipCode, offset, error.message);
    }
  };
  const frames = new JsonFrames({ object, skip }, start, maxBytes);
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

/** @throws EventsError `json-syntax`, `json-too-many-fields`, `json-name` */
function parseEvents(bytes: Buffer, shapes: ShapeTable, source: string): FlatEvent[] {
  let parsed: Readonly<Record<string, Json>>;
  try {
    parsed = JSON.parse(bytes.toString('utf8')) as Readonly<Record<string, Json>>;
  } catch (cause) {
    throw new EventsError('json-syntax', `json object: expected JSON, got ${(cause as Error).message}`, { cause });
  }
  return eventObjects(parsed).map((object) => {
    const { fields, timeMs } = jsonFields(object);
    const { shape } = shapes.layoutOf([...fields.keys()]);
    const values = [...fields.values()];
    return new FlatEvent(shape, values, timeMs, source, null, null, objectSource(shape, values));
  });
}
