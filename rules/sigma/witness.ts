/**
 * What an event must hold before a rule can be true of it.
 *
 * A rule comes to clauses, a clause to groups, a group to witnesses: `(w1 or w2) and (w3)` is a clause of two groups. An
 * event *meets* a group when it has one of its witnesses, and a clause when it meets all its groups.
 *
 * **Soundness**: if a rule is true of an event, the event meets one of the rule's clauses. By induction over the matcher:
 *
 * - an item that is not negated is true only if a value of its field passes one of its tests (all of them, with `|all`).
 *   Each test has a witness that every passing value shows: the whole text, a literal of the pattern, a literal of each
 *   branch of the expression, or else that the field is there. Both sides are folded by `foldCase`, as matching does. A
 *   test that passes without a value (`null`, `exists`), or on a message across its line ends, has no witness; then the
 *   group is dropped, which only makes the clause easier to meet.
 * - `not` and what else cannot be told from literals is the clause without groups, which every event meets.
 * - `and` is true only if both parts are: an event meets a clause of each, hence their union (`bothMet`). `or` is true only
 *   if one part is: the clauses of both stand beside each other (`eitherMet`).
 * - Leaving groups of a clause out (`bestGroups`), or making alternatives of them (`asOne`), only lets more events through.
 *
 * Never the reverse: that a clause is met says nothing, the matcher has the last word. "the index agrees with asking every
 * rule" in test/rules/sigma/ruleset.test.ts and test/sigmahq/sigma-match.test.ts hold this, on generated events and on
 * events that hit, or nearly hit, every public rule.
 */
import { shapeOf } from './glob.js';
import { isNeedle } from './gram-index.js';
import type { Matcher, MatcherItem } from './matcher.js';
import type { Test } from './operation.js';
import { foldCase, type Pattern } from './pattern.js';
import { regexLiterals } from './regex-literals.js';

/** Something cheap to look for in an event; texts are folded, `field` null is the message. */
export type Witness =
  | { readonly kind: 'equals'; readonly field: number; readonly text: string }
  | {
      readonly kind: 'needle';
      readonly field: number | null;
      readonly text: string;
      readonly place: 'start' | 'end' | 'anywhere';
    }
  | { readonly kind: 'present'; readonly field: number };

/** Alternatives: an event meets the group when it has one of them. */
export type WitnessGroup = readonly Witness[];

/** Groups that must all be met. */
export type Clause = readonly WitnessGroup[];

/** Groups of a clause are bits of a signed 32-bit number in `Bucket`. */
export const maxGroups = 30;
const maxWitnesses = 512;
const maxClauses = 32;

/** Met by every event. */
const open: Clause = [];

/**
 * Clauses one of which an event meets if the matcher is true of it; a clause without groups is met by every event.
 *
 * @param isKnown fields that tell nothing where the clauses are used, because all events there agree in them
 */
export function witnessClauses(matcher: Matcher, isKnown: (field: number) => boolean): Clause[] {
  const clauses = clausesOf(matcher, isKnown).map(bestGroups);
  return clauses.some((clause) => clause.length === 0) ? [open] : clauses;
}

function clausesOf(matcher: Matcher, isKnown: (field: number) => boolean): readonly Clause[] {
  switch (matcher.kind) {
    case 'item':
      return [matcher.item.field !== null && isKnown(matcher.item.field) ? open : itemGroups(matcher.item)];
    case 'not':
      return [open];
    case 'and':
      return matcher.parts.map((part) => clausesOf(part, isKnown)).reduce(bothMet, [open]);
    case 'or':
      return eitherMet(matcher.parts.flatMap((part) => clausesOf(part, isKnown)));
  }
}

/** Every pairing, as long as they are few; beyond that the longer list becomes one group. */
function bothMet(a: readonly Clause[], b: readonly Clause[]): readonly Clause[] {
  if (a.length * b.length <= maxClauses) return a.flatMap((left) => b.map((right) => [...left, ...right]));
  return a.length > b.length ? bothMet(asOne(a), b) : bothMet(a, asOne(b));
}

/** Clauses of one group are alternatives of one another and make one group. */
function eitherMet(clauses: readonly Clause[]): readonly Clause[] {
  if (clauses.some((clause) => clause.length === 0)) return [open];
  const single = clauses.filter((clause) => clause.length === 1);
  const others = clauses.filter((clause) => clause.length > 1);
  const merged: Clause[] = single.length > 0 ? [[single.flat(2)], ...others] : others;
  return merged.length <= maxClauses ? merged : asOne(merged);
}

function asOne(clauses: readonly Clause[]): readonly Clause[] {
  const best = clauses.map((clause) => bestGroups(clause)[0]);
  return [best.includes(undefined) ? open : [best.flatMap((group) => group ?? [])]];
}

/** The groups that tell most come first; those that tell little beside them are dropped. */
function bestGroups(clause: Clause): Clause {
  const groups = clause.map((group) => ({ group, chance: chanceOf(group) })).sort((a, b) => a.chance - b.chance);
  const chosen: WitnessGroup[] = [];
  let size = 0;
  for (const { group, chance } of groups) {
    const isUseful = chosen.length === 0 || (chance < 0.5 && size + group.length <= maxWitnesses);
    if (!isUseful || chosen.length === maxGroups) break;
    chosen.push(group);
    size += group.length;
  }
  return chosen;
}

function itemGroups(item: MatcherItem): WitnessGroup[] {
  if (item.isNegated) return [];
  const groups = item.values.map((alternatives) => alternativesGroup(item.field, alternatives));
  if (item.isAll) return groups.filter((group) => group !== null);
  return groups.includes(null) ? [] : [groups.flatMap((group) => group ?? [])];
}

function alternativesGroup(field: number | null, tests: readonly Test[]): WitnessGroup | null {
  const group: Witness[] = [];
  for (const test of tests) {
    const literals = test.kind === 'regex' ? regexLiterals(test.source) : null;
    const witness = test.kind === 'pattern' ? patternWitness(field, test.pattern) : otherWitness(field, test);
    if (literals?.every((text) => isNeedle(text) && isWithinValue(field, text)))
      group.push(...literals.map((text) => ({ kind: 'needle', field, text, place: 'anywhere' }) as const));
    else if (witness === null) return null;
    else group.push(witness);
  }
  return group;
}

function otherWitness(field: number | null, test: Test): Witness | null {
  // A field that is an object has members in its place, none of which the index looks for.
  if (field === null || test.kind === 'null' || test.kind === 'exists') return null;
  return { kind: 'present', field };
}

function patternWitness(field: number | null, pattern: Pattern): Witness | null {
  const shape = shapeOf(pattern);
  if (field !== null && shape.kind === 'equals') return { kind: 'equals', field, text: foldCase(shape.literal) };
  const text = shape.kind === 'run' ? '' : foldCase(shape.kind === 'glob' ? longestLiteral(pattern) : shape.literal);
  if (!isNeedle(text) || !isWithinValue(field, text)) return field === null ? null : { kind: 'present', field };
  const isAnchored = field !== null && (shape.kind === 'start' || shape.kind === 'end');
  return { kind: 'needle', field, text, place: isAnchored ? shape.kind : 'anywhere' };
}

/** The message joins values with line ends; a text with one may lie across values. */
function isWithinValue(field: number | null, text: string): boolean {
  return field !== null || !text.includes('\n');
}

function longestLiteral(pattern: Pattern): string {
  return pattern.reduce<string>(
    (longest, piece) => (typeof piece === 'string' && piece.length > longest.length ? piece : longest),
    '',
  );
}

/** A guess at how many events meet the group: only the order of the guesses matters. */
function chanceOf(group: WitnessGroup): number {
  let chance = 0;
  for (const witness of group) {
    if (witness.kind === 'present') return 1;
    chance += witness.kind === 'equals' ? 0.002 : Math.max(0.0005, 0.4 * 0.6 ** (witness.text.length - 1));
  }
  return chance;
}

/** The texts one of which the field must have in whatever matches, or null when it may have any. */
export function necessaryTexts(matcher: Matcher, isField: (field: number) => boolean): ReadonlySet<string> | null {
  switch (matcher.kind) {
    case 'item': {
      const { item } = matcher;
      if (item.isNegated || item.isAll || item.field === null || !isField(item.field)) return null;
      const texts = item.values.flat().map((test) => (test.kind === 'pattern' ? equalText(test.pattern) : null));
      return texts.includes(null) ? null : new Set(texts as string[]);
    }
    case 'not':
      return null;
    case 'and': {
      const sets = matcher.parts.flatMap((part) => necessaryTexts(part, isField) ?? []);
      return sets.reduce<ReadonlySet<string> | null>(
        (common, set) => (common === null ? set : new Set([...common].filter((text) => set.has(text)))),
        null,
      );
    }
    case 'or': {
      const union = new Set<string>();
      for (const part of matcher.parts) {
        const texts = necessaryTexts(part, isField);
        if (texts === null) return null;
        for (const text of texts) union.add(text);
      }
      return union;
    }
  }
}

function equalText(pattern: Pattern): string | null {
  const shape = shapeOf(pattern);
  return shape.kind === 'equals' ? foldCase(shape.literal) : null;
}
