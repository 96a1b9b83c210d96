import type { SkipCode } from './error.js';

/** One thing that was left out, or read in spite of a fault. */
export interface Skip {
  readonly code: SkipCode;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly message: string;
  /** From 1, in a text log. */
  readonly line?: number;
}

/** Skips are counted without limit, and named up to this many a file. */
export const maxNamedSkips = 100;

/** What the reading of one file has come to so far. */
export class ReadReport {
  events = 0;
  bytes = 0;
  /** An EVTX file that was not closed properly: its last records may be missing. */
  isDirty = false;
  readonly named: Skip[] = [];
  readonly #counts = new Map<SkipCode, number>();

  skip(code: SkipCode, offset: number, message: string, line?: number): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (this.named.length < maxNamedSkips)
      this.named.push({ code, offset, message, ...(line !== undefined && { line }) });
  }

  get counts(): ReadonlyMap<SkipCode, number> {
    return this.#counts;
  }

  get skipped(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }
}
