import type { EventView } from './event-view.js';
import { isNothing } from './item-test.js';
import { isMatch, type Matcher, type MatcherItem } from './matcher.js';

/**
 * Whether an event that fulfils a matcher does so by something that it holds: a field or a literal that the rule names
 * outside of a negation. `not selection` and `field: null` are true of most logs in the world; from a log that nobody can
 * tell they say nothing.
 *
 * Sound with the index: only asked of matches, for which the index is complete (`ruleset.test.ts` holds both ways of
 * asking against each other).
 */
export function hasEvidence(matcher: Matcher, view: EventView, truth = true): boolean {
  switch (matcher.kind) {
    case 'item':
      return isItemEvident(matcher.item, view, truth);
    case 'not':
      return hasEvidence(matcher.part, view, !truth);
    case 'and':
    case 'or':
      // What made it so: the true parts of an `or` that is true, all parts of an `and` that is.
      return matcher.parts.some((part) => isMatch(part, view) === truth && hasEvidence(part, view, truth));
  }
}

/** `null`, `exists: false` and `neq` are negations themselves: two of them are none. */
function isItemEvident({ field, values, isNegated }: MatcherItem, view: EventView, truth: boolean): boolean {
  const isAbsence = values.flat().every((test) => test.kind === 'null' || (test.kind === 'exists' && !test.isPresent));
  if ((isAbsence !== isNegated) === truth) return false;
  if (field === null || !isNothing(view.value(field)) || view.hasMembers(field)) return true;
  return values.flat().some((test) => test.kind === 'exists') && view.value(field) !== undefined;
}
