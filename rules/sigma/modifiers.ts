/**
 * The modifiers of Sigma 2.1 (appendix "Modifiers") under one name each; see {@link modifierAliases} for the others.
 */
export type Modifier =
  | 'all'
  | 'base64'
  | 'base64offset'
  | 'cased'
  | 'cidr'
  | 'contains'
  | 'day'
  | 'endswith'
  | 'exists'
  | 'expand'
  | 'fieldref'
  | 'gt'
  | 'gte'
  | 'hour'
  | 'i'
  | 'lt'
  | 'lte'
  | 'm'
  | 'minute'
  | 'month'
  | 'neq'
  | 're'
  | 's'
  | 'startswith'
  | 'utf16'
  | 'utf16be'
  | 'utf16le'
  | 'week'
  | 'windash'
  | 'year';

export const modifierAliases: ReadonlyMap<string, Modifier> = new Map([
  ['wide', 'utf16le'],
  ['ignorecase', 'i'],
  ['multiline', 'm'],
  ['dotall', 's'],
]);

/** What a value has become so far; each modifier takes some of these and leaves one. */
type Stage = 'plain' | 'text' | 'dashed' | 'wide' | 'encoded' | 'regex' | 'reference' | 'part' | 'final';

interface Step {
  readonly takes: readonly Stage[];
  readonly leaves?: Stage;
}

const encode: Step = { takes: ['plain', 'dashed', 'wide', 'encoded'], leaves: 'encoded' };
const widen: Step = { takes: ['plain', 'text', 'dashed'], leaves: 'wide' };
const wildcard: Step = { takes: ['plain', 'text', 'dashed', 'wide', 'encoded', 'regex', 'reference'] };
const compare: Step = { takes: ['plain', 'part'], leaves: 'final' };
const timePart: Step = { takes: ['plain'], leaves: 'part' };
const regexFlag: Step = { takes: ['regex'] };
const anyStage: Step = {
  takes: ['plain', 'text', 'dashed', 'wide', 'encoded', 'regex', 'reference', 'part', 'final'],
};

const steps: Readonly<Record<Modifier, Step>> = {
  all: anyStage,
  neq: anyStage,
  cased: { takes: ['plain', 'text', 'dashed', 'wide', 'encoded', 'reference'] },
  expand: { takes: ['plain', 'text', 'regex'] },
  contains: wildcard,
  startswith: wildcard,
  endswith: wildcard,
  windash: { takes: ['plain', 'text'], leaves: 'dashed' },
  utf16: widen,
  utf16be: widen,
  utf16le: widen,
  base64: encode,
  base64offset: { takes: ['plain', 'dashed', 'wide', 'encoded'], leaves: 'encoded' },
  re: { takes: ['plain'], leaves: 'regex' },
  i: regexFlag,
  m: regexFlag,
  s: regexFlag,
  fieldref: { takes: ['plain'], leaves: 'reference' },
  cidr: { takes: ['plain'], leaves: 'final' },
  exists: { takes: ['plain'], leaves: 'final' },
  lt: compare,
  lte: compare,
  gt: compare,
  gte: compare,
  minute: timePart,
  hour: timePart,
  day: timePart,
  week: timePart,
  month: timePart,
  year: timePart,
};

/** What the values of an item must be, after its modifiers. */
export type ValueKind = 'any' | 'text' | 'number' | 'boolean';

/** A legal chain of modifiers in the order written. */
export interface Chain {
  readonly modifiers: readonly Modifier[];
  readonly values: ValueKind;
}

export interface ChainFault {
  readonly code: 'modifier-unknown' | 'modifier-order' | 'modifier-field';
  readonly message: string;
  /** Which modifier, counted from 0. */
  readonly index: number;
}

/**
 * Checks the modifiers behind a field name. The rules of the order are pySigma's where the specification is silent:
 * `re`, `cidr`, `fieldref`, numeric and time modifiers take the value as written, UTF-16 stands before base64, flags
 * behind `re`, `exists` alone; `all`, `neq` and `cased` change no value and may stand anywhere.
 */
export function checkChain(names: readonly string[], hasField: boolean): Chain | ChainFault {
  const modifiers: Modifier[] = [];
  let stage: Stage = 'plain';
  for (const [index, name] of names.entries()) {
    const modifier = modifierAliases.get(name) ?? (Object.hasOwn(steps, name) ? (name as Modifier) : null);
    if (modifier === null)
      return { code: 'modifier-unknown', message: `expected a modifier of Sigma 2.1, got "${name}"`, index };
    if (modifiers.includes(modifier))
      return { code: 'modifier-order', message: `expected each modifier once, got "${name}" again`, index };
    const step = steps[modifier];
    if (!step.takes.includes(stage) || (modifier === 'base64' && modifiers.includes('base64offset')))
      return {
        code: 'modifier-order',
        message: `expected "${name}" not behind "${names.slice(0, index).join('|')}"`,
        index,
      };
    if (modifier === 'exists' && names.length > 1)
      return {
        code: 'modifier-order',
        message: `expected "exists" as the only modifier, got "${names.join('|')}"`,
        index,
      };
    if (!hasField && needsField.has(modifier))
      return { code: 'modifier-field', message: `expected a field for "${name}", got keywords`, index };
    modifiers.push(modifier);
    stage = step.leaves ?? (stage === 'plain' && step === wildcard ? 'text' : stage);
  }
  return { modifiers, values: valueKind(modifiers) };
}

const timeParts = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;
export type TimePart = (typeof timeParts)[number];

const comparisons = ['lt', 'lte', 'gt', 'gte'] as const;
export type Comparison = (typeof comparisons)[number];

const needsField: ReadonlySet<Modifier> = new Set(['exists', 'fieldref', 'cidr', ...comparisons, ...timeParts]);

export function timePartOf(modifiers: readonly Modifier[]): TimePart | null {
  return timeParts.find((part) => modifiers.includes(part)) ?? null;
}

export function comparisonOf(modifiers: readonly Modifier[]): Comparison | null {
  return comparisons.find((comparison) => modifiers.includes(comparison)) ?? null;
}

function valueKind(modifiers: readonly Modifier[]): ValueKind {
  if (modifiers.includes('exists')) return 'boolean';
  if (timePartOf(modifiers) !== null || comparisonOf(modifiers) !== null) return 'number';
  return modifiers.every((modifier) => modifier === 'all' || modifier === 'neq') ? 'any' : 'text';
}

/** Chains of these alone have no text that they refuse. */
export const takesAnyText: ReadonlySet<Modifier> = new Set<Modifier>([
  'all',
  'cased',
  'contains',
  'endswith',
  'neq',
  'startswith',
  'windash',
]);
