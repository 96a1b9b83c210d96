import { AhoCorasick, type LiteralHit } from './aho-corasick.js';

/** Characters of a window; each takes {@link windowShift} bits of its hash, so that the seventh has left it. */
const windowLength = 6;
const windowShift = 5;
const windowMask = 2 ** (windowLength * windowShift) - 1;

/**
 * Finds all of many literals in one pass over a text. Literals of at least six characters are known by one window of theirs, the
 * one that the fewest others have: a bit tells whether a window of the text is any of them, and only then literals are
 * compared. So the time does not grow with their number. Shorter ones are left to {@link AhoCorasick}.
 */
export class LiteralSearch<T> {
  readonly #short: AhoCorasick<T>;
  readonly #literals: string[] = [];
  readonly #values: T[] = [];
  /** Where in its literal the window starts. */
  readonly #offsets: Uint16Array;
  /** Bits by a window's slot in a table four times as fine as the buckets. */
  readonly #filter: Uint32Array;
  readonly #filterShift: number;
  /** By slot: the first literal plus one, then from literal to literal; 0 ends. */
  readonly #first: Uint32Array;
  readonly #next: Uint32Array;
  /** The mixed window that each literal is known by: one that differs in it need not be compared. */
  readonly #windows: Int32Array;
  readonly #bucketShift: number;

  constructor(entries: Iterable<readonly [literal: string, value: T]>) {
    const short: (readonly [string, T])[] = [];
    for (const entry of entries)
      if (entry[0].length < windowLength) short.push(entry);
      else {
        this.#literals.push(entry[0]);
        this.#values.push(entry[1]);
      }
    this.#short = new AhoCorasick(short);
    const count = this.#literals.length;
    const bits = Math.min(24, Math.max(10, Math.ceil(Math.log2(count + 1)) + 1));
    const filterBits = Math.min(27, bits + 4);
    this.#bucketShift = 32 - bits;
    this.#filterShift = 32 - filterBits;
    this.#filter = new Uint32Array(2 ** (filterBits - 5));
    this.#first = new Uint32Array(2 ** bits);
    this.#next = new Uint32Array(count);
    this.#windows = new Int32Array(count);
    this.#offsets = new Uint16Array(count);
    this.#fill();
  }

  get size(): number {
    return this.#literals.length + this.#short.size;
  }

  /** Every occurrence. */
  find(text: string): LiteralHit<T>[] {
    const hits = this.#short.find(text);
    if (this.#literals.length === 0) return hits;
    const filter = this.#filter;
    const filterShift = this.#filterShift;
    let window = 0;
    for (let at = 0; at < text.length; at++) {
      window = ((window << windowShift) ^ text.charCodeAt(at)) & windowMask;
      const mixed = Math.imul(window, 0x9e3779b1);
      const bit = mixed >>> filterShift;
      if (((filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0 && at >= windowLength - 1)
        this.#compare(text, at - windowLength + 1, mixed, hits);
    }
    return hits;
  }

  /** Whether {@link find} finds something. */
  isIn(text: string): boolean {
    return this.size > 0 && this.find(text).length > 0;
  }

  #compare(text: string, windowStart: number, mixed: number, hits: LiteralHit<T>[]): void {
    const slot = mixed >>> this.#bucketShift;
    for (let index = this.#first[slot] ?? 0; index !== 0; index = this.#next[index - 1] ?? 0) {
      if (this.#windows[index - 1] !== mixed) continue;
      const literal = this.#literals[index - 1] ?? '';
      const start = windowStart - (this.#offsets[index - 1] ?? 0);
      if (start >= 0 && text.startsWith(literal, start))
        hits.push({ value: this.#values[index - 1] as T, start, end: start + literal.length });
    }
  }

  #fill(): void {
    const uses = new Uint32Array(this.#first.length);
    for (const literal of this.#literals)
      forEachWindow(literal, (mixed) => {
        const slot = mixed >>> this.#bucketShift;
        uses[slot] = (uses[slot] ?? 0) + 1;
      });
    for (const [index, literal] of this.#literals.entries()) {
      let fewest = Infinity;
      let best = 0;
      forEachWindow(literal, (mixed, offset) => {
        const used = uses[mixed >>> this.#bucketShift] ?? 0;
        if (used >= fewest) return;
        fewest = used;
        best = mixed;
        this.#offsets[index] = offset;
      });
      const slot = best >>> this.#bucketShift;
      this.#windows[index] = best;
      this.#next[index] = this.#first[slot] ?? 0;
      this.#first[slot] = index + 1;
      const bit = best >>> this.#filterShift;
      this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }
}

/** Windows that start beyond what an offset can hold are not looked at. */
function forEachWindow(literal: string, visit: (mixed: number, offset: number) => void): void {
  let window = 0;
  const end = Math.min(literal.length, 65_535);
  for (let at = 0; at < end; at++) {
    window = ((window << windowShift) ^ literal.charCodeAt(at)) & windowMask;
    if (at >= windowLength - 1) visit(Math.imul(window, 0x9e3779b1), at - windowLength + 1);
  }
}
