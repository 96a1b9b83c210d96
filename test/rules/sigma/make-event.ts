import { EventShape, FlatEvent, type FieldValue } from '../../../events/event.js';
import { objectSource } from '../../../events/object-sources.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import type { DetectionRule, SigmaRule } from '../../../rules/sigma/rule.js';
import type { Condition } from '../../../rules/sigma/condition.js';
import { selectNames } from '../../../rules/sigma/condition.js';
import type { Detection, Item } from '../../../rules/sigma/detection.js';
import { isFault, testsOf } from '../../../rules/sigma/operation.js';
import { anyDash, type Pattern } from '../../../rules/sigma/pattern.js';

export function makeEvent(
  fields: Readonly<Record<string, FieldValue>>,
  line: string | null = null,
  timeMs: number | null = 0,
): FlatEvent {
  const shape = new EventShape(Object.keys(fields));
  const values = Object.values(fields);
  return new FlatEvent(shape, values, timeMs, 'events.json', line, null, objectSource(shape, values));
}

let count = 0;

/** Rules out of detections, with ids of their own and a log source that no table knows: they are asked of all logs but those of Windows. */
export function makeRules(...documents: readonly string[]): SigmaRule[] {
  return documents.map((document) => {
    const id = `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
    const text = /^detection:|^filter:|^correlation:/m.test(document)
      ? document
      : `detection:\n${document.replaceAll(/^/gm, '    ')}`;
    const logsource = /^logsource:|^correlation:/m.test(text) ? '' : 'logsource: {product: test}\n';
    const { rules, faults } = compileSigmaFile(`title: T\nid: ${id}\n${logsource}${text}`, 'test.yml');
    const [rule] = rules;
    if (!rule) throw new Error(faults.map(({ message }) => message).join('; '));
    return rule.rule;
  });
}

/** Picks one of `length` things. */
export type Pick = (length: number) => number;

/** Fields that hold what a rule looks for, as far as that can be put together: most such events match. */
export function fieldsFor(rule: DetectionRule, pick: Pick): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  const { selections, condition } = rule.detection;
  for (const name of wanted(condition, Object.keys(selections), pick)) {
    const selection = selections[name];
    if (selection) fill(selection, fields, pick);
  }
  return fields;
}

function wanted(condition: Condition, names: readonly string[], pick: Pick): string[] {
  if (typeof condition === 'string') return [condition];
  const [operator] = condition;
  if (operator === 'not') return [];
  if (operator === 'any' || operator === 'all') {
    const selected = selectNames(condition[1], names);
    return operator === 'all' ? selected : selected.slice(pick(selected.length)).slice(0, 1);
  }
  const operands = condition.slice(1);
  const taken = operator === 'and' ? operands : operands.slice(pick(operands.length)).slice(0, 1);
  return taken.flatMap((operand) => wanted(operand, names, pick));
}

function fill(detection: Detection, fields: Record<string, FieldValue>, pick: Pick): void {
  if ('values' in detection) fillItem(detection, fields, pick);
  else if ('all' in detection) for (const part of detection.all) fill(part, fields, pick);
  else fill(detection.any[pick(detection.any.length)] as Detection, fields, pick);
}

function fillItem(item: Item, fields: Record<string, FieldValue>, pick: Pick): void {
  const field = item.field ?? 'Message';
  const modifiers = item.modifiers ?? [];
  const values = modifiers.includes('all') ? item.values : [item.values[pick(item.values.length)] ?? null];
  for (const value of values) {
    const tests = testsOf(modifiers, value);
    const test = isFault(tests) ? undefined : tests[pick(tests.length)];
    if (test?.kind === 'pattern') {
      const text = example(test.pattern, pick);
      const before = fields[field];
      fields[field] = typeof before === 'string' && before !== text ? join(before, text, modifiers) : text;
    } else if (test?.kind === 'regex') fields[field] = test.source.replaceAll(/[\\^$.|?*+()[\]{}]/g, '');
    else if (test?.kind === 'network') fields[field] = String(value).replace(/\/\d+$/, '');
    else if (test?.kind === 'exists' && test.isPresent) fields[field] = '';
  }
}

function join(before: string, text: string, modifiers: readonly string[]): string {
  return modifiers.includes('startswith') ? text + before : before + text;
}

function example(pattern: Pattern, pick: Pick): string {
  return pattern
    .map((piece) => {
      if (typeof piece === 'string') return pick(4) === 0 ? piece.toUpperCase() : piece;
      return piece === anyDash
        ? ['-', '/', '\u2013'][pick(3)]
        : ['', 'x', 'y z'][piece.description === '?' ? 1 : pick(3)];
    })
    .join('');
}

/** The same fields with one of them changed a little, or gone. */
export function nearly(fields: Readonly<Record<string, FieldValue>>, pick: Pick): Record<string, FieldValue> {
  const names = Object.keys(fields);
  const name = names[pick(Math.max(1, names.length))];
  if (name === undefined) return { ...fields };
  const { [name]: value, ...others } = fields;
  const text = String(value);
  const at = pick(text.length + 1);
  const changes: FieldValue[] = [
    text.slice(0, at) + text.slice(at + 1),
    `${text.slice(0, at)}~${text.slice(at)}`,
    text.slice(0, at),
    text.slice(at),
    [`${text}!`, text],
    null,
    '',
  ];
  const change = pick(changes.length + 1);
  return change === changes.length ? others : { ...others, [name]: changes[change] ?? null };
}
