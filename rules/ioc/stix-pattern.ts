import type { Problem } from './pattern.js';
import { quote } from './value.js';

/** One test of a STIX pattern: `file:name LIKE '%.exe'`. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly path: string;
  readonly operator: string;
  readonly isNegated: boolean;
  readonly values: readonly (string | number)[];
}

export interface Junction {
  readonly kind: 'AND' | 'OR';
  readonly parts: readonly Expression[];
}

/** What one pair of square brackets holds. */
export type Expression = Comparison | Junction;

const tokenPattern =
  /\s*(?:('(?:[^'\\]|\\['\\])*')|([a-z][a-z0-9-]*:[a-zA-Z_][\w-]*(?:\.(?:[\w-]+|'(?:[^'\\]|\\.)*')|\[(?:\*|\d+)\])*)|(-?\d+(?:\.\d+)?)|(<=|>=|!=|<>|==|[=<>[\](),])|([bth]'[^']*')|([A-Za-z]+))/y;

const maxTokens = 20_000;
const maxDepth = 32;

/**
 * Parses a STIX 2.1 pattern (section 9 of the specification) as far as one element of a host can decide it: observations
 * joined by OR. The answer is one expression for each observation, or why a host cannot decide.
 */
export function parseStixPattern(pattern: string): Expression[] | Problem {
  const tokens = tokenise(pattern);
  if (!Array.isArray(tokens)) return tokens;
  try {
    return new PatternParser(tokens).parse();
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message };
    throw error;
  }
}

interface Token {
  readonly kind: 'text' | 'path' | 'number' | 'sign' | 'word';
  readonly text: string;
}

class Refusal extends Error {}

function tokenise(pattern: string): Token[] | Problem {
  const tokens: Token[] = [];
  const source = pattern.trimEnd();
  for (tokenPattern.lastIndex = 0; tokenPattern.lastIndex < source.length;) {
    const at = tokenPattern.lastIndex;
    const found = tokenPattern.exec(source);
    if (found === null) return { problem: `expected a STIX pattern, got ${quote(source.slice(at, at + 30))}` };
    const [, text, path, number, sign, typed, word] = found;
    if (typed !== undefined) return { problem: `expected text or numbers, got the literal ${quote(typed)}` };
    if (text !== undefined) tokens.push({ kind: 'text', text: text.slice(1, -1).replace(/\\(['\\])/g, '$1') });
    else if (path !== undefined) tokens.push({ kind: 'path', text: path });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else tokens.push({ kind: 'word', text: (word ?? '').toUpperCase() });
    if (tokens.length > maxTokens) return { problem: `expected at most ${maxTokens} words, got more` };
  }
  return tokens;
}

class PatternParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression[] {
    const observations = this.#observations();
    const next = this.#tokens[this.#at];
    if (next !== undefined) throw new Refusal(`expected the end of the pattern, got ${quote(next.text)}`);
    return observations;
  }

  #observations(): Expression[] {
    const observations = this.#observation();
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next?.kind !== 'word') return observations;
      if (next.text !== 'OR') throw new Refusal(`expected what one element shows, got observations with ${next.text}`);
      this.#at++;
      observations.push(...this.#observation());
    }
  }

  #observation(): Expression[] {
    if (this.#takes('(')) return this.#nested(() => this.#observations());
    this.#expect('[');
    const expression = this.#any();
    this.#expect(']');
    return [expression];
  }

  #any(): Expression {
    const parts = [this.#all()];
    while (this.#takesWord('OR')) parts.push(this.#all());
    return parts.length === 1 ? (parts[0] as Expression) : { kind: 'OR', parts };
  }

  #all(): Expression {
    const parts = [this.#one()];
    while (this.#takesWord('AND')) parts.push(this.#one());
    return parts.length === 1 ? (parts[0] as Expression) : { kind: 'AND', parts };
  }

  #one(): Expression {
    if (this.#takes('(')) return this.#nested(() => this.#any());
    const path = this.#tokens[this.#at++];
    if (path?.kind !== 'path') throw new Refusal(`expected an object path, got ${quote(path?.text ?? 'the end')}`);
    const isNegated = this.#takesWord('NOT');
    const operator = this.#tokens[this.#at++];
    if (operator === undefined || !/^(?:=|==|!=|<>|<=?|>=?|IN|LIKE|MATCHES|ISSUBSET|ISSUPERSET)$/.test(operator.text))
      throw new Refusal(`expected a comparison after ${path.text}, got ${quote(operator?.text ?? 'the end')}`);
    const values = operator.text === 'IN' ? this.#set() : [this.#literal()];
    return { kind: 'comparison', path: path.text, operator: operator.text, isNegated, values };
  }

  #set(): (string | number)[] {
    this.#expect('(');
    const values = [this.#literal()];
    while (this.#takes(',')) values.push(this.#literal());
    this.#expect(')');
    return values;
  }

  #literal(): string | number {
    const token = this.#tokens[this.#at++];
    if (token?.kind === 'text') return token.text;
    if (token?.kind === 'number') return Number(token.text);
    throw new Refusal(`expected a text or number, got ${quote(token?.text ?? 'the end')}`);
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > maxDepth) throw new Refusal(`expected at most ${maxDepth} levels, got more`);
    const value = read();
    this.#expect(')');
    this.#depth--;
    return value;
  }

  #takes(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #takesWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word' || token.text !== word) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign))
      throw new Refusal(`expected "${sign}", got ${quote(this.#tokens[this.#at]?.text ?? 'the end')}`);
  }
}
