import { RE2JS } from 're2js';
import type { FactValue } from './fact-value.js';
import { LiteralIndex, type LiteralPlace } from './literal-index.js';
import type { Condition } from './matrix.js';

/** Answers that are kept: users, hosts and agents come again and again. */
const maxKept = 8192;
const maxKeptLength = 300;
/** Of a longer value (a data URL) only both ends are looked at, each half of this. */
export const maxTextLength = 16_384;

const literalPlaces = ['contains', 'words', 'startsWith', 'endsWith'] as const satisfies LiteralPlace[];

/** All conditions of a matrix on one fact: which of them hold, whatever their number, in one look. */
export class FactIndex {
  readonly #exact = new Map<string | number, number[]>();
  readonly #others: { readonly values: ReadonlySet<string | number>; readonly condition: number }[] = [];
  readonly #literals: LiteralIndex;
  readonly #patterns: { readonly pattern: RE2JS; readonly condition: number }[] = [];
  readonly #ranges: { readonly atLeast: number; readonly atMost: number; readonly condition: number }[] = [];
  readonly #empty: number[] = [];
  /** Null once more answers were kept than asked for again, as with paths and addresses. */
  #kept: Map<string, readonly number[]> | null = new Map();
  #keptUses = 0;

  constructor(conditions: readonly (readonly [number: number, condition: Condition])[]) {
    const literals: (readonly [string, LiteralPlace, number])[] = [];
    for (const [number, condition] of conditions) {
      for (const value of condition.is ?? []) append(this.#exact, fold(value), number);
      if (condition.isNot) this.#others.push({ values: new Set(condition.isNot.map(fold)), condition: number });
      for (const place of literalPlaces)
        for (const literal of condition[place] ?? []) literals.push([literal.toLowerCase(), place, number]);
      for (const pattern of condition.matches ?? [])
        this.#patterns.push({ pattern: RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE), condition: number });
      if (condition.empty) this.#empty.push(number);
      const { atLeast = -Infinity, atMost = Infinity } = condition;
      if (atLeast > -Infinity || atMost < Infinity) this.#ranges.push({ atLeast, atMost, condition: number });
    }
    this.#literals = new LiteralIndex(literals);
  }

  /** The numbers of the conditions that the fact fulfils, each once; of several values any may fulfil one. */
  find(fact: FactValue): readonly number[] {
    if (typeof fact === 'number') return this.#findNumber(fact);
    if (typeof fact === 'string') return this.#findText(fact);
    return [...new Set(fact.flatMap((text) => this.#findText(text)))];
  }

  #findNumber(value: number): number[] {
    const found = [...(this.#exact.get(value) ?? [])];
    for (const { values, condition } of this.#others) if (!values.has(value)) found.push(condition);
    for (const { atLeast, atMost, condition } of this.#ranges)
      if (value >= atLeast && value <= atMost && !found.includes(condition)) found.push(condition);
    return found;
  }

  #findText(text: string): readonly number[] {
    const kept = this.#kept;
    if (kept === null || text.length > maxKeptLength) return this.#lookInto(shorten(text).toLowerCase());
    const known = kept.get(text);
    if (known !== undefined) {
      this.#keptUses++;
      return known;
    }
    const found = this.#lookInto(text.toLowerCase());
    if (kept.size < maxKept) kept.set(text, found);
    else this.#forget(kept);
    return found;
  }

  #forget(kept: Map<string, readonly number[]>): void {
    kept.clear();
    if (this.#keptUses < maxKept) this.#kept = null;
    this.#keptUses = 0;
  }

  #lookInto(text: string): number[] {
    if (text === '' || text === '-') return this.#empty;
    const found = new Set(this.#exact.get(text));
    for (const { values, condition } of this.#others) if (!values.has(text)) found.add(condition);
    if (this.#literals.size > 0) this.#literals.find(text, (condition) => found.add(condition));
    for (const { pattern, condition } of this.#patterns)
      if (!found.has(condition) && pattern.test(text)) found.add(condition);
    return [...found];
  }
}

function shorten(text: string): string {
  return text.length <= maxTextLength ? text : text.slice(0, maxTextLength / 2) + text.slice(-maxTextLength / 2);
}

function fold(value: string | number): string | number {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function append(map: Map<string | number, number[]>, key: string | number, number: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [number]);
  else if (!list.includes(number)) list.push(number);
}
