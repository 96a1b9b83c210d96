import { anyDash, anyOne, anyRun, dashes, foldCase, mapLiterals, type Pattern, type Piece } from './pattern.js';

export type TextTest = (text: string) => boolean;

/** What a pattern asks of a text, in the cheapest form; `literal` is empty for `run`. */
export type Shape =
  | { readonly kind: 'equals' | 'start' | 'end' | 'anywhere'; readonly literal: string }
  | { readonly kind: 'run' }
  | { readonly kind: 'glob'; readonly pattern: Pattern };

export function shapeOf(pattern: Pattern): Shape {
  const [first, second, third] = pattern;
  if (pattern.length === 0) return { kind: 'equals', literal: '' };
  if (pattern.length === 1 && typeof first === 'string') return { kind: 'equals', literal: first };
  if (pattern.length === 2 && typeof first === 'string' && second === anyRun) return { kind: 'start', literal: first };
  if (pattern.length === 2 && first === anyRun && typeof second === 'string') return { kind: 'end', literal: second };
  if (pattern.length === 3 && first === anyRun && typeof second === 'string' && third === anyRun)
    return { kind: 'anywhere', literal: second };
  return pattern.every((piece) => piece === anyRun) ? { kind: 'run' } : { kind: 'glob', pattern };
}

export function foldPattern(pattern: Pattern): Pattern {
  return mapLiterals(pattern, foldCase);
}

/** A test of whole texts; for a test without regard to case pattern and texts must both be folded. */
export function compilePattern(pattern: Pattern): TextTest {
  const shape = shapeOf(pattern);
  switch (shape.kind) {
    case 'equals':
      return (text) => text === shape.literal;
    case 'start':
      return (text) => text.startsWith(shape.literal);
    case 'end':
      return (text) => text.endsWith(shape.literal);
    case 'anywhere':
      return (text) => text.includes(shape.literal);
    case 'run':
      return () => true;
    case 'glob':
      return compileGlob(shape.pattern);
  }
}

/** Pieces between two runs: they match a fixed number of code units. */
interface Segment {
  readonly pieces: readonly Piece[];
  readonly length: number;
  /** The longest literal and where it stands in the segment, to look for first. */
  readonly anchor: string;
  readonly anchorAt: number;
}

/** The leftmost place is always right for every segment but the last, so nothing is tried twice: no backtracking. */
function compileGlob(pattern: Pattern): TextTest {
  const segments = splitAtRuns(pattern);
  const [head, ...rest] = segments;
  const tail = rest.pop();
  if (!head) return () => true;
  if (pattern.includes(anyOne)) return compileWithOnes(pattern, head, rest, tail);
  return compileSegments(head, rest, tail);
}

/** `?` is one character (code point), which is two code units beyond the basic plane. */
function compileWithOnes(pattern: Pattern, head: Segment, rest: readonly Segment[], tail?: Segment): TextTest {
  const matches = compileSegments(head, rest, tail);
  const pieces = pattern.flatMap((piece): readonly Piece[] =>
    typeof piece === 'string' ? Array.from(piece) : [piece],
  );
  return (text) =>
    /[\ud800-\udbff][\udc00-\udfff]/.test(text) ? isMatchOfPoints(pieces, Array.from(text)) : matches(text);
}

/** After the last run that was met, every start is tried in turn; runs before it need no second try. */
function isMatchOfPoints(pieces: readonly Piece[], points: readonly string[]): boolean {
  let [piece, point, run, resume] = [0, 0, -1, 0];
  while (point < points.length) {
    const wanted = pieces[piece];
    if (wanted === anyRun) [run, resume] = [piece++, point];
    else if (wanted !== undefined && isPoint(wanted, points[point] ?? '')) {
      piece++;
      point++;
    } else if (run >= 0) [piece, point] = [run + 1, ++resume];
    else return false;
  }
  return pieces.slice(piece).every((left) => left === anyRun);
}

function isPoint(piece: Piece, point: string): boolean {
  if (piece === anyDash) return (dashes as readonly string[]).includes(point);
  return piece === anyOne || piece === point;
}

function compileSegments(head: Segment, rest: readonly Segment[], tail: Segment | undefined): TextTest {
  if (!tail) return (text) => text.length === head.length && isAt(head, text, 0);
  return (text) => {
    const end = text.length - tail.length;
    if (end < head.length || !isAt(head, text, 0) || !isAt(tail, text, end)) return false;
    let at = head.length;
    for (const segment of rest) {
      const found = find(segment, text, at, end);
      if (found < 0) return false;
      at = found + segment.length;
    }
    return true;
  };
}

/** Empty segments stand at both ends where the pattern begins or ends with a run. */
function splitAtRuns(pattern: Pattern): Segment[] {
  const parts: Piece[][] = [[]];
  for (const piece of pattern) {
    if (piece === anyRun) parts.push([]);
    else parts.at(-1)?.push(piece);
  }
  const isInner = (index: number) => index > 0 && index < parts.length - 1;
  return parts.filter((pieces, index) => pieces.length > 0 || !isInner(index)).map(makeSegment);
}

function makeSegment(pieces: readonly Piece[]): Segment {
  let length = 0;
  let anchor = '';
  let anchorAt = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string' && piece.length > anchor.length) {
      anchor = piece;
      anchorAt = length;
    }
    length += typeof piece === 'string' ? piece.length : 1;
  }
  return { pieces, length, anchor, anchorAt };
}

function find(segment: Segment, text: string, from: number, end: number): number {
  for (let at = from; at + segment.length <= end; at++) {
    if (segment.anchor !== '') {
      const anchored = text.indexOf(segment.anchor, at + segment.anchorAt);
      if (anchored < 0) return -1;
      at = anchored - segment.anchorAt;
      if (at + segment.length > end) return -1;
    }
    if (isAt(segment, text, at)) return at;
  }
  return -1;
}

function isAt(segment: Segment, text: string, start: number): boolean {
  let at = start;
  for (const piece of segment.pieces) {
    if (typeof piece === 'string') {
      if (!text.startsWith(piece, at)) return false;
      at += piece.length;
      continue;
    }
    if (at >= text.length) return false;
    if (piece === anyDash && !(dashes as readonly string[]).includes(text.charAt(at))) return false;
    if (piece === anyDash || piece === anyOne) at++;
  }
  return true;
}
