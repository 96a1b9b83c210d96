/**
 * A Sigma string value: literal text with the wildcards `*` (any run of characters) and `?` (exactly one), and the
 * dash class that the windash modifier makes (Sigma 2.1, "String Wildcard" and "Escape Character").
 */
export type Pattern = readonly Piece[];
export type Piece = string | Wildcard;

export type Wildcard = typeof anyRun | typeof anyOne | typeof anyDash;
export const anyRun = Symbol('*');
export const anyOne = Symbol('?');
/** One of `-`, `/`, en dash, em dash and horizontal bar. */
export const anyDash = Symbol('windash');

export const dashes = ['-', '/', '\u2013', '\u2014', '\u2015'] as const;

/**
 * A backslash makes a following `*`, `?` or backslash literal; before anything else, and at the end, it stands for
 * itself. Literal pieces are never empty and never adjacent.
 */
export function parsePattern(value: string): Pattern {
  const pieces: Piece[] = [];
  let literal = '';
  for (let at = 0; at < value.length; at++) {
    const char = value.charAt(at);
    if (char === '\\') {
      const next = value.charAt(at + 1);
      if (next === '*' || next === '?' || next === '\\') at++;
      literal += next === '*' || next === '?' ? next : '\\';
    } else if (char === '*' || char === '?') {
      if (literal !== '') pieces.push(literal);
      literal = '';
      pieces.push(char === '*' ? anyRun : anyOne);
    } else literal += char;
  }
  if (literal !== '') pieces.push(literal);
  return pieces;
}

/** The text of a pattern without wildcards, or null when it has one. */
export function plainText(pattern: Pattern): string | null {
  if (pattern.length === 0) return '';
  const [first] = pattern;
  return pattern.length === 1 && typeof first === 'string' ? first : null;
}

export function withLeadingRun(pattern: Pattern): Pattern {
  return pattern[0] === anyRun ? pattern : [anyRun, ...pattern];
}

export function withTrailingRun(pattern: Pattern): Pattern {
  return pattern.at(-1) === anyRun ? pattern : [...pattern, anyRun];
}

export function mapLiterals(pattern: Pattern, change: (literal: string) => string): Pattern {
  return pattern.map((piece) => (typeof piece === 'string' ? change(piece) : piece));
}

/** A dash that begins a word (`\B[-/]\b`: no word character before it, one after it) becomes the dash class. */
export function withDashClass(pattern: Pattern): Pattern {
  return pattern.flatMap((piece) => (typeof piece === 'string' ? splitAtDashes(piece) : [piece]));
}

function splitAtDashes(literal: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (const match of literal.matchAll(/(?<![\p{L}\p{N}_])[-/\u2013-\u2015](?=[\p{L}\p{N}_])/gu)) {
    if (match.index > start) pieces.push(literal.slice(start, match.index));
    pieces.push(anyDash);
    start = match.index + 1;
  }
  if (start < literal.length) pieces.push(literal.slice(start));
  return pieces;
}

/** Every pattern that the dash classes stand for, or null when they are more than `limit`. */
export function expandDashes(pattern: Pattern, limit: number): Pattern[] | null {
  const classes = pattern.filter((piece) => piece === anyDash).length;
  if (dashes.length ** classes > limit) return null;
  let expanded: Piece[][] = [[]];
  for (const piece of pattern)
    expanded =
      piece === anyDash ? expanded.flatMap((head) => dashes.map((dash) => [...head, dash])) : append(expanded, piece);
  return expanded.map(joinLiterals);
}

function append(heads: Piece[][], piece: Piece): Piece[][] {
  for (const head of heads) head.push(piece);
  return heads;
}

function joinLiterals(pieces: readonly Piece[]): Pattern {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else joined.push(piece);
  }
  return joined;
}

/**
 * The form in which text is compared without regard to case: Unicode lower case without locale, then final sigma as
 * sigma and long s as s, as Unicode's simple case folding has it, so that the end of a word does not matter.
 */
export function foldCase(text: string): string {
  const lower = text.toLowerCase();
  // The only character whose lower case is two; it stays as it is, so that `?` and the place of a literal stay right.
  if (lower.length !== text.length) return text.split('\u0130').map(foldCase).join('\u0130');
  return /[\u017f\u03c2]/.test(lower) ? lower.replaceAll('\u03c2', '\u03c3').replaceAll('\u017f', 's') : lower;
}
