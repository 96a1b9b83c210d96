import { open, type FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';
import { BaseError, systemCode } from '../base/error.js';
import { decodeHead, encodingOf, isText } from './encoding.js';
import type { FlatEvent } from './event.js';
import { chunkMagic, chunkSize } from './evtx/chunk.js';
import { fileHeaderSize, fileMagic, readEvtx, readEvtxPart } from './evtx/file.js';
import { readJournal } from './journal-file.js';
import { journalMagic } from './journal-objects.js';
import { readJsonLines } from './json-lines.js';
import { LogClock } from './log-clock.js';
import { ReadReport } from './report.js';
import { ShapeTable } from './shapes.js';
import { readingOf, readTextLog, textFormatOf, textFormats } from './text-format.js';
import { fileSource, prefixedSource, streamSource, utf8OfUtf16, type ByteSource } from './source.js';
import { firstYearOf, isWithoutYear } from './year-count.js';
import type { TimeZone } from './zone.js';

/** What a log may be read as: see `textFormats` for those of text. */
export const eventFormats = ['evtx', 'json', 'journal', ...textFormats] as const;
export type EventFormat = (typeof eventFormats)[number];

/** Bytes [start, end) of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface EventReading {
  readonly format: EventFormat;
  /** Counts up while the batches are taken. */
  readonly report: ReadReport;
  /** Bytes to be read, or null for a stream; against `report.bytes` this is the progress. */
  readonly totalBytes: number | null;
  /** The events in the order of the file, to be taken once. */
  batches(): AsyncGenerator<FlatEvent[]>;
}

export interface ReadOptions {
  /** One table for all files of a scan lets a matcher keep what it has worked out for a shape. */
  readonly shapes?: ShapeTable;
  /** What the file is, instead of what it looks like. */
  readonly format?: EventFormat;
  /** Whether to look for text logs too (CSV, `key=value`, Squid, W3C, combined), which any text may resemble. */
  readonly acceptsText?: boolean;
  /** Whether somebody says that it is a log: then any text is one, each line for itself. */
  readonly isNamed?: boolean;
  /** Of time stamps that name none; without it, that of this computer for lines that programs write, UTC for exports. */
  readonly zone?: TimeZone | null;
  /** When a stream was written last, in milliseconds since 1970; of a file it is known. */
  readonly streamTimeMs?: number | null;
}

/** What the first bytes and the name say; enough for any magic and for a log that begins with what is no line of one. */
const sniffedBytes = 16 * 1024;

const jsonExtensions = new Set(['.json', '.jsonl', '.ndjson']);

/**
 * Opens an event log: by its first bytes, or else by its name. Gives null for a file that is no event log.
 *
 * @param range a part of the file, from {@link splitEvents}
 * @throws BaseError `file-missing`, `file-unreadable`; taking the batches throws EventsError `evtx-header`
 */
export async function openEvents(
  path: string,
  options: ReadOptions & { readonly range?: ByteRange } = {},
): Promise<EventReading | null> {
  const { head, size, mtimeMs } = await withFile(path, (handle) => readHead(handle));
  const format = options.format ?? formatOf(head, path, options);
  if (format === null) return null;
  const report = new ReadReport();
  const range = options.range ?? { start: 0, end: size };
  return {
    format,
    report,
    totalBytes: range.end - range.start,
    async *batches() {
      const handle = await openFile(path);
      try {
        const onShrunk = (offset: number) =>
          report.skip('file-shrunk', offset, `file: expected ${range.end} bytes, got its end`);
        const source = fileSource(handle, range, onShrunk);
        const firstYear = isWithoutYear(head.toString('latin1')) ? await firstYearOf(handle, size, mtimeMs) : null;
        yield* batchesOf(options.format ?? readingOf(format), source, head, {
          report,
          name: path,
          range,
          ...options,
          fileTimeMs: mtimeMs,
          firstYear,
        });
      } finally {
        await handle.close();
      }
    },
  };
}

/** As {@link openEvents}, for a pipe. Its events name `name` as their source. */
export async function openEventStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: ReadOptions = {},
): Promise<EventReading | null> {
  const source = streamSource(stream);
  const buffer = Buffer.alloc(sniffedBytes);
  const head = buffer.subarray(0, await source.read(buffer));
  const format = options.format ?? formatOf(head, name, options);
  if (format === null) return null;
  const report = new ReadReport();
  const whole = prefixedSource(head, source);
  const batches = () =>
    batchesOf(options.format ?? readingOf(format), whole, head, {
      report,
      name,
      ...options,
      fileTimeMs: options.streamTimeMs ?? null,
    });
  return { format, report, totalBytes: null, batches };
}

/**
 * Up to `count` parts of an event log of about the same size that can be read apart from each other, each to be given to
 * {@link openEvents}; one part where the file is small or cannot be cut (an array, objects over several lines).
 */
export async function splitEvents(path: string, count: number): Promise<ByteRange[]> {
  return withFile(path, async (handle) => {
    const { head, size } = await readHead(handle);
    const cuts = [0];
    const first = isEvtx(head) ? fileHeaderSize : 0;
    // Chunks that were carved out of a disk have no file header before them.
    if (head.subarray(0, chunkMagic.length).equals(chunkMagic)) return [{ start: 0, end: size }];
    for (let index = 1; index < count; index++) {
      const wanted = Math.floor((size * index) / count);
      const cut = isEvtx(head) ? chunkStart(wanted) : isOneLineJson(head) ? await lineStart(handle, wanted) : null;
      if (cut !== null && cut > Math.max(cuts.at(-1) ?? 0, first) && cut < size) cuts.push(cut);
    }
    return cuts.map((start, index) => ({ start, end: cuts[index + 1] ?? size }));
  });
}

function batchesOf(
  format: EventFormat,
  source: ByteSource,
  head: Buffer,
  options: ReadOptions & {
    readonly report: ReadReport;
    readonly name: string;
    readonly range?: ByteRange;
    readonly fileTimeMs: number | null;
    readonly firstYear?: number | null;
  },
): AsyncGenerator<FlatEvent[]> {
  const { report, name, range, shapes = new ShapeTable(), zone = null, fileTimeMs, firstYear = null } = options;
  const clock = new LogClock({ zone, fileTimeMs, firstYear });
  const start = range?.start ?? 0;
  if (format === 'evtx') {
    return start === 0
      ? readEvtx(source, { shapes, report, name })
      : readEvtxPart(source, start, { shapes, report, name });
  }
  if (format === 'journal') return readJournal(source, { shapes, report, name, clock });
  if (format !== 'json') return readTextLog(format, source, { shapes, report, name, clock });
  const encoding = encodingOf(head);
  const utf8 = encoding === 'utf-8' ? source : streamSource(utf8OfUtf16(source, encoding));
  return readJsonLines(utf8, { shapes, report, name, offset: start, clock });
}

/** @returns null when neither the first bytes nor the name are those of an event log */
function formatOf(
  head: Buffer,
  name: string,
  { acceptsText = false, isNamed = false }: ReadOptions,
): EventFormat | null {
  const extension = extname(name).toLowerCase();
  if (isEvtx(head) || extension === '.evtx') return 'evtx';
  if (head.subarray(0, journalMagic.length).equals(journalMagic)) return 'journal';
  if (jsonExtensions.has(extension)) return 'json';
  const text = decodeHead(head);
  const bare = text.replace(/^[\0\s]+/, '');
  if (isJson(bare, text)) return 'json';
  if (!acceptsText || !isText(text)) return null;
  return textFormatOf(text, name) ?? (isNamed && head.length > 0 ? 'text' : null);
}

/** An object, or a list of them. One that is a line among others of a log is read as a line. */
function isJson(bare: string, text: string): boolean {
  if (!/^(?:\[\s*)*\{\s*["}]/.test(bare)) return false;
  const lines = text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.trim() !== '');
  return lines.filter((line) => /^[\s[]*[{}\]",]/.test(line) || /^\s/.test(line)).length * 2 >= lines.length;
}

function isEvtx(head: Buffer): boolean {
  const magic = head.subarray(0, fileMagic.length);
  return magic.equals(fileMagic) || magic.equals(chunkMagic);
}

/** Whether the first line is a whole object, as far as the first bytes show. */
function isOneLineJson(head: Buffer): boolean {
  const [first = ''] = head.toString('utf8').split('\n', 1);
  return first.startsWith('{') && (/\}\s*$/.test(first) || !head.includes(0x0a));
}

function chunkStart(offset: number): number {
  return fileHeaderSize + Math.round((offset - fileHeaderSize) / chunkSize) * chunkSize;
}

/** The start of the line after `offset`, or null when that line is very long. */
async function lineStart(handle: FileHandle, offset: number): Promise<number | null> {
  const buffer = Buffer.alloc(1024 * 1024);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
  const at = buffer.subarray(0, bytesRead).indexOf(0x0a);
  return at < 0 ? null : offset + at + 1;
}

async function readHead(handle: FileHandle): Promise<{ head: Buffer; size: number; mtimeMs: number }> {
  const buffer = Buffer.alloc(sniffedBytes);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  const { size, mtimeMs } = await handle.stat();
  return { head: buffer.subarray(0, bytesRead), size, mtimeMs };
}

async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await openFile(path);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT')
      throw new BaseError('file-missing', `${path}: expected an event log, got nothing there`, { cause });
    throw new BaseError('file-unreadable', `${path}: expected a readable file, got ${(cause as Error).message}`, {
      cause,
    });
  }
  throw new BaseError('file-unreadable', `${path}: expected a regular file, got a folder, device or pipe`);
}
