import type { FieldValue, Scalar } from '../../events/event.js';
import { selectNames, type Condition } from './condition.js';
import type { Detection, DetectionSection, Item } from './detection.js';
import { SigmaError } from './error.js';
import type { EventView, FieldTable } from './event-view.js';
import { makeItemTest, type ItemTest } from './item-test.js';
import type { LogSourceVariant } from './logsource.js';
import type { Modifier } from './modifiers.js';
import { compileRegex, isFault, testsOf, type Test, type Value } from './operation.js';

/** A rule, ready to be asked: names resolved, values expanded, `x of` written out. */
export type Matcher =
  | { readonly kind: 'item'; readonly item: MatcherItem }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Matcher[] }
  | { readonly kind: 'not'; readonly part: Matcher };

export interface MatcherItem {
  /** Number in the {@link FieldTable}, or null for keywords. */
  readonly field: number | null;
  /** The field's name as the rule has it. */
  readonly name: string | null;
  /** A list of values, each with its alternatives. */
  readonly values: readonly (readonly Test[])[];
  readonly isAll: boolean;
  readonly isNegated: boolean;
  readonly test: ItemTest;
}

type LogWords = Pick<LogSourceVariant, 'fieldNames' | 'fieldValues'>;

/** The fields and values that made a rule match; keywords under `keywords`. */
export type MatchedFields = Readonly<Record<string, FieldValue>>;

/**
 * @param words the log source's own words for the rule's fields and their values
 * @throws SigmaError `sigma-normal-form` for values that their modifiers do not take
 */
export function compileDetection(
  section: DetectionSection,
  fields: FieldTable,
  words: LogWords = { fieldNames: new Map(), fieldValues: {} },
): Matcher {
  const names = Object.keys(section.selections);
  const selections = new Map<string, Matcher>();
  for (const name of names) {
    const detection = section.selections[name];
    if (detection) selections.set(name, compileSelection(detection, fields, words));
  }
  return compileCondition(section.condition, selections, names);
}

function compileCondition(
  condition: Condition,
  selections: ReadonlyMap<string, Matcher>,
  names: readonly string[],
): Matcher {
  if (typeof condition === 'string') {
    const selection = selections.get(condition);
    if (selection) return selection;
    throw new SigmaError('sigma-normal-form', `condition: expected a selection, got "${condition}"`);
  }
  const [operator] = condition;
  if (operator === 'any' || operator === 'all') {
    const parts = selectNames(condition[1], names).flatMap((name) => selections.get(name) ?? []);
    return join(operator === 'all' ? 'and' : 'or', parts);
  }
  if (operator === 'not') return { kind: 'not', part: compileCondition(condition[1], selections, names) };
  const operands = condition.slice(1);
  return join(
    operator,
    operands.map((operand) => compileCondition(operand, selections, names)),
  );
}

function compileSelection(detection: Detection, fields: FieldTable, words: LogWords): Matcher {
  if ('values' in detection) return { kind: 'item', item: compileItem(detection, fields, words) };
  const parts = 'all' in detection ? detection.all : detection.any;
  return join(
    'all' in detection ? 'and' : 'or',
    parts.map((part) => compileSelection(part, fields, words)),
  );
}

export function join(kind: 'and' | 'or', parts: readonly Matcher[]): Matcher {
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind, parts };
}

function compileItem(item: Item, fields: FieldTable, { fieldNames, fieldValues }: LogWords): MatcherItem {
  const modifiers = item.modifiers ?? [];
  const words = own(fieldValues, item.field ?? '');
  const values = item.values.map((value) =>
    [value, ...(own(words ?? {}, String(value).toLowerCase()) ?? [])].flatMap((word) => checkedTests(modifiers, word)),
  );
  const name = item.field ?? null;
  const number = (field: string) => fields.number(fieldNames.get(field) ?? field);
  const field = name === null ? null : number(name);
  const isAll = modifiers.includes('all');
  const isNegated = modifiers.includes('neq');
  return { field, name, values, isAll, isNegated, test: makeItemTest(field, values, isAll, number) };
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function checkedTests(modifiers: readonly Modifier[], value: Value): readonly Test[] {
  const tests = testsOf(modifiers, value);
  if (isFault(tests)) throw new SigmaError('sigma-normal-form', tests.message);
  for (const test of tests) {
    const regex = test.kind === 'regex' ? compileRegex(test.source, test.flags) : null;
    if (regex && isFault(regex)) throw new SigmaError('sigma-normal-form', regex.message);
  }
  return tests;
}

export function isMatch(matcher: Matcher, view: EventView): boolean {
  switch (matcher.kind) {
    case 'item':
      return matcher.item.test(view) !== matcher.item.isNegated;
    case 'not':
      return !isMatch(matcher.part, view);
    case 'and':
      for (const part of matcher.parts) if (!isMatch(part, view)) return false;
      return true;
    case 'or':
      for (const part of matcher.parts) if (isMatch(part, view)) return true;
      return false;
  }
}

/** Which fields the matching parts of a matcher looked at; to be called for an event that matches. */
export function matchedFields(matcher: Matcher, view: EventView): MatchedFields {
  const matched = new Map<string, FieldValue>();
  collect(matcher, view, matched);
  return Object.fromEntries(matched);
}

function collect(matcher: Matcher, view: EventView, matched: Map<string, FieldValue>): void {
  if (matcher.kind === 'item') {
    const { field, name, isNegated } = matcher.item;
    if (isNegated) return;
    if (field === null) matched.set('keywords', keywordsOf(matcher.item));
    else {
      const value = view.value(field);
      if (value !== undefined && name !== null) matched.set(name, value);
    }
  } else if (matcher.kind !== 'not')
    for (const part of matcher.parts) if (isMatch(part, view)) collect(part, view, matched);
}

function keywordsOf(item: MatcherItem): readonly Scalar[] {
  return item.values.flat().flatMap((test) => {
    if (test.kind === 'regex') return [test.source];
    return test.kind === 'pattern' ? [test.pattern.filter((piece) => typeof piece === 'string').join('*')] : [];
  });
}
