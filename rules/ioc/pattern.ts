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

/** What a file name, pipe or handle indicator's value stands for. */
export interface Pattern {
  /** The text itself when the pattern is plain, else null. */
  readonly literal: string | null;
  readonly caseSensitive: boolean;
  test(text: string): boolean;
}

/** A search for `regex` anywhere in a text, compiled when it is first needed. */
export function compileRegex(regex: string, caseSensitive: boolean): Pattern {
  let compiled: RE2JS | null = null;
  const flags = caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE;
  return {
    literal: null,
    caseSensitive: caseSensitive && !regex.startsWith('(?i)'),
    test: (text) => (compiled ??= RE2JS.compile(regex, flags)).test(text),
  };
}
