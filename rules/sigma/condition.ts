import type { SigmaFaultCode } from './faults.js';
import { lexCondition, type Token } from './lexer.js';

/**
 * The tree of a condition, in the shape of the normal form: the name of a selection, or an operator with its operands.
 * `any` and `all` hold a pattern of selection names in which `*` stands for any run (`them` is `*`).
 */
export type Condition =
  string | readonly ['and' | 'or', ...Condition[]] | readonly ['not', Condition] | readonly ['any' | 'all', string];

export interface ConditionFault {
  readonly code: SigmaFaultCode;
  readonly message: string;
  /** UTF-16 code units from the start of the condition. */
  readonly offset: number;
}

/** Null with at least one fault, or a condition with none. */
export interface ConditionResult {
  readonly condition: Condition | null;
  readonly faults: readonly ConditionFault[];
}

export const maxConditionDepth = 24;
export const maxConditionLength = 65_536;
const maxParentheses = 1000;

/**
 * Reads a condition (Sigma 2.1: `or` binds least, then `and`, `not`, `x of`, parentheses; keywords in any case).
 * Neighbours of one operator share a node and parentheses leave none, so the depth counts changes of operator only.
 */
export function parseCondition(text: string, names: ReadonlySet<string>): ConditionResult {
  if (text.length > maxConditionLength)
    return refuse('condition-depth', `expected at most ${maxConditionLength} characters, got ${text.length}`);
  const parser = new ConditionParser(lexCondition(text), names);
  const condition = parser.parse();
  if (parser.faults.length > 0 || condition === null) return { condition: null, faults: parser.faults };
  if (depthOf(condition) > maxConditionDepth)
    return refuse('condition-depth', `expected at most ${maxConditionDepth} nested operators, got more`);
  return { condition, faults: [] };
}

function refuse(code: SigmaFaultCode, message: string): ConditionResult {
  return { condition: null, faults: [fault(code, message, 0)] };
}

/**
 * The selections that a pattern names: those that begin with `_` only when the pattern does (Sigma 2.1, "x of them").
 */
export function selectNames(pattern: string, names: readonly string[]): string[] {
  const takesHidden = pattern.startsWith('_');
  const matches = matcherOf(pattern);
  return names.filter((name) => (takesHidden || !name.startsWith('_')) && matches(name));
}

/** Nearly all patterns are a name, or the beginning of names. */
function matcherOf(pattern: string): (name: string) => boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return (name) => name === pattern;
  if (star === pattern.length - 1) return (name) => name.startsWith(pattern.slice(0, -1));
  const expression = new RegExp(`^${pattern.replaceAll(/\*+/g, '.*')}$`, 's');
  return (name) => expression.test(name);
}

/** Every selection that the condition can look at. */
export function namesIn(condition: Condition, names: readonly string[]): Set<string> {
  if (typeof condition === 'string') return new Set([condition]);
  const [operator, ...operands] = condition;
  if (operator === 'any' || operator === 'all') return new Set(selectNames(operands[0] as string, names));
  return new Set(operands.flatMap((operand) => [...namesIn(operand, names)]));
}

function depthOf(condition: Condition): number {
  if (typeof condition === 'string' || condition[0] === 'any' || condition[0] === 'all') return 1;
  const [, ...operands] = condition;
  return 1 + operands.reduce((deepest, operand) => Math.max(deepest, depthOf(operand)), 0);
}

function fault(code: SigmaFaultCode, message: string, offset: number): ConditionFault {
  return { code, message: `condition: ${message}`, offset };
}

/** Recursive descent; `null` is a part that could not be read and whose fault is noted. */
class ConditionParser {
  readonly faults: ConditionFault[] = [];
  readonly #tokens: readonly Token[];
  readonly #names: ReadonlySet<string>;
  #at = 0;
  #open = 0;

  constructor(tokens: readonly Token[], names: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#names = names;
  }

  parse(): Condition | null {
    const pipe = this.#tokens.find((token) => token.kind === 'pipe');
    if (pipe) {
      const message = 'expected no pipe aggregation (obsolete since Sigma 2.0: write a correlation rule), got "|"';
      this.faults.push(fault('aggregation-obsolete', message, pipe.offset));
      return null;
    }
    const condition = this.#chain('or');
    if (this.faults.length === 0 && this.#token.kind !== 'end') return this.#unexpected('an operator or the end');
    return condition;
  }

  get #token(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
  }

  #isKeyword(keyword: string): boolean {
    return this.#token.kind === 'word' && this.#token.text.toLowerCase() === keyword;
  }

  #chain(operator: 'or' | 'and'): Condition | null {
    const operands: Condition[] = [];
    do {
      const operand = operator === 'or' ? this.#chain('and') : this.#unary();
      if (operand === null) return null;
      if (Array.isArray(operand) && operand[0] === operator) operands.push(...(operand.slice(1) as Condition[]));
      else operands.push(operand);
    } while (this.#isKeyword(operator) && ++this.#at > 0);
    return operands.length === 1 ? (operands[0] ?? null) : [operator, ...operands];
  }

  #unary(): Condition | null {
    let isNegated = false;
    for (; this.#isKeyword('not'); this.#at++) isNegated = !isNegated;
    const operand = this.#primary();
    if (operand === null || !isNegated) return operand;
    return Array.isArray(operand) && operand[0] === 'not' ? (operand[1] as Condition) : ['not', operand];
  }

  #primary(): Condition | null {
    const token = this.#token;
    if (token.kind === 'open') return this.#group();
    if (token.kind !== 'word' || /^(?:and|or|not|of)$/i.test(token.text))
      return this.#unexpected('a selection, a quantifier or "("');
    const next = this.#tokens[this.#at + 1];
    if (next?.kind === 'word' && next.text.toLowerCase() === 'of') return this.#quantifier();
    this.#at++;
    if (this.#names.has(token.text)) return token.text;
    this.faults.push(
      fault('selection-unknown', `expected one of the rule's selections, got "${token.text}"`, token.offset),
    );
    return token.text;
  }

  #group(): Condition | null {
    const open = this.#token;
    if (++this.#open > maxParentheses) {
      const message = `expected at most ${maxParentheses} open parentheses, got more`;
      this.faults.push(fault('condition-depth', message, open.offset));
      return null;
    }
    this.#at++;
    const inner = this.#chain('or');
    if (inner === null) return null;
    if (this.#token.kind !== 'close') return this.#unexpected('")"');
    this.#at++;
    this.#open--;
    return inner;
  }

  #quantifier(): Condition | null {
    const quantifier = this.#token;
    const word = quantifier.text.toLowerCase();
    this.#at += 2;
    const target = this.#token;
    if (target.kind !== 'word') return this.#unexpected('"them" or a pattern of selection names');
    this.#at++;
    if (word !== '1' && word !== 'any' && word !== 'all') {
      const message = `expected "1 of", "any of" or "all of", got "${quantifier.text} of"`;
      this.faults.push(fault('condition-quantifier', message, quantifier.offset));
      return null;
    }
    const pattern = target.text.toLowerCase() === 'them' && !this.#names.has('them') ? '*' : target.text;
    if (selectNames(pattern, [...this.#names]).length === 0) {
      const message = `expected a pattern that names a selection, got "${target.text}"`;
      this.faults.push(fault('selection-unknown', message, target.offset));
    }
    return [word === 'all' ? 'all' : 'any', pattern];
  }

  #unexpected(expected: string): null {
    const { kind, text, offset } = this.#token;
    const got = kind === 'end' ? 'the end' : `"${text}"`;
    this.faults.push(fault('condition-syntax', `expected ${expected}, got ${got}`, offset));
    return null;
  }
}
