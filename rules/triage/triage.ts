import type { EventShape, FlatEvent } from '../../events/event.js';
import type { GradedEvent } from './grade.js';
import { Grader } from './grader.js';
import type { EffectiveMatrix } from './merge.js';

/** All matrices of a site together: an event has the grade of the matrix that takes it most seriously. */
export class Triage {
  readonly #graders: readonly Grader[];
  /** Those that the fields of a shape are enough for: none for most events of a scan. */
  readonly #gradersOf = new WeakMap<EventShape, readonly Grader[]>();

  constructor(matrices: readonly EffectiveMatrix[]) {
    this.#graders = matrices.map((matrix) => new Grader(matrix));
  }

  /** Null for an event that no matrix is made for. */
  grade(event: FlatEvent): GradedEvent | null {
    let best: GradedEvent | null = null;
    for (const grader of this.#gradersFor(event.shape)) {
      const graded = grader.grade(event);
      if (graded !== null && (best === null || graded.points > best.points)) best = graded;
    }
    return best;
  }

  #gradersFor(shape: EventShape): readonly Grader[] {
    const known = this.#gradersOf.get(shape);
    if (known !== undefined) return known;
    const graders = this.#graders.filter((grader) => grader.accepts(shape));
    this.#gradersOf.set(shape, graders);
    return graders;
  }
}
