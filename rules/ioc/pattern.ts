import { RE2JS } from 're2js';

/** Longer expressions are refused: an indicator is a name, not a program. */
export const maxPatternLength = 4096;

/** A text that a reader refused, and why: `expected …, got …`. */
export interface Problem {
  readonly problem: string;
}

const special = /[\\.+*?()|[\]{}^$]/;

/** Whether a file name, pipe or handle indicator holds no character that means anything to a regular expression. */
export function isPlain(text: string): boolean {
  return !special.test(text);
}

/**
 * A regular expression in its one spelling: RE2 syntax (linear time), with `(?i)` moved from wherever it stands to the
 * front, because THOR lets it stand anywhere.
 */
export function normaliseRegex(text: string): string | Problem {
  if (text.length > maxPatternLength)
    return { problem: `expected at most ${maxPatternLength} characters, got ${text.length}` };
  const body = text.replace(/(?<!\\)\(\?i\)/g, '');
  const regex = body === text ? text : `(?i)${body}`;
  if (isEscapedLiteral(body)) return body === '' ? { problem: 'expected an expression, got none' } : regex;
  try {
    const compiled = RE2JS.compile(regex);
    if (compiled.test('')) return { problem: 'expected an expression that needs text, got one that matches nothing' };
    return regex;
  } catch (error) {
    return { problem: `expected a regular expression in RE2 syntax, got ${explain(error)}` };
  }
}

/** Letters, digits and escaped punctuation only: a valid expression that needs no compiler to say so. */
function isEscapedLiteral(text: string): boolean {
  return /^(?:[^\\.+*?()|[\]{}^$]|\\[\\.+*?()|[\]{}^$/_-])*$/.test(text);
}

function explain(error: unknown): string {
  const message = (error as Error).message.replace(/^error parsing regexp: /, '').replaceAll('`', '"');
  return /\(\?(?:=|!|<=|<!)/.test(message) ? `${message} (look-around is not linear)` : message;
}

/** An expression in normal form, searched for anywhere in a text; compiled when it is first needed. */
export class LazyRegex {
  readonly #source: string;
  readonly #flags: number;
  #compiled: RE2JS | null = null;

  constructor(source: string, caseSensitive = true) {
    this.#source = source;
    this.#flags = caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE;
  }

  test(text: string): boolean {
    return (this.#compiled ??= RE2JS.compile(this.#source, this.#flags)).test(text);
  }
}

/** Texts that differ only in case fold to the same text, whatever stands around them (unlike with `toLowerCase` alone). */
export function foldCase(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ');
}
