/**
 * Finds which of many needles stand in a text, in one pass over it.
 *
 * A *gram* is four characters in a row (two for needles of two and three), each folded to eight bits. A needle is filed under
 * the one of its grams that fewest other needles have. A window of four characters moves over the text; where its gram is
 * one that needles are filed under, those are compared whole. Unlike an automaton over all needles, the tables are built in
 * milliseconds and stay small.
 *
 * **Soundness**: a needle that stands in the text at `start` is noted. The gram it is filed under ends at `start + end` of the
 * text, and the window there is the same gram, because a gram is a function of its characters alone and the window holds
 * the last four. The filter has the bit of each filed gram set and the chain has each entry, so neither can miss it;
 * other grams with the same hash only cost a comparison. Needles of one character go by that character, and its bit
 * modulo 128 is set. What `#note` refuses is what does not stand there, stands at the wrong place, or was noted in this
 * pass already. Held by the tests that bucket.ts names, which go through every kind and place of needle.
 */
/** A text to look for, as it stands in the searched text, and where it must stand. */
export interface Needle {
  readonly text: string;
  readonly place: 'start' | 'end' | 'anywhere';
}

const shortGram = 2;

/** Whether a text can be a needle: two characters, or one that is seldom; a single common character tells nothing. */
export function isNeedle(text: string): boolean {
  return (
    text.length >= shortGram ||
    (text.length === 1 && (text.charCodeAt(0) >= 0x80 || '`^${}|~<>*?[];!@#%&+='.includes(text)))
  );
}

const longGram = 4;
const maxTableBits = 16;
const filterBits = 16;
const filterShift = 32 - filterBits;

export class GramIndex {
  readonly #needles: readonly Needle[];
  readonly #long: GramTable;
  readonly #short: GramTable | null;
  /** Needles of one character, by it. */
  readonly #single: ReadonlyMap<number, readonly number[]> | null;
  /** Which of the lower seven bits of a character a single one has. */
  readonly #singleBits = new Uint8Array(128);
  /** What {@link scan} found: an array for all calls, since a new one for each text costs more than the search. */
  readonly found: Int32Array;
  /** By needle: the pass in which it was last found. */
  readonly #foundIn: Int32Array;

  constructor(needles: readonly Needle[]) {
    this.#needles = needles;
    this.found = new Int32Array(needles.length);
    this.#foundIn = new Int32Array(needles.length);
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

  /**
   * Finds the needles that stand in the text and were not found in the same pass before. Their numbers are the first of
   * {@link found}, as many as the answer says, until the next call.
   */
  scan(text: string, pass: number): number {
    const long = this.#long;
    const { filter } = long;
    const short = this.#short;
    const single = this.#single;
    let count = 0;
    let window = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      window = (window << 8) | ((code ^ (code >>> 8)) & 0xff);
      const bit = Math.imul(window, multiplier) >>> filterShift;
      if (((filter[bit >>> 5] as number) & (1 << (bit & 31))) !== 0)
        count = this.#check(text, at, window, long, pass, count);
      if (short !== null && short.mayHave(window & 0xffff))
        count = this.#check(text, at, window & 0xffff, short, pass, count);
      if (single !== null && this.#singleBits[code & 0x7f] === 1)
        for (const number of single.get(code) ?? []) count = this.#note(text, at, number, pass, count);
    }
    return count;
  }

  /** Before passes are numbered from 1 again. */
  startOver(): void {
    this.#foundIn.fill(0);
  }

  #check(text: string, at: number, gram: number, table: GramTable, pass: number, count: number): number {
    for (let entry = table.first(gram); entry !== 0; entry = table.next[entry] ?? 0)
      if (table.grams[entry] === gram)
        count = this.#note(text, at - (table.ends[entry] ?? 0), table.needles[entry] ?? 0, pass, count);
    return count;
  }

  #note(text: string, start: number, number: number, pass: number, count: number): number {
    const needle = this.#needles[number];
    if (!needle || start < 0 || this.#foundIn[number] === pass) return count;
    if (needle.place === 'start' && start !== 0) return count;
    if (needle.place === 'end' && start + needle.text.length !== text.length) return count;
    if (!text.startsWith(needle.text, start)) return count;
    this.#foundIn[number] = pass;
    this.found[count] = number;
    return count + 1;
  }
}

/** Knuth's multiplicative hashing. */
const multiplier = 0x9e3779b1;

/** Entries chained by the hash of their gram; number 0 ends a chain. */
class GramTable {
  readonly #shift: number;
  readonly #heads: Uint16Array | Int32Array;
  /** One bit a hash, in a table small enough to stay near the processor: most windows end here. */
  readonly filter = new Int32Array(1 << (filterBits - 5));
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
      const bit = hash >>> filterShift;
      this.filter[bit >>> 5] = (this.filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
      this.grams[entry] = rarest.gram;
      this.needles[entry] = number;
      this.ends[entry] = rarest.end;
      this.next[entry] = this.#heads[slot] ?? 0;
      this.#heads[slot] = entry;
    });
  }

  mayHave(gram: number): boolean {
    const bit = Math.imul(gram, multiplier) >>> filterShift;
    return ((this.filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  first(gram: number): number {
    return this.#heads[Math.imul(gram, multiplier) >>> this.#shift] ?? 0;
  }
}

function byCharacter(needles: readonly (readonly [number: number, needle: Needle])[]): Map<number, number[]> {
  const numbers = new Map<number, number[]>();
  for (const [number, { text }] of needles) {
    const code = text.charCodeAt(0);
    const known = numbers.get(code);
    if (known) known.push(number);
    else numbers.set(code, [number]);
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
