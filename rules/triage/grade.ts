import type { Sheet } from './fact.js';
import type { FactValue } from './fact-value.js';
import type { EffectiveMatrix } from './merge.js';

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

/** What an event has been graded as. The reasons are put together when they are first asked for. */
export class GradedEvent {
  readonly by: EffectiveMatrix;
  readonly grade: Grade;
  /** The sum over the attributes, at least 0. */
  readonly points: number;
  /** What the event was read as, for a summary. */
  readonly facts: ReadonlyMap<string, FactValue>;
  readonly #explain: (facts: ReadonlyMap<string, FactValue>) => Reason[];
  #reasons: readonly Reason[] | null = null;

  constructor(
    by: EffectiveMatrix,
    grade: Grade,
    points: number,
    facts: ReadonlyMap<string, FactValue>,
    explain: (facts: ReadonlyMap<string, FactValue>) => Reason[],
  ) {
    this.by = by;
    this.grade = grade;
    this.points = points;
    this.facts = facts;
    this.#explain = explain;
  }

  get sheet(): Sheet {
    return this.by.matrix.triage;
  }

  /** The most points first, then in the order of the matrix; those of 0 points explain too. */
  get reasons(): readonly Reason[] {
    return (this.#reasons ??= this.#explain(this.facts));
  }
}

export function compareGrades(a: Grade, b: Grade): number {
  return grades.indexOf(a) - grades.indexOf(b);
}

/** The level of a finding, in the words of Sigma. */
export function levelOfGrade(grade: Grade): 'low' | 'medium' | 'high' {
  return grade === 'highly-relevant' ? 'high' : grade === 'relevant' ? 'medium' : 'low';
}
