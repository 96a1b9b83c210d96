import { CodedError } from '../../base/error.js';
import { openEvents, openEventStream, splitEvents, type ByteRange, type EventReading } from '../../events/read.js';
import type { Skip } from '../../events/report.js';
import { ArchiveBudget, defaultArchiveLimits } from '../input/archive-budget.js';
import { archiveFormatOf, archiveHeadBytes, type ArchiveFormat, type ClosedFormat } from '../input/archive-format.js';
import { type Content, contentOfFile, headOfFile, peek, streamContent } from '../input/content.js';
import { Diagnostics } from '../input/diagnostic.js';
import { innerContents } from '../input/inner-contents.js';
import type { Detectors } from './detector.js';
import { type Failure, type LogFile, standardInput } from '../input/logs.js';
import { addGrades, type GradeCounts, type Matches, noGrades } from './matches.js';
import type { StandardInput } from '../input/standard-input.js';

/** A piece of a log that is read by itself, or a whole one. */
export interface Part {
  readonly log: LogFile;
  /** Null for the whole. */
  readonly range: ByteRange | null;
}

/** What a log comes to, besides its hits. */
export interface LogOutcome {
  /** The log, or a member of an archive as `outer.zip!inner/name`. */
  readonly path: string;
  /** False for a file that is no event log. */
  readonly isLog: boolean;
  /** Events read; those before `since` are among them. */
  readonly events: number;
  readonly bytes: number;
  readonly graded: GradeCounts;
  readonly skips: readonly (readonly [code: string, count: number])[];
  readonly namedSkips: readonly Skip[];
  readonly failure: Failure | null;
}

/** What kept archives from being looked into whole. */
export interface MetDiagnostics {
  readonly counts: Diagnostics['counts'];
  readonly named: Diagnostics['named'];
}

export type PartMessage =
  | { readonly kind: 'matches'; readonly file: string; readonly matches: Matches }
  | { readonly kind: 'read'; readonly bytes: number }
  | { readonly kind: 'log'; readonly outcome: LogOutcome }
  | { readonly kind: 'done'; readonly diagnostics: MetDiagnostics };

/** About the size of what one worker takes at a time: small enough to share out, large enough to be worth a message. */
const partBytes = 8 * 1024 * 1024;

/** Cuts large logs where several threads can share them. What cannot be looked into is one part, which then says so. */
export async function planParts(files: readonly LogFile[], threads: number): Promise<Part[]> {
  const parts: Part[] = [];
  for (const log of files) {
    const count = threads === 1 ? 1 : Math.ceil(log.bytes / partBytes);
    const ranges = count < 2 ? [] : await splitEvents(log.path, count).catch(() => []);
    if (ranges.length < 2) parts.push({ log, range: null });
    else for (const range of ranges) parts.push({ log, range });
  }
  return parts;
}

/**
 * Reads a part and matches its events; an archive's logs one after the other. Matches come in the order of the file; `read` tells
 * bytes as they are taken; `log` comes after each log, `done` last. A log that cannot be read, or not to its end, has an outcome
 * that says so.
 *
 * @param signal ends the reading; the outcome then tells how far it came
 * @param input where the part may be the standard input
 */
export async function* matchPart(
  part: Part,
  detectors: Detectors,
  signal: AbortSignal,
  input?: StandardInput,
): AsyncGenerator<PartMessage> {
  const { log, range } = part;
  const diagnostics = new Diagnostics();
  const scanning = { detectors, signal, diagnostics };
  const options = { ...detectors.reading, shapes: detectors.shapes, acceptsText: true, isNamed: log.isNamed };
  if (input && log.path === standardInput) {
    const { head, whole } = await peek(input.read(), archiveHeadBytes);
    const format = archiveFormatOf(head);
    if (format === null) yield* matchLog(log, () => openEventStream(whole, standardInput, options), scanning);
    else yield* matchArchive(format, streamContent(standardInput, whole), log, scanning);
  } else {
    const format = range === null ? archiveFormatOf(headOfFile(log.path, archiveHeadBytes), log.path) : null;
    if (format === null)
      yield* matchLog(log, () => openEvents(log.path, { ...options, ...(range && { range }) }), scanning);
    else yield* matchArchiveFile(format, log, scanning);
  }
  yield { kind: 'done', diagnostics: { counts: diagnostics.counts, named: diagnostics.named } };
}

interface Scanning {
  readonly detectors: Detectors;
  readonly signal: AbortSignal;
  readonly diagnostics: Diagnostics;
}

async function* matchLog(
  { path, isNamed }: Pick<LogFile, 'path' | 'isNamed'>,
  open: () => Promise<EventReading | null>,
  { detectors, signal }: Scanning,
): AsyncGenerator<PartMessage> {
  let reading: EventReading | null = null;
  let failure: Failure | null = null;
  const graded = noGrades();
  try {
    reading = await open();
    let bytes = 0;
    for await (const events of reading?.batches() ?? []) {
      const matches = detectors.match(events);
      addGrades(graded, matches.graded);
      if (sizeOf(matches) > 0) yield { kind: 'matches', file: path, matches };
      const read = reading?.report.bytes ?? 0;
      yield { kind: 'read', bytes: read - bytes };
      bytes = read;
      if (signal.aborted) break;
    }
  } catch (error) {
    failure = failureOf(path, error);
  }
  if (reading === null && failure === null && isNamed) failure = unknownLog(path, 'other data');
  yield { kind: 'log', outcome: outcomeOf(path, reading, graded, failure) };
}

async function* matchArchiveFile(
  format: ArchiveFormat | ClosedFormat,
  log: LogFile,
  scanning: Scanning,
): AsyncGenerator<PartMessage> {
  try {
    for await (const content of contentOfFile({ path: log.path, followsLink: true }, scanning.diagnostics))
      yield* matchArchive(format, content, log, scanning);
  } catch (error) {
    yield { kind: 'log', outcome: outcomeOf(log.path, null, noGrades(), failureOf(log.path, error)) };
  }
}

/** What is no log in an archive is passed over, as in a folder; a compressed log is the log itself. */
async function* matchArchive(
  format: ArchiveFormat | ClosedFormat,
  content: Content,
  log: LogFile,
  scanning: Scanning,
): AsyncGenerator<PartMessage> {
  let taken = 0;
  let told = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of content.chunks) {
      taken += chunk.length;
      yield chunk;
    }
  };
  const read = (bytes: number): PartMessage => {
    const message = { kind: 'read', bytes: bytes - told } as const;
    told = bytes;
    return message;
  };
  const budget = new ArchiveBudget(defaultArchiveLimits, content.size);
  let logs = 0;
  for await (const inner of innerContents(format, { ...content, chunks: counted() }, { budget, ...scanning })) {
    const { path, chunks } = inner;
    const about = { isNamed: log.isNamed && inner.isWhole, fileTimeMs: inner.modifiedMs };
    const { shapes, reading } = scanning.detectors;
    const options = { ...reading, shapes, acceptsText: true, ...about };
    const messages = matchLog({ path, isNamed: about.isNamed }, () => openEventStream(chunks, path, options), scanning);
    for await (const message of messages) {
      if (message.kind === 'read') yield read(taken);
      if (message.kind === 'matches') yield message;
      if (message.kind !== 'log' || (!message.outcome.isLog && inner.fault() !== null)) continue;
      if (!message.outcome.isLog && message.outcome.failure === null) continue;
      logs++;
      yield message;
    }
  }
  yield read(content.size ?? taken);
  if (logs > 0 || Object.keys(scanning.diagnostics.counts).length > 0) return;
  const failure = log.isNamed ? unknownLog(log.path, 'an archive without one') : null;
  yield { kind: 'log', outcome: outcomeOf(log.path, null, noGrades(), failure) };
}

/** In matches, where each reason for a grade takes the memory of one. */
export function sizeOf({ hits, signals }: Matches): number {
  return hits.reduce((sum, { triage }) => sum + 1 + (triage?.reasons.length ?? 0), signals.length);
}

function failureOf(path: string, error: unknown): Failure {
  if (!(error instanceof CodedError)) throw error;
  return { path, code: String(error.code), message: error.message };
}

function unknownLog(path: string, got: string): Failure {
  return { path, code: 'log-unknown', message: `${path}: expected an event log, got ${got}` };
}

function outcomeOf(
  path: string,
  reading: EventReading | null,
  graded: GradeCounts,
  failure: Failure | null,
): LogOutcome {
  if (reading === null) return { path, isLog: false, events: 0, bytes: 0, graded, skips: [], namedSkips: [], failure };
  const { events, bytes, counts, named } = reading.report;
  return { path, isLog: true, events, bytes, graded, skips: [...counts], namedSkips: named, failure };
}
