import type { EventShape, FlatEvent } from '../../events/event.js';
import { FactIndex } from './fact-index.js';
import type { Facts, FactValue } from './fact-value.js';
import { FactReader } from './facts.js';
import { type Grade, GradedEvent, type Reason } from './grade.js';
import type { Condition, Matrix } from './matrix.js';
import type { EffectiveMatrix } from './merge.js';

/** Of what an event says, so much is shown as evidence. */
export const maxEvidenceLength = 500;

/** A value of the matrix, ready to be counted. */
interface Cell {
  readonly attribute: number;
  readonly points: number;
  readonly conditionCount: number;
  readonly facts: readonly string[];
  readonly reason: Omit<Reason, 'evidence'>;
}

/** Grades events by one matrix. A pure function of the event: it keeps look-ups, never what it has seen. */
export class Grader {
  readonly #by: EffectiveMatrix;
  readonly #reader: FactReader;
  readonly #cells: readonly Cell[];
  readonly #indexes: readonly { readonly fact: string; readonly index: FactIndex }[];
  /** By cell, for the event in hand: how many of its conditions hold, and the event in which that was counted. */
  readonly #held: Int32Array;
  readonly #heldIn: Int32Array;
  /** By attribute: the best cell of the event in hand, or -1. */
  readonly #best: Int32Array;
  #run = 0;

  constructor(by: EffectiveMatrix) {
    const { matrix, label, changedBy } = by;
    this.#by = by;
    this.#reader = new FactReader(matrix);
    this.#cells = matrix.attributes.flatMap(({ attribute, title, values }, row) =>
      values.map(({ value, points, reason, when }) => {
        const from = changedBy.get(`${attribute}/${value}`) ?? label;
        const facts = Object.keys(when);
        return {
          attribute: row,
          points,
          conditionCount: facts.length,
          facts,
          reason: { attribute, title, value, points, reason, from },
        };
      }),
    );
    this.#indexes = indexConditions(matrix);
    this.#held = new Int32Array(this.#cells.length);
    this.#heldIn = new Int32Array(this.#cells.length);
    this.#best = new Int32Array(matrix.attributes.length);
  }

  /** Whether events with these fields can be of the matrix. */
  accepts(shape: EventShape): boolean {
    return this.#reader.accepts(shape);
  }

  /** Null for an event of another kind. */
  grade(event: FlatEvent): GradedEvent | null {
    const facts = this.#reader.read(event);
    return facts === null ? null : this.gradeFacts(facts);
  }

  gradeFacts(facts: Facts): GradedEvent {
    this.#best.fill(-1);
    this.#run = (this.#run + 1) | 0;
    for (const { fact, index } of this.#indexes) {
      const value = facts.get(fact);
      if (value !== undefined) for (const cell of index.find(value)) this.#hold(cell);
    }
    const counted: Cell[] = [];
    let points = 0;
    for (let row = 0; row < this.#best.length; row++) {
      const cell = this.#cells[this.#best[row] ?? -1];
      if (cell === undefined) continue;
      points += cell.points;
      counted.push(cell);
    }
    points = Math.max(points, 0);
    const { grades } = this.#by.matrix;
    const grade: Grade =
      points >= grades.highlyRelevant ? 'highly-relevant' : points >= grades.relevant ? 'relevant' : 'less-relevant';
    return new GradedEvent(this.#by, grade, points, facts, (said) => explain(counted, said));
  }

  /** One more condition of a cell holds; once all do, the cell competes for its attribute. */
  #hold(number: number): void {
    const cell = this.#cells[number];
    if (cell === undefined) return;
    const held = this.#heldIn[number] === this.#run ? (this.#held[number] ?? 0) + 1 : 1;
    this.#heldIn[number] = this.#run;
    this.#held[number] = held;
    if (held < cell.conditionCount) return;
    const best = this.#cells[this.#best[cell.attribute] ?? -1];
    const isBetter =
      best === undefined ||
      cell.points > best.points ||
      (cell.points === best.points && number < (this.#best[cell.attribute] ?? -1));
    if (isBetter) this.#best[cell.attribute] = number;
  }
}

/** One index a fact; its conditions have the numbers of their cells, of which each asks a fact once. */
function indexConditions(matrix: Matrix): { readonly fact: string; readonly index: FactIndex }[] {
  const byFact = new Map<string, [number, Condition][]>();
  matrix.attributes
    .flatMap(({ values }) => values)
    .forEach(({ when }, cell) => {
      for (const [fact, condition] of Object.entries(when)) {
        const list = byFact.get(fact) ?? [];
        list.push([cell, condition]);
        byFact.set(fact, list);
      }
    });
  return [...byFact].map(([fact, conditions]) => ({ fact, index: new FactIndex(conditions) }));
}

function explain(cells: readonly Cell[], facts: ReadonlyMap<string, FactValue>): Reason[] {
  return [...cells]
    .sort((a, b) => b.points - a.points)
    .map(({ reason, facts: names }) => ({
      ...reason,
      evidence: Object.fromEntries(names.map((name) => [name, factText(facts.get(name))])),
    }));
}

/** A fact as a person reads it. */
export function factText(value: FactValue | undefined): string {
  const text = typeof value === 'object' ? value.join('; ') : String(value ?? '');
  return text.length > maxEvidenceLength ? `${text.slice(0, maxEvidenceLength)}…` : text;
}
