/** A text to look for, as it stands in the searched text, and where it must stand. */
export interface Needle {
  readonly text: string;
  readonly place: 'start' | 'end' | 'anywhere';
}

const shortGram = 2;

/** Whether a text can be a needle: two characters, or one that is seldom; a single common character tells nothing. */
export function isNeedle(text: string): boolean {
  return text.length >= shortGram || /^[^\w\s.,:;/\\()"'-]$/.test(text);
}

const longGram = 4;
const maxTableBits = 16;
const filterBits = 16;

/**
 * Finds which of many needles stand in a text, in one pass over it. Each needle is filed under the four (for short
 * ones two) characters of it that fewest other needles have; a rolling window over the text looks them up, and only then the whole needle is
 * compared. Unlike an automaton over all needles it is built in milliseconds and stays small.
 */
export class GramIndex {
  readonly #needles: readonly Needle[];
  readonly #long: GramTable;
  readonly #short: GramTable | null;
  /** Needles of one character, by it. */
  readonly #single: ReadonlyMap<number, readonly number[]> | null;
  /** Which of the lower seven bits of a character a single one has. */
  readonly #singleBits = new Uint8Array(128);

  constructor(needles: readonly Needle[]) {
    this.#needles = needles;
    const ofLength = (isMine: (length: number) => boolean) =>
      [...needles.entries()].filter(([, { text }]) => isMine(text.length));
    const short = ofLength((length) => length >= shortGram && length < longGram);
    const single = ofLength((length) => length < shortGram);
    this.#long = new GramTable(
      ofLength((length) => length >= longGram),
      longGram,
    );
    this.#short = short.length > 0 ? new GramTable(short, shortGram) : null;
    this.#single = single.length > 0 ? byCharacter(single) : null;
    for (const code of this.#single?.keys() ?? []) this.#singleBits[code & 0x7f] = 1;
  }

  /** Calls `hit` with the number of each needle found, once for every place where it stands. */
  scan(text: string, hit: (needle: number) => void): void {
    const long = this.#long;
    const short = this.#short;
    const single = this.#single;
    const singleBits = this.#singleBits;
    let window = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      window = (window << 8) | ((code ^ (code >>> 8)) & 0xff);
      const hash = Math.imul(window, multiplier);
      let entry = long.mayHave(hash) ? long.first(hash) : 0;
      while (entry !== 0) {
        if (long.grams[entry] === window && at >= longGram - 1) this.#check(text, at, long, entry, hit);
        entry = long.next[entry] ?? 0;
      }
      if (single !== null && singleBits[code & 0x7f] === 1)
        for (const number of single.get(code) ?? []) this.#checkSingle(text, at, number, hit);
      if (short === null) continue;
      const pair = window & 0xffff;
      const pairHash = Math.imul(pair, multiplier);
      entry = short.mayHave(pairHash) ? short.first(pairHash) : 0;
      while (entry !== 0) {
        if (short.grams[entry] === pair && at >= shortGram - 1) this.#check(text, at, short, entry, hit);
        entry = short.next[entry] ?? 0;
      }
    }
  }

  #checkSingle(text: string, at: number, number: number, hit: (needle: number) => void): void {
    const place = this.#needles[number]?.place;
    if ((place !== 'start' || at === 0) && (place !== 'end' || at === text.length - 1)) hit(number);
  }

  #check(text: string, at: number, table: GramTable, entry: number, hit: (needle: number) => void): void {
    const number = table.needles[entry] ?? 0;
    const needle = this.#needles[number];
    const start = at - (table.ends[entry] ?? 0);
    if (!needle || start < 0) return;
    if (needle.place === 'start' && start !== 0) return;
    if (needle.place === 'end' && start + needle.text.length !== text.length) return;
    if (text.startsWith(needle.text, start)) hit(number);
  }
}

/** Knuth's multiplicative hashing. */
const multiplier = 0x9e3779b1;

/** Entries chained by the hash of their gram; number 0 ends a chain. */
class GramTable {
  readonly #shift: number;
  readonly #heads: Uint16Array | Int32Array;
  /** One bit a hash, in a table small enough to stay near the processor: most windows end here. */
  readonly #filter = new Int32Array(1 << (filterBits - 5));
  readonly grams: Int32Array;
  readonly next: Int32Array;
  readonly needles: Int32Array;
  /** Where in the needle the gram's last character stands. */
  readonly ends: Int32Array;

  constructor(mine: readonly (readonly [number: number, needle: Needle])[], length: number) {
    const bits = Math.min(maxTableBits, Math.max(8, 2 + Math.ceil(Math.log2(mine.length + 1))));
    this.#shift = 32 - bits;
    this.#heads = mine.length < 0xffff ? new Uint16Array(1 << bits) : new Int32Array(1 << bits);
    this.grams = new Int32Array(mine.length + 1);
    this.next = new Int32Array(mine.length + 1);
    this.needles = new Int32Array(mine.length + 1);
    this.ends = new Int32Array(mine.length + 1);
    const counts = new Map<number, number>();
    for (const [, needle] of mine)
      for (const { gram } of gramsOf(needle.text, length)) counts.set(gram, (counts.get(gram) ?? 0) + 1);
    mine.forEach(([number, needle], index) => {
      let rarest = { gram: 0, end: 0, count: Infinity };
      for (const { gram, end } of gramsOf(needle.text, length)) {
        const count = counts.get(gram) ?? 0;
        if (count < rarest.count) rarest = { gram, end, count };
      }
      const entry = index + 1;
      const hash = Math.imul(rarest.gram, multiplier);
      const slot = hash >>> this.#shift;
      const bit = hash >>> (32 - filterBits);
      this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
      this.grams[entry] = rarest.gram;
      this.needles[entry] = number;
      this.ends[entry] = rarest.end;
      this.next[entry] = this.#heads[slot] ?? 0;
      this.#heads[slot] = entry;
    });
  }

  mayHave(hash: number): boolean {
    const bit = hash >>> (32 - filterBits);
    return ((this.#filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  first(hash: number): number {
    return this.#heads[hash >>> this.#shift] ?? 0;
  }
}

function byCharacter(needles: readonly (readonly [number: number, needle: Needle])[]): Map<number, number[]> {
  const numbers = new Map<number, number[]>();
  for (const [number, { text }] of needles) {
    const code = text.charCodeAt(0);
    numbers.set(code, [...(numbers.get(code) ?? []), number]);
  }
  return numbers;
}

function gramsOf(text: string, length: number): { gram: number; end: number }[] {
  const grams: { gram: number; end: number }[] = [];
  let window = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    window = (window << 8) | ((code ^ (code >>> 8)) & 0xff);
    if (at >= length - 1) grams.push({ gram: length === longGram ? window : window & 0xffff, end: at });
  }
  return grams;
}
