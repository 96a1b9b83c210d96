import type { FieldValue, FlatEvent } from '../../events/event.js';
import { ReadReport } from '../../events/report.js';
import { ShapeTable } from '../../events/shapes.js';
import { streamSource } from '../../events/source.js';
import { readTextLog, type TextFormat } from '../../events/text-format.js';

export interface ReadText {
  readonly events: readonly FlatEvent[];
  readonly fields: readonly Record<string, FieldValue>[];
  readonly report: ReadReport;
  /** `code line`, of each named skip. */
  readonly skips: readonly string[];
}

/** Reads a text log out of memory, cut into pieces of `pieceBytes` as a pipe would. */
export async function readText(format: TextFormat, text: string | Uint8Array, pieceBytes = 7): Promise<ReadText> {
  const bytes = Buffer.from(text as string);
  const report = new ReadReport();
  const source = streamSource(pieces(bytes, pieceBytes));
  const events: FlatEvent[] = [];
  for await (const batch of readTextLog(format, source, { shapes: new ShapeTable(), report, name: 'log' }))
    events.push(...batch);
  const skips = report.named.map(({ code, line }) => `${code} ${line ?? '?'}`);
  return { events, fields: events.map((event) => event.fields()), report, skips };
}

async function* pieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
