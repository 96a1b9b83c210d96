import { CodedError } from '../../base/error.js';
import { openEvents, openEventStream, splitEvents, type ByteRange, type EventReading } from '../../events/read.js';
import type { Skip } from '../../events/report.js';
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

/** What a part comes to, besides its hits. */
export interface PartOutcome {
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

export type PartMessage =
  | { readonly kind: 'matches'; readonly matches: Matches }
  | { readonly kind: 'read'; readonly bytes: number }
  | { readonly kind: 'done'; readonly outcome: PartOutcome };

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
 * Reads a part and matches its events. Matches come in the order of the file; `read` tells bytes as they are taken; the last
 * message is `done`. A part that cannot be read, or not to its end, has an outcome that says so.
 *
 * @param signal ends the reading; `done` then tells how far it came
 * @param input where the part may be the standard input
 */
export async function* matchPart(
  part: Part,
  detectors: Detectors,
  signal: AbortSignal,
  input?: StandardInput,
): AsyncGenerator<PartMessage> {
  let reading: EventReading | null = null;
  let failure: Failure | null = null;
  const graded = noGrades();
  try {
    reading = await openPart(part, detectors, input);
    let bytes = 0;
    for await (const events of reading?.batches() ?? []) {
      const matches = detectors.match(events);
      addGrades(graded, matches.graded);
      if (sizeOf(matches) > 0) yield { kind: 'matches', matches };
      const read = reading?.report.bytes ?? 0;
      yield { kind: 'read', bytes: read - bytes };
      bytes = read;
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    failure = { path: part.log.path, code: String(error.code), message: error.message };
  }
  yield { kind: 'done', outcome: outcomeOf(part, reading, graded, failure) };
}

/** In matches, where each reason for a grade takes the memory of one. */
export function sizeOf({ hits, signals }: Matches): number {
  return hits.reduce((sum, { triage }) => sum + 1 + (triage?.reasons.length ?? 0), signals.length);
}

function openPart({ log, range }: Part, detectors: Detectors, input?: StandardInput): Promise<EventReading | null> {
  const { shapes, reading } = detectors;
  const options = { ...reading, shapes, acceptsText: true, isNamed: log.isNamed };
  if (input && log.path === standardInput) return openEventStream(input.read(), standardInput, options);
  return openEvents(log.path, { ...options, ...(range && { range }) });
}

function outcomeOf(
  { log }: Part,
  reading: EventReading | null,
  graded: GradeCounts,
  failure: Failure | null,
): PartOutcome {
  if (reading === null) {
    const message = `${log.path}: expected an event log, got other data`;
    const foreign = log.isNamed ? { path: log.path, code: 'log-unknown', message } : null;
    return { isLog: false, events: 0, bytes: 0, graded, skips: [], namedSkips: [], failure: failure ?? foreign };
  }
  const { events, bytes, counts, named } = reading.report;
  return { isLog: true, events, bytes, graded, skips: [...counts], namedSkips: named, failure };
}
