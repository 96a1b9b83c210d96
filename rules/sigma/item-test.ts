import type { FieldValue, Scalar } from '../../events/event.js';
import { isList, type EventView } from './event-view.js';
import { compilePattern, foldPattern, shapeOf, type TextTest } from './glob.js';
import { isInNetwork, parseAddress } from './network.js';
import type { ReferencePlace, Test } from './operation.js';
import { foldCase, withLeadingRun, withTrailingRun } from './pattern.js';
import { isFound } from './regex-cache.js';
import { readNumber, readTimePart } from './timestamp.js';

/** Whether the field (or the message, for keywords) of the shown event passes. */
export type ItemTest = (view: EventView) => boolean;

/**
 * @param field number of the field, or null for keywords
 * @param values each with its alternatives
 * @param number the number of another field, for references
 */
export function makeItemTest(
  field: number | null,
  values: readonly (readonly Test[])[],
  isAll: boolean,
  number: (field: string) => number,
): ItemTest {
  if (!isAll) return anyTest(field, values.flat(), number);
  const tests = values.map((alternatives) => anyTest(field, alternatives, number));
  const [only] = tests;
  return tests.length === 1 && only ? only : (view) => tests.every((test) => test(view));
}

function anyTest(field: number | null, tests: readonly Test[], number: (field: string) => number): ItemTest {
  const texts = field === null ? [keywordTest(tests)] : [];
  if (field !== null) {
    const folded = tests.filter((test) => test.kind === 'pattern' && !test.isCased);
    if (folded.length > 0) texts.push(foldedTest(field, folded));
    for (const test of tests) if (!folded.includes(test)) texts.push(otherTest(field, test, number));
  }
  const [only] = texts;
  return texts.length === 1 && only ? only : (view) => texts.some((test) => test(view));
}

/** Patterns without regard to case on the field's folded text; equal texts are one look-up, however many they are. */
function foldedTest(field: number, tests: readonly Test[]): ItemTest {
  const matches = anyText(tests.flatMap((test) => (test.kind === 'pattern' ? [foldPattern(test.pattern)] : [])));
  return (view) => {
    const text = view.foldedText(field);
    if (text !== undefined) return matches(text);
    const value = view.value(field);
    return isListOf(value, (entry) => entry !== null && matches(foldCase(String(entry))));
  };
}

function anyText(patterns: readonly ReturnType<typeof foldPattern>[]): TextTest {
  const equals = new Set<string>();
  const tests: TextTest[] = [];
  for (const pattern of patterns) {
    const shape = shapeOf(pattern);
    if (shape.kind === 'equals') equals.add(shape.literal);
    else tests.push(compilePattern(pattern));
  }
  if (tests.length === 0) return (text) => equals.has(text);
  const [only] = tests;
  if (equals.size === 0 && tests.length === 1 && only) return only;
  return (text) => {
    if (equals.has(text)) return true;
    for (const test of tests) if (test(text)) return true;
    return false;
  };
}

/** Keywords stand anywhere in the message. */
function keywordTest(tests: readonly Test[]): ItemTest {
  const folded: TextTest[] = [];
  const exact: TextTest[] = [];
  for (const test of tests) {
    if (test.kind === 'regex') exact.push(regexTest(test.source, test.flags));
    else if (test.kind === 'pattern') {
      const pattern = withTrailingRun(withLeadingRun(test.pattern));
      if (test.isCased) exact.push(compilePattern(pattern));
      else folded.push(compilePattern(foldPattern(pattern)));
    }
  }
  return (view) =>
    (folded.length > 0 && folded.some((test) => test(view.foldedMessage))) ||
    (exact.length > 0 && exact.some((test) => test(view.event.text)));
}

function otherTest(field: number, test: Test, number: (field: string) => number): ItemTest {
  switch (test.kind) {
    case 'null':
      return (view) => isNull(view, field);
    case 'exists':
      return (view) => (view.value(field) !== undefined || view.hasMembers(field)) === test.isPresent;
    case 'pattern':
      return onEntries(field, textual(compilePattern(test.pattern)));
    case 'regex':
      return onEntries(field, textual(regexTest(test.source, test.flags)));
    case 'network':
      return onEntries(field, (entry) => {
        const address = typeof entry === 'string' ? parseAddress(entry.trim()) : null;
        return address !== null && isInNetwork(address, test.network);
      });
    case 'compare':
      return onEntries(field, (entry) => {
        const value = test.part === null ? readNumber(entry) : readTimePart(String(entry), test.part);
        return value !== null && compare(value, test.comparison, test.bound);
      });
    case 'reference': {
      const other = number(test.field);
      const fold = test.isCased ? String : (entry: Scalar) => foldCase(String(entry));
      return (view) => {
        const referred = view.value(other);
        if (referred === undefined || referred === null) return false;
        const targets = (isList(referred) ? referred : [referred]).filter((entry) => entry !== null).map(fold);
        return isListOf(asList(view.value(field)), (entry) => {
          if (entry === null) return false;
          const text = fold(entry);
          return targets.some((target) => standsAt(text, target, test.place));
        });
      };
    }
  }
}

function textual(matches: TextTest): (entry: Scalar) => boolean {
  return (entry) => entry !== null && matches(String(entry));
}

function onEntries(field: number, matches: (entry: Scalar) => boolean): ItemTest {
  return (view) => {
    const value = view.value(field);
    if (value === undefined) return false;
    return isList(value) ? value.some(matches) : matches(value);
  };
}

function asList(value: FieldValue | undefined): readonly Scalar[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

function isListOf(value: FieldValue | undefined, matches: (entry: Scalar) => boolean): boolean {
  return value !== undefined && isList(value) && value.some(matches);
}

/** docs/decisions/0014-null-and-empty-text.md: empty text is null where the log has no other way to say so. */
function isNull(view: EventView, field: number): boolean {
  const value = view.value(field);
  if (value === undefined) return !view.hasMembers(field);
  if (!isNothing(value)) return false;
  return view.isEmptyNull || !(isList(value) ? value.includes('') : value === '');
}

/** What a log that does not know a value writes in its place. */
export function isNothing(value: FieldValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  return isList(value) && value.every((entry) => entry === null || entry === '');
}

function regexTest(source: string, flags: number): TextTest {
  return (text) => isFound(source, flags, text);
}

function compare(value: number, comparison: 'lt' | 'lte' | 'gt' | 'gte' | 'eq', bound: number): boolean {
  switch (comparison) {
    case 'lt':
      return value < bound;
    case 'lte':
      return value <= bound;
    case 'gt':
      return value > bound;
    case 'gte':
      return value >= bound;
    case 'eq':
      return value === bound;
  }
}

function standsAt(text: string, part: string, place: ReferencePlace): boolean {
  switch (place) {
    case 'whole':
      return text === part;
    case 'start':
      return text.startsWith(part);
    case 'end':
      return text.endsWith(part);
    case 'anywhere':
      return text.includes(part);
  }
}
