import { readNumber } from './timestamp.js';

/** One match inside a window: when, of which of the correlation's rules, and the values of the condition's fields. */
export interface Occurrence {
  readonly timeMs: number;
  /** Index into the correlation's rules. */
  readonly rule: number;
  /** Null where the event lacks one of the fields. */
  readonly values: readonly string[] | null;
}

/** The occurrences of a group that still count, oldest first, with what is measured of them kept up to date. */
export class Window {
  #occurrences: Occurrence[] = [];
  /** Those before it are dropped; they are cut off when they are half of all. */
  #start = 0;
  readonly #byRule = new Map<number, number>();
  readonly #byValues = new Map<string, number>();

  get length(): number {
    return this.#occurrences.length - this.#start;
  }

  get first(): Occurrence | undefined {
    return this.#occurrences[this.#start];
  }

  get last(): Occurrence | undefined {
    return this.#occurrences.at(-1);
  }

  /** Different rules. */
  get rules(): ReadonlySet<number> {
    return new Set(this.#byRule.keys());
  }

  /** Different combinations of values. */
  get distinct(): number {
    return this.#byValues.size;
  }

  /** How many occurrences have these values. */
  countOf(values: readonly string[]): number {
    return this.#byValues.get(JSON.stringify(values)) ?? 0;
  }

  get valued(): number {
    return this.all().filter(({ values }) => values !== null).length;
  }

  all(): readonly Occurrence[] {
    return this.#start === 0 ? this.#occurrences : this.#occurrences.slice(this.#start);
  }

  /** The first value of each occurrence that is a number. */
  numbers(): number[] {
    return this.all().flatMap(({ values }) => (values === null ? [] : (readNumber(values[0] ?? '') ?? [])));
  }

  push(occurrence: Occurrence): void {
    this.#occurrences.push(occurrence);
    this.#count(occurrence, 1);
  }

  /** Drops the oldest; false when there is none. */
  drop(): boolean {
    const oldest = this.first;
    if (!oldest) return false;
    this.#start++;
    this.#count(oldest, -1);
    if (2 * this.#start > this.#occurrences.length) {
      this.#occurrences = this.#occurrences.slice(this.#start);
      this.#start = 0;
    }
    return true;
  }

  #count({ rule, values }: Occurrence, change: 1 | -1): void {
    add(this.#byRule, rule, change);
    if (values !== null) add(this.#byValues, JSON.stringify(values), change);
  }
}

function add<K>(counts: Map<K, number>, key: K, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
