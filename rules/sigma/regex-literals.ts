/**
 * What can be told of a part of an expression: every text that it matches (`exact`, when they are few), and texts one
 * of which stands in whatever it matches (`needed`).
 */
interface Known {
  readonly exact: readonly string[] | null;
  readonly needed: readonly string[] | null;
}

const controls = { f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' } as const;
const maxExact = 16;
const unknown: Known = { exact: null, needed: null };
const nothing: Known = { exact: [''], needed: null };

/**
 * Literals, in lower case, one of which stands in the folded form of every text that the expression finds; null where
 * none can be told. Reads the part of RE2's syntax that rules use and gives up on the rest: it must be sound, not
 * complete.
 */
export function regexLiterals(source: string): readonly string[] | null {
  const reader = new RegexReader(source);
  const known = reader.alternatives(0);
  if (known === null || !reader.isAtEnd) return null;
  const { needed } = flush(known);
  return needed?.includes('') === true ? null : needed;
}

class RegexReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#source.length;
  }

  /** Null: something that this reader does not know. */
  alternatives(depth: number): Known | null {
    if (depth > 50) return null;
    const branches: Known[] = [];
    do {
      const branch = this.#sequence(depth);
      if (branch === null) return null;
      branches.push(branch);
    } while (this.#take('|'));
    return branches.reduce(either);
  }

  #sequence(depth: number): Known | null {
    let sequence = nothing;
    while (!this.isAtEnd && !'|)'.includes(this.#peek())) {
      const atom = this.#atom(depth);
      const repeated = atom && this.#repeated(atom);
      if (!repeated) return null;
      sequence = followedBy(sequence, repeated);
    }
    return sequence;
  }

  #peek(): string {
    return this.#source.charAt(this.#at);
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match) this.#at += match[0].length;
    return match;
  }

  #atom(depth: number): Known | null {
    if (this.#take('(')) {
      if (this.#peek() === '?' && !this.#match(/\?(?:P?<\w+>|[ims]*:)/y))
        return this.#match(/\?[ims]+\)/y) ? nothing : null;
      const group = this.alternatives(depth + 1);
      return this.#take(')') ? group : null;
    }
    if (this.#take('[')) return this.#match(/\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]/y) ? unknown : null;
    if (this.#take('\\')) return this.#escape();
    if (this.#match(/[\^$]/y)) return nothing;
    if (this.#take('.')) return unknown;
    if (this.#match(/[*+?]/y)) return null;
    const char = this.#peek();
    this.#at++;
    return literal(char);
  }

  #escape(): Known | null {
    if (this.#match(/[AbBz]/y)) return nothing;
    if (this.#match(/[dDsSwW]|[pP](?:[A-Z]|\{\^?\w+\})/y)) return unknown;
    const hex = this.#match(/x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/y);
    if (hex) return literal(String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(hex[1] ?? hex[2] ?? '', 16))));
    const control = this.#match(/[fnrtv]/y);
    if (control) return literal(controls[control[0] as keyof typeof controls]);
    const char = this.#match(/[^\p{L}\p{N}]/uy);
    return char ? literal(char[0]) : null;
  }

  #repeated(atom: Known): Known | null {
    let known = atom;
    for (;;) {
      const repeat = this.#match(/[*+?]|\{(\d{1,4})(?:,\d{0,4})?\}/y);
      if (!repeat) return known;
      this.#take('?');
      const least = repeat[0] === '+' ? 1 : Number(repeat[1] ?? 0);
      known = least > 0 ? { exact: null, needed: flush(known).needed } : unknown;
    }
  }
}

/** Case folding maps characters beyond ASCII in ways of its own, so that they count as unknown. */
function literal(char: string): Known {
  return char.charCodeAt(0) < 0x80 ? { exact: [char.toLowerCase()], needed: null } : unknown;
}

function either(a: Known, b: Known): Known {
  const exact = a.exact && b.exact && a.exact.length + b.exact.length <= maxExact ? [...a.exact, ...b.exact] : null;
  const left = flush(a).needed;
  const right = flush(b).needed;
  return { exact, needed: left && right ? [...left, ...right] : null };
}

function followedBy(a: Known, b: Known): Known {
  if (a.exact && b.exact && a.exact.length * b.exact.length <= maxExact) {
    const exact = a.exact.flatMap((head) => b.exact?.map((tail) => head + tail) ?? []);
    return { exact, needed: better(a.needed, b.needed) };
  }
  return { exact: b.exact, needed: better(better(a.needed, b.needed), flush(a).needed) };
}

/** The exact texts are needed too. */
function flush(known: Known): Known {
  return { exact: null, needed: better(known.needed, known.exact) };
}

/** The one whose shortest text is longer: that is found less often by chance. */
function better(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (!a || !b) return a ?? b;
  return shortest(b) > shortest(a) ? b : a;
}

function shortest(texts: readonly string[]): number {
  return texts.reduce((least, text) => Math.min(least, text.length), Infinity);
}
