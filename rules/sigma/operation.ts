import { RE2JS, RE2JSException } from 're2js';
import type { SigmaFaultCode } from './faults.js';
import { comparisonOf, timePartOf, type Comparison, type Modifier, type TimePart } from './modifiers.js';
import { parseNetwork, type Network } from './network.js';
import {
  expandDashes,
  mapLiterals,
  parsePattern,
  plainText,
  withDashClass,
  withLeadingRun,
  withTrailingRun,
  type Pattern,
} from './pattern.js';

export type Value = string | number | boolean | null;

/** What one value of an item asks of a field, after all modifiers. */
export type Test =
  | { readonly kind: 'pattern'; readonly pattern: Pattern; readonly isCased: boolean }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: number }
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly isPresent: boolean }
  | { readonly kind: 'network'; readonly network: Network }
  | {
      readonly kind: 'compare';
      readonly comparison: Comparison | 'eq';
      readonly part: TimePart | null;
      readonly bound: number;
    }
  | { readonly kind: 'reference'; readonly field: string; readonly isCased: boolean; readonly place: ReferencePlace };

/** Where in the field's value the other field's value must stand. */
export type ReferencePlace = 'whole' | 'start' | 'end' | 'anywhere';

export interface ValueFault {
  readonly code: SigmaFaultCode;
  readonly message: string;
}

export const maxDashVariants = 625;

export function isFault(result: object): result is ValueFault {
  return 'code' in result;
}

/**
 * Applies a checked chain (without `expand`) to one value. The tests are alternatives: base64offset makes three of one
 * value, windash before an encoding up to {@link maxDashVariants}.
 */
export function testsOf(modifiers: readonly Modifier[], value: Value): readonly Test[] | ValueFault {
  const isCased = modifiers.includes('cased');
  if (modifiers.includes('exists'))
    return typeof value === 'boolean' ? [{ kind: 'exists', isPresent: value }] : wrong('true or false', value);
  const part = timePartOf(modifiers);
  const comparison = comparisonOf(modifiers);
  if (part !== null || comparison !== null)
    return typeof value === 'number'
      ? [{ kind: 'compare', comparison: comparison ?? 'eq', part, bound: value }]
      : wrong('a number', value);
  if (value === null)
    return modifiers.every((modifier) => modifier === 'neq') ? [{ kind: 'null' }] : wrong('text', value);
  if (modifiers.every((modifier) => modifier === 'all' || modifier === 'neq'))
    return [
      { kind: 'pattern', pattern: typeof value === 'string' ? parsePattern(value) : [String(value)], isCased: false },
    ];
  if (typeof value !== 'string') return wrong('text', value);
  if (modifiers.includes('re')) return regexTest(modifiers, value);
  if (modifiers.includes('cidr')) {
    const network = parseNetwork(value);
    if (network !== null) return [{ kind: 'network', network }];
    return { code: 'cidr-invalid', message: `cidr: expected an IPv4 or IPv6 network, got "${value}"` };
  }
  if (modifiers.includes('fieldref')) {
    const field = plainText(parsePattern(value));
    if (field === null || field === '') return wrong('a field name', value);
    return [{ kind: 'reference', field, isCased, place: referencePlace(modifiers) }];
  }
  const patterns = applyToPattern(modifiers, parsePattern(value));
  if (isFault(patterns)) return patterns;
  return patterns.map((pattern) => ({ kind: 'pattern', pattern, isCased }));
}

function wrong(expected: string, value: Value): ValueFault {
  const got = typeof value === 'string' ? `"${value}"` : String(value);
  return { code: 'modifier-value', message: `value: expected ${expected} for these modifiers, got ${got}` };
}

/** `contains`, `startswith` and `endswith` ask nothing more of an expression that is searched for anyway. */
function regexTest(modifiers: readonly Modifier[], source: string): readonly Test[] | ValueFault {
  const flags =
    (modifiers.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (modifiers.includes('m') ? RE2JS.MULTILINE : 0) |
    (modifiers.includes('s') ? RE2JS.DOTALL : 0);
  return [{ kind: 'regex', source, flags }];
}

/** Compiles what a `regex` test holds; linear in time, so look-around and back references are refused. */
export function compileRegex(source: string, flags: number): RE2JS | ValueFault {
  try {
    return RE2JS.compile(source, flags);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { code: 'regex-invalid', message: `regex: expected RE2 syntax, got "${source}" (${error.message})` };
  }
}

function referencePlace(modifiers: readonly Modifier[]): ReferencePlace {
  const isStart = modifiers.includes('startswith');
  const isEnd = modifiers.includes('endswith');
  if (modifiers.includes('contains') || (isStart && isEnd)) return 'anywhere';
  return isStart ? 'start' : isEnd ? 'end' : 'whole';
}

/** UTF-16 steps turn text into bytes, one character a byte, which base64 takes as they are. */
interface Encoded {
  readonly pattern: Pattern;
  readonly isBytes: boolean;
}

function applyToPattern(modifiers: readonly Modifier[], pattern: Pattern): readonly Pattern[] | ValueFault {
  let alternatives: Encoded[] = [{ pattern, isBytes: false }];
  for (const modifier of modifiers) {
    const next: Encoded[] = [];
    for (const encoded of alternatives) {
      const made = applyModifier(modifier, encoded);
      if (isFault(made)) return made;
      next.push(...made);
    }
    alternatives = next;
  }
  if (alternatives.some(({ pattern: made, isBytes }) => isBytes && made.some(hasHighByte)))
    return {
      code: 'modifier-value',
      message: 'value: expected ASCII for UTF-16 without base64, got characters beyond it',
    };
  return alternatives.map((encoded) => encoded.pattern);
}

function applyModifier(modifier: Modifier, { pattern, isBytes }: Encoded): readonly Encoded[] | ValueFault {
  switch (modifier) {
    case 'contains':
      return [{ pattern: withTrailingRun(withLeadingRun(pattern)), isBytes }];
    case 'startswith':
      return [{ pattern: withTrailingRun(pattern), isBytes }];
    case 'endswith':
      return [{ pattern: withLeadingRun(pattern), isBytes }];
    case 'windash':
      return [{ pattern: withDashClass(pattern), isBytes }];
    case 'utf16':
    case 'utf16be':
    case 'utf16le':
      return withoutDashes(pattern, (plain) => [{ pattern: widen(plain, modifier), isBytes: true }]);
    case 'base64':
    case 'base64offset':
      return withoutDashes(pattern, (plain) => {
        const text = plainText(plain);
        if (text === null)
          return { code: 'modifier-value', message: `value: expected no wildcards for "${modifier}", got some` };
        const bytes = Buffer.from(text, isBytes ? 'latin1' : 'utf8');
        const encoded = modifier === 'base64' ? [bytes.toString('base64')] : offsetBase64(bytes);
        return encoded.map((literal) => ({ pattern: literal === '' ? [] : [literal], isBytes: false }));
      });
    // These act on the comparison, not on the text.
    case 'all':
    case 'cased':
    case 'cidr':
    case 'day':
    case 'exists':
    case 'expand':
    case 'fieldref':
    case 'gt':
    case 'gte':
    case 'hour':
    case 'i':
    case 'lt':
    case 'lte':
    case 'm':
    case 'minute':
    case 'month':
    case 'neq':
    case 're':
    case 's':
    case 'week':
    case 'year':
      return [{ pattern, isBytes }];
  }
}

function withoutDashes(
  pattern: Pattern,
  encode: (plain: Pattern) => readonly Encoded[] | ValueFault,
): readonly Encoded[] | ValueFault {
  const variants = expandDashes(pattern, maxDashVariants);
  if (variants === null)
    return { code: 'modifier-value', message: `value: expected at most ${maxDashVariants} dash variants, got more` };
  const all: Encoded[] = [];
  for (const variant of variants) {
    const encoded = encode(variant);
    if (isFault(encoded)) return encoded;
    all.push(...encoded);
  }
  return all;
}

/** The byte order mark stands before the whole value, FF FE (RFC 2781 section 3.2). */
function widen(pattern: Pattern, modifier: 'utf16' | 'utf16be' | 'utf16le'): Pattern {
  const wide = mapLiterals(pattern, (literal) => {
    const bytes = Buffer.from(literal, 'utf16le');
    return (modifier === 'utf16be' ? bytes.swap16() : bytes).toString('latin1');
  });
  if (modifier !== 'utf16') return wide;
  const [first, ...rest] = wide;
  return typeof first === 'string' ? [`\xff\xfe${first}`, ...rest] : ['\xff\xfe', ...wide];
}

/** The parts of the base64 text that do not depend on what stands before and behind, for the three alignments. */
function offsetBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift, ' '), bytes]).toString('base64');
    const start = [0, 2, 3][shift];
    const cut = [0, 3, 2][(bytes.length + shift) % 3] ?? 0;
    return encoded.slice(start, encoded.length - cut);
  });
}

function hasHighByte(piece: Pattern[number]): boolean {
  return typeof piece === 'string' && /[\x80-\xff]/.test(piece.replace('\xff\xfe', ''));
}
