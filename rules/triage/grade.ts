import type { Sheet } from './fact.js';
import type { FactValue } from './fact-value.js';

/** From the least to the most urgent. */
export const grades = ['less-relevant', 'relevant', 'highly-relevant'] as const;
export type Grade = (typeof grades)[number];

/** Why an attribute counts: the value of it that the event has. */
export interface Reason {
  readonly attribute: string;
  /** The attribute in words. */
  readonly title: string;
  readonly value: string;
  readonly points: number;
  readonly reason: string;
  /** What the event says: fact → text. */
  readonly evidence: Readonly<Record<string, string>>;
  /** Where the value's points come from: the label of the matrix, or of the change to it. */
  readonly from: string;
}

export interface GradedEvent {
  readonly sheet: Sheet;
  /** The name of the matrix. */
  readonly matrix: string;
  readonly grade: Grade;
  /** The sum over the attributes, at least 0. */
  readonly points: number;
  /** The most points first, then in the order of the matrix; those of 0 points explain too. */
  readonly reasons: readonly Reason[];
  /** What the event was read as, for a summary. */
  readonly facts: ReadonlyMap<string, FactValue>;
}

export function compareGrades(a: Grade, b: Grade): number {
  return grades.indexOf(a) - grades.indexOf(b);
}

/** The level of a finding, in the words of Sigma. */
export function levelOf(grade: Grade): 'low' | 'medium' | 'high' {
  return grade === 'highly-relevant' ? 'high' : grade === 'relevant' ? 'medium' : 'low';
}
