import type { ShapeTable } from '../../events/shapes.js';
import type { ArchiveLimits } from '../input/archive-budget.js';
import type { HashThreads } from './hash-threads.js';
import type { Judge } from './judge.js';
import type { Observation } from './observation.js';
import type { ElementKind } from '../findings/element-table.js';
import type { Diagnostics } from '../input/diagnostic.js';
import type { Verdict } from './verdict.js';

/** What everything that looks at elements works with, and tells. */
export interface Examination {
  readonly judge: Judge;
  readonly shapes: ShapeTable;
  readonly diagnostics: Diagnostics;
  readonly limits: ArchiveLimits;
  /** Of a file or member whose hashes and strings are looked at; logs have no limit. */
  readonly maxFileBytes: number;
  /** Null: every file is hashed by the thread that reads it. */
  readonly hashThreads: HashThreads | null;
  readonly signal: AbortSignal;
  /** An element that was found to be of weight. The reading waits for it. */
  readonly found: (observation: Observation, verdict: Verdict) => Promise<void> | void;
  /** Elements looked at, of any weight. */
  readonly count: (element: ElementKind, elements: number) => void;
  readonly read: (bytes: number) => void;
}
