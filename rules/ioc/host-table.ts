import { MultiMap } from './multi-map.js';

const multiplier = 0x01000193;

/**
 * Host names and addresses with a filter in front: the end of a text's token is hashed backwards, label by label, and only
 * what passes the filter is cut out and looked up.
 */
export class HostTable<T extends object> {
  readonly #values = new MultiMap<string, T>();
  #filter = new Uint32Array(2 ** 10);
  #filterShift = 32 - 15;

  get size(): number {
    return this.#values.size;
  }

  add(host: string, value: T): void {
    const isKnown = this.#values.has(host);
    this.#values.add(host, value);
    if (isKnown) return;
    if (this.#values.size * 16 > this.#filter.length * 32 && this.#filterShift > 32 - 27) this.#grow();
    else this.#mark(host);
  }

  get(host: string): readonly T[] {
    return this.#values.get(host);
  }

  /**
   * Calls `visit` for each entry that is the token from `start` to `end` of an ASCII text, in any case, or one of its
   * parents, with whether it is the whole token.
   */
  findEndsOf(text: string, start: number, end: number, visit: (value: T, isWhole: boolean) => void): void {
    let hash = 0;
    for (let at = end - 1; at >= start; at--) {
      const character = text.charCodeAt(at);
      hash = Math.imul(hash, multiplier) ^ (character >= 0x41 && character <= 0x5a ? character + 0x20 : character);
      if (at > start && text.charCodeAt(at - 1) !== 0x2e) continue;
      if (!this.#isMarked(hash)) continue;
      for (const value of this.#values.get(text.slice(at, end).toLowerCase())) visit(value, at === start);
    }
  }

  /** A name whose being there counts, without a value. */
  addGate(host: string): void {
    if (this.#values.has(host)) return;
    this.#values.addKey(host);
    this.#mark(host);
  }

  /** Whether the token as a whole, in lower case, is an entry or a gate. */
  hasWhole(text: string, start: number, end: number): boolean {
    let hash = 0;
    for (let at = end - 1; at >= start; at--) hash = Math.imul(hash, multiplier) ^ text.charCodeAt(at);
    return this.#isMarked(hash) && this.#values.has(text.slice(start, end));
  }

  /** Whether the token or one of its parents is an entry, or a gate. */
  hasEndOf(text: string, start: number, end: number): boolean {
    let hash = 0;
    for (let at = end - 1; at >= start; at--) {
      const character = text.charCodeAt(at);
      hash = Math.imul(hash, multiplier) ^ (character >= 0x41 && character <= 0x5a ? character + 0x20 : character);
      if (at > start && text.charCodeAt(at - 1) !== 0x2e) continue;
      if (this.#isMarked(hash) && this.#values.has(text.slice(at, end).toLowerCase())) return true;
    }
    return false;
  }

  #isMarked(hash: number): boolean {
    const bit = mix(hash) >>> this.#filterShift;
    return ((this.#filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  #mark(host: string): void {
    let hash = 0;
    for (let at = host.length - 1; at >= 0; at--) hash = Math.imul(hash, multiplier) ^ host.charCodeAt(at);
    const bit = mix(hash) >>> this.#filterShift;
    this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  #grow(): void {
    this.#filterShift -= 2;
    this.#filter = new Uint32Array(this.#filter.length * 4);
    for (const host of this.#values.keys()) this.#mark(host);
  }
}

function mix(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1);
}
