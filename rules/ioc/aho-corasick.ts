export interface LiteralHit<T> {
  readonly value: T;
  /** Offsets into the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

const bucketSize = 8;
const bucketDepth = 4;

/**
 * Finds all of many literals in one pass over a text (Aho and Corasick, 1975). The trie stops where at most
 * {@link bucketSize} literals share a beginning; those are compared one by one, so a million literals take a few
 * hundred thousand states. Equal literals are allowed; each gives a hit.
 */
export class AhoCorasick<T> {
  readonly #literals: string[];
  readonly #values: T[];
  /** State by state: the first of its children (which are neighbours), and how many it has. */
  readonly #firstChild: Int32Array;
  readonly #childCount: Int32Array;
  /** The character on the way into the state. */
  readonly #character: Uint16Array;
  readonly #depth: Int32Array;
  readonly #fail: Int32Array;
  /** The nearest state on the way of failures that ends or compares literals; -1 for none. */
  readonly #nextOutput: Int32Array;
  /** Literals to report or compare at the state: from, and how many. */
  readonly #outputFrom: Int32Array;
  readonly #outputCount: Int32Array;
  readonly #rootChild = new Int32Array(65_536).fill(-1);

  constructor(entries: Iterable<readonly [literal: string, value: T]>) {
    const sorted = [...entries].filter(([literal]) => literal !== '').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#literals = sorted.map(([literal]) => literal);
    this.#values = sorted.map(([, value]) => value);
    const states = growTrie(this.#literals);
    this.#firstChild = Int32Array.from(states.firstChild);
    this.#childCount = Int32Array.from(states.childCount);
    this.#character = Uint16Array.from(states.character);
    this.#depth = Int32Array.from(states.depth);
    this.#outputFrom = Int32Array.from(states.outputFrom);
    this.#outputCount = Int32Array.from(states.outputCount);
    for (let at = 0; at < (states.childCount[0] ?? 0); at++) {
      const child = (states.firstChild[0] ?? 0) + at;
      this.#rootChild[states.character[child] ?? 0] = child;
    }
    this.#fail = new Int32Array(states.depth.length);
    this.#nextOutput = new Int32Array(states.depth.length).fill(-1);
    this.#linkFailures();
  }

  get size(): number {
    return this.#literals.length;
  }

  /** Every occurrence, in the order of their ends. */
  find(text: string): LiteralHit<T>[] {
    const hits: LiteralHit<T>[] = [];
    if (this.#literals.length === 0) return hits;
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      state = this.#step(state, text.charCodeAt(at));
      if (state === 0) continue;
      let output = this.#outputCount[state] === 0 ? (this.#nextOutput[state] ?? -1) : state;
      while (output >= 0) {
        const start = at + 1 - (this.#depth[output] ?? 0);
        const from = this.#outputFrom[output] ?? 0;
        const to = from + (this.#outputCount[output] ?? 0);
        for (let index = from; index < to; index++) {
          const literal = this.#literals[index] ?? '';
          if (text.startsWith(literal, start))
            hits.push({ value: this.#values[index] as T, start, end: start + literal.length });
        }
        output = this.#nextOutput[output] ?? -1;
      }
    }
    return hits;
  }

  #step(from: number, character: number): number {
    for (let state = from; state !== 0; state = this.#fail[state] ?? 0) {
      const child = this.#child(state, character);
      if (child >= 0) return child;
    }
    const child = this.#rootChild[character] ?? -1;
    return child < 0 ? 0 : child;
  }

  #child(state: number, character: number): number {
    let low = this.#firstChild[state] ?? 0;
    let high = low + (this.#childCount[state] ?? 0) - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#character[middle] ?? 0;
      if (found === character) return middle;
      if (found < character) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** States stand in the order of their depth, so every failure leads to a state that is linked already. */
  #linkFailures(): void {
    for (let state = 0; state < this.#depth.length; state++) {
      const first = this.#firstChild[state] ?? 0;
      for (let child = first; child < first + (this.#childCount[state] ?? 0); child++) {
        const fail = state === 0 ? 0 : this.#step(this.#fail[state] ?? 0, this.#character[child] ?? 0);
        this.#fail[child] = fail;
        this.#nextOutput[child] = (this.#outputCount[fail] ?? 0) > 0 ? fail : (this.#nextOutput[fail] ?? -1);
      }
    }
  }
}

interface Trie {
  readonly firstChild: number[];
  readonly childCount: number[];
  readonly character: number[];
  readonly depth: number[];
  readonly outputFrom: number[];
  readonly outputCount: number[];
}

/** `literals` sorted by code units: then those that share a beginning are neighbours, and the shortest comes first. */
function growTrie(literals: readonly string[]): Trie {
  const trie: Trie = { firstChild: [], childCount: [], character: [], depth: [], outputFrom: [], outputCount: [] };
  const from: number[] = [];
  const to: number[] = [];
  const add = (low: number, high: number, depth: number, character: number): void => {
    from.push(low);
    to.push(high);
    trie.depth.push(depth);
    trie.character.push(character);
  };
  add(0, literals.length, 0, 0);
  for (let state = 0; state < trie.depth.length; state++) {
    const depth = trie.depth[state] ?? 0;
    const high = to[state] ?? 0;
    let low = from[state] ?? 0;
    trie.outputFrom.push(low);
    trie.firstChild.push(trie.depth.length);
    if (high - low <= bucketSize && depth >= bucketDepth) {
      trie.outputCount.push(high - low);
      trie.childCount.push(0);
      continue;
    }
    const first = low;
    while (low < high && literals[low]?.length === depth) low++;
    trie.outputCount.push(low - first);
    let children = 0;
    while (low < high) {
      const character = literals[low]?.charCodeAt(depth) ?? 0;
      let end = low + 1;
      while (end < high && literals[end]?.charCodeAt(depth) === character) end++;
      add(low, end, depth + 1, character);
      children++;
      low = end;
    }
    trie.childCount.push(children);
  }
  return trie;
}
