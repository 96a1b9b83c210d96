/** Several values a key. Most keys of a list have one, which then stands for itself: a million lists of one take 50 MB. */
export class MultiMap<K, V extends object> {
  readonly #values = new Map<K, V | V[]>();

  get size(): number {
    return this.#values.size;
  }

  keys(): IterableIterator<K> {
    return this.#values.keys();
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  add(key: K, value: V): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, value);
    else if (Array.isArray(known)) known.push(value);
    else this.#values.set(key, [known, value]);
  }

  /** A key without a value. */
  addKey(key: K): void {
    if (!this.#values.has(key)) this.#values.set(key, []);
  }

  /** In the order in which they were added. */
  get(key: K): readonly V[] {
    const known = this.#values.get(key);
    if (known === undefined) return none;
    return Array.isArray(known) ? known : [known];
  }
}

const none: readonly never[] = [];
