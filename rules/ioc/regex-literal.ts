import { foldCase } from './pattern.js';

/** Shorter literals stand in too many texts to save any work. */
export const minLiteralLength = 3;

/**
 * The longest text that every match of an RE2 expression holds, folded in case, or null when none of at least
 * {@link minLiteralLength} characters is sure. Only what stands outside groups and classes counts, so the answer may be
 * shorter than possible, never wrong.
 */
export function requiredLiteral(regex: string): string | null {
  const text = regex.replace(/^\(\?i\)/, '');
  if (text.includes('(?') && !/^(?:(?!\(\?)[^]|\(\?:)*$/.test(text)) return null; // flags may change what follows
  let best = '';
  let run = '';
  const end = (): void => {
    if (run.length > best.length) best = run;
    run = '';
  };
  for (let at = 0; at < text.length;) {
    const token = readToken(text, at);
    if (token === null || token.kind === 'alternative') return null;
    at = token.end;
    const quantifier = /^(?:[?*+]|\{\d+(?:,\d*)?\})\??/.exec(text.slice(at, at + 16))?.[0] ?? '';
    at += quantifier.length;
    if (token.kind !== 'literal') {
      if (token.kind !== 'anchor') end();
      continue;
    }
    if (quantifier === '') run += token.text;
    else if (/^[?*]|^\{0/.test(quantifier)) end();
    else {
      run += token.text;
      end();
    }
  }
  end();
  return best.length >= minLiteralLength ? foldCase(best) : null;
}

/** As {@link requiredLiteral}, without separators in front: those of a path may be left out where it begins. */
export function requiredNameLiteral(regex: string): string | null {
  const literal = requiredLiteral(regex)?.replace(/^[\\/]+/, '') ?? '';
  return literal.length >= minLiteralLength ? literal : null;
}

interface Token {
  readonly kind: 'literal' | 'anchor' | 'other' | 'alternative';
  readonly text: string;
  readonly end: number;
}

function readToken(text: string, at: number): Token | null {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const token = (kind: Token['kind'], end: number, literal = ''): Token => ({ kind, text: literal, end });
  switch (character) {
    case '|':
      return token('alternative', at + 1);
    case '^':
    case '$':
      return token('anchor', at + 1);
    case '.':
      return token('other', at + 1);
    case '[': {
      const end = endOfClass(text, at);
      return end === null ? null : token('other', end);
    }
    case '(': {
      const end = endOfGroup(text, at);
      return end === null ? null : token('other', end);
    }
    case '\\': {
      const escaped = text[at + 1] ?? '';
      if (/[^\w\s]|_/.test(escaped)) return token('literal', at + 2, escaped);
      if (/[bBAz]/.test(escaped)) return token('anchor', at + 2);
      return /[dDsSwWtnrfv]/.test(escaped) ? token('other', at + 2) : null;
    }
    default:
      return /[?*+{})\]]/.test(character) ? null : token('literal', at + character.length, character);
  }
}

function endOfClass(text: string, at: number): number | null {
  let end = at + 1;
  if (text[end] === '^') end++;
  if (text[end] === ']') end++;
  for (; end < text.length; end++) {
    if (text[end] === '\\') end++;
    else if (text.startsWith('[:', end)) {
      const close = text.indexOf(':]', end);
      if (close < 0) return null;
      end = close + 1;
    } else if (text[end] === ']') return end + 1;
  }
  return null;
}

function endOfGroup(text: string, at: number): number | null {
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === '[') {
      const close = endOfClass(text, end);
      if (close === null) return null;
      end = close - 1;
    } else if (text[end] === '(') depth++;
    else if (text[end] === ')' && --depth === 0) return end + 1;
  }
  return null;
}
