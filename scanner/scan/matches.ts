import type { FlatEvent } from '../../events/event.js';
import type { Signal } from '../../rules/sigma/correlator.js';
import { type Grade, grades } from '../../rules/triage/grade.js';
import type { Hit } from '../findings/finding.js';

/** What came of some events. */
export interface Matches {
  readonly hits: Hit[];
  /** For the correlations; `rule` is an index into the plan's rules. */
  readonly signals: Signal[];
  /** Events graded, those that are no findings among them. */
  readonly graded: GradeCounts;
}

/** One kind of rules, ready to look at events. */
export type Detector = (event: FlatEvent, into: Matches) => void;

export type GradeCounts = Record<Grade, number>;

export function noGrades(): GradeCounts {
  return { 'less-relevant': 0, relevant: 0, 'highly-relevant': 0 };
}

export function addGrades(sum: GradeCounts, more: Readonly<GradeCounts>): void {
  for (const grade of grades) sum[grade] += more[grade];
}
