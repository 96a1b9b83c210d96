import { formatSeconds } from '../../base/clock.js';
import type { FlatEvent } from '../../events/event.js';
import type { Sheet } from '../../rules/triage/fact.js';
import type { Grade, GradedEvent, Reason } from '../../rules/triage/grade.js';
import { factText } from '../../rules/triage/grader.js';

/** A graded event as reports show it: plain data. */
export interface TriageRow {
  readonly grade: Grade;
  readonly points: number;
  readonly sheet: Sheet;
  /** `YYYY-MM-DDTHH:MM:SSZ`, or null where the log has none. */
  readonly time: string | null;
  readonly file: string;
  /** The line of a text log, or the number of an EVTX record. */
  readonly line: number | null;
  readonly record: number | null;
  /** What the event was read as. */
  readonly facts: Readonly<Record<string, string>>;
  readonly reasons: readonly Reason[];
}

export const gradeWords: Readonly<Record<Grade, string>> = {
  'highly-relevant': 'highly relevant',
  relevant: 'relevant',
  'less-relevant': 'less relevant',
};

export function rowOf(event: FlatEvent, { grade, points, sheet, facts, reasons }: GradedEvent): TriageRow {
  return {
    grade,
    points,
    sheet,
    time: timeOf(event),
    file: event.source,
    line: event.lineNumber,
    record: event.recordId,
    facts: Object.fromEntries([...facts].map(([fact, value]) => [fact, factText(value)])),
    reasons,
  };
}

function timeOf({ timeMs }: FlatEvent): string | null {
  const isShown = timeMs !== null && timeMs >= 0 && timeMs < Date.UTC(10_000, 0);
  return isShown ? formatSeconds(new Date(timeMs)) : null;
}

/** `file:line`, or `file record n`. */
export function whereOf({ file, line, record }: TriageRow): string {
  if (line !== null) return `${file}:${line}`;
  return record === null ? file : `${file} record ${record}`;
}

/** What a person looks at first: what was found or asked for. */
export function whatOf({ sheet, facts }: TriageRow): string {
  if (sheet === 'antivirus') return [facts['signature'], facts['path'] ?? facts['fileName']].filter(Boolean).join('  ');
  const url = facts['uri'] ?? `${facts['host'] ?? ''}${facts['path'] ?? ''}`;
  return [facts['method'], url].filter(Boolean).join(' ');
}

/** Whom it concerns: user and system. */
export function whomOf({ facts }: TriageRow): string {
  return [facts['user'], facts['system']]
    .filter((text) => text !== undefined && text !== '' && text !== '-')
    .join(' @ ');
}

/** `80 signature/ransomware, 60 location/share`. */
export function pointsOf({ reasons }: TriageRow): string {
  return reasons
    .filter(({ points }) => points !== 0)
    .map(({ attribute, value, points }) => `${points} ${attribute}/${value}`)
    .join(', ');
}
