import type { Condition } from './condition.js';
import { selectNames } from './condition.js';
import { bounds, type Bound, type Correlation, type Threshold } from './correlation.js';
import type { Window } from './window.js';

/** Whether a window fulfils its correlation at its last occurrence. */
export function isFulfilled(correlation: Correlation, window: Window): boolean {
  const { type, condition, expression, rules } = correlation;
  if (type !== 'temporal' && type !== 'temporal_ordered') {
    const measured = measure(correlation, window);
    return measured !== null && condition !== undefined && holds(condition, measured);
  }
  const seen = window.rules;
  const chain = type === 'temporal_ordered' ? longestChain(window, rules.length) : seen.size;
  if (expression === undefined) return condition ? holds(condition, chain) : chain === rules.length;
  const present = new Set(rules.filter((_, index) => seen.has(index)));
  return isTrue(expression, present, rules) && chain === seen.size;
}

/** What the threshold is compared with, or null when nothing can be measured. */
function measure({ type, condition }: Correlation, window: Window): number | null {
  if (type === 'event_count') return window.length;
  if (type === 'value_count') return window.distinct;
  if (type === 'value_percentile' && condition?.percentile === undefined) return share(window);
  const numbers = window.numbers();
  if (numbers.length === 0) return null;
  const sum = numbers.reduce((total, value) => total + value, 0);
  if (type === 'value_sum') return sum;
  if (type === 'value_avg') return sum / numbers.length;
  numbers.sort((a, b) => a - b);
  if (type === 'value_median') return median(numbers);
  const rank = Math.max(1, Math.ceil(((condition?.percentile ?? 0) / 100) * numbers.length));
  return numbers[rank - 1] ?? null;
}

/** How many of a hundred values in the window are the last occurrence's own. */
function share(window: Window): number | null {
  const own = window.last?.values;
  return own ? (100 * window.countOf(own)) / window.valued : null;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}

/** The most rules, in their order, whose occurrences follow one another. */
function longestChain(window: Window, ruleCount: number): number {
  const longest = new Array<number>(ruleCount).fill(0);
  for (const { rule } of window.all()) {
    const before = longest.slice(0, rule).reduce((most, length) => Math.max(most, length), 0);
    longest[rule] = Math.max(longest[rule] ?? 0, before + 1);
  }
  return longest.reduce((most, length) => Math.max(most, length), 0);
}

const comparisons: Readonly<Record<Bound, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
};

function holds(threshold: Threshold, value: number): boolean {
  return bounds.every((bound) => {
    const limit = threshold[bound];
    return limit === undefined || comparisons[bound](value, limit);
  });
}

function isTrue(expression: Condition, present: ReadonlySet<string>, rules: readonly string[]): boolean {
  if (typeof expression === 'string') return present.has(expression);
  const [operator] = expression;
  if (operator === 'any') return selectNames(expression[1], rules).some((rule) => present.has(rule));
  if (operator === 'all') return selectNames(expression[1], rules).every((rule) => present.has(rule));
  const operands = expression.slice(1);
  if (operator === 'not') return !operands.every((operand) => isTrue(operand, present, rules));
  return operator === 'and'
    ? operands.every((operand) => isTrue(operand, present, rules))
    : operands.some((operand) => isTrue(operand, present, rules));
}
