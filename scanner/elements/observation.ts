import type { ElementKind, FactKind } from '../findings/element-table.js';

/** One part of an element, as it was found. */
export interface Fact {
  readonly kind: FactKind;
  /** What it is there: `path`, `sha256`, `line`, a field of an event. */
  readonly name: string;
  readonly value: string;
}

/** One element, and where it is. */
export interface Observation {
  readonly element: ElementKind;
  /** A file, a member of an archive as `outer.zip!inner/name`, or a process as `process 42`. */
  readonly path: string;
  readonly facts: readonly Fact[];
  /** From 1, where the element is a line. */
  readonly line?: number;
  readonly timeMs?: number | null;
  readonly channel?: string | null;
  readonly recordId?: number | null;
  readonly computer?: string | null;
}
