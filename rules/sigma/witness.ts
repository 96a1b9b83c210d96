import { shapeOf } from './glob.js';
import { minNeedleLength } from './gram-index.js';
import type { Matcher, MatcherItem } from './matcher.js';
import type { Test } from './operation.js';
import { foldCase, type Pattern } from './pattern.js';

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

/** Whatever matches has one of these: alternatives that are necessary together. */
export type WitnessGroup = readonly Witness[];

export const maxGroups = 30;
const maxWitnesses = 512;

/**
 * The groups that an event must all hold to match, best first. Sound, never complete: negations, absence and what cannot
 * be told from literals give none, and the matcher has the last word.
 *
 * @param isKnown fields that tell nothing where the groups are used, because all events there agree in them
 */
export function witnessGroups(matcher: Matcher, isKnown: (field: number) => boolean): WitnessGroup[] {
  const groups = groupsOf(matcher, isKnown)
    .map((group) => ({ group, chance: chanceOf(group) }))
    .sort((a, b) => a.chance - b.chance);
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

function groupsOf(matcher: Matcher, isKnown: (field: number) => boolean): WitnessGroup[] {
  switch (matcher.kind) {
    case 'item':
      return matcher.item.field !== null && isKnown(matcher.item.field) ? [] : itemGroups(matcher.item);
    case 'not':
      return [];
    case 'and':
      return matcher.parts.flatMap((part) => groupsOf(part, isKnown));
    case 'or': {
      const best = matcher.parts.map((part) => bestOf(groupsOf(part, isKnown)));
      return best.includes(null) ? [] : [best.flatMap((group) => group ?? [])];
    }
  }
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
    const witness = test.kind === 'pattern' ? patternWitness(field, test.pattern) : otherWitness(field, test);
    if (witness === null) return null;
    group.push(witness);
  }
  return group;
}

function otherWitness(field: number | null, test: Test): Witness | null {
  if (field === null || test.kind === 'null' || (test.kind === 'exists' && !test.isPresent)) return null;
  return { kind: 'present', field };
}

function patternWitness(field: number | null, pattern: Pattern): Witness | null {
  const shape = shapeOf(pattern);
  if (field !== null && shape.kind === 'equals') return { kind: 'equals', field, text: foldCase(shape.literal) };
  const text = shape.kind === 'run' ? '' : foldCase(shape.kind === 'glob' ? longestLiteral(pattern) : shape.literal);
  if (text.length < minNeedleLength) return field === null ? null : { kind: 'present', field };
  const isAnchored = field !== null && (shape.kind === 'start' || shape.kind === 'end');
  return { kind: 'needle', field, text, place: isAnchored ? shape.kind : 'anywhere' };
}

function longestLiteral(pattern: Pattern): string {
  return pattern.reduce<string>(
    (longest, piece) => (typeof piece === 'string' && piece.length > longest.length ? piece : longest),
    '',
  );
}

function bestOf(groups: readonly WitnessGroup[]): WitnessGroup | null {
  let best: WitnessGroup | null = null;
  for (const group of groups) if (best === null || chanceOf(group) < chanceOf(best)) best = group;
  return best;
}

/** A guess at how many events hold the group: only the order of the guesses matters. */
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
