import { z } from 'zod';
import type { Json } from '../../base/json.js';
import { maxConditionDepth, selectNames, type Condition } from './condition.js';
import { bounds, correlationTypes, maxTimespanSeconds } from './correlation.js';
import type { Detection, DetectionSection } from './detection.js';
import { SigmaError } from './error.js';
import { levels, relations, statuses } from './metadata.js';
import { checkChain, takesAnyText, type Modifier } from './modifiers.js';
import { isFault, testsOf, type Value } from './operation.js';
import { normalFormVersion, type SigmaRule } from './rule.js';

const text = z.string().min(1);
const texts = z.array(z.string()).min(1);
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);

const metadata = {
  v: z.literal(normalFormVersion),
  id: uuid,
  title: text,
  name: text.optional(),
  status: z.enum(statuses).optional(),
  level: z.enum(levels).optional(),
  description: text.optional(),
  license: text.optional(),
  author: text.optional(),
  taxonomy: text.optional(),
  date: text.optional(),
  modified: text.optional(),
  references: texts.optional(),
  tags: texts.optional(),
  fields: texts.optional(),
  falsepositives: texts.optional(),
  scope: texts.optional(),
  related: z
    .array(z.strictObject({ id: uuid, type: z.enum(relations) }))
    .min(1)
    .optional(),
};

const logsource = z
  .strictObject({
    category: text.optional(),
    product: text.optional(),
    service: text.optional(),
    definition: text.optional(),
  })
  .refine((source) => Boolean(source.category ?? source.product ?? source.service), 'no log source');

/** Their shape is checked by hand: both are recursive and make up nearly all of a pack. */
const section = {
  selections: z.record(
    z.string(),
    z.custom<Detection>((value) => isDetection(value, 0)),
  ),
  condition: z.custom<Condition>((value) => isCondition(value, 0)),
};

const ruleShape = z.strictObject({ ...metadata, logsource, detection: z.strictObject(section) });

const filterShape = z.strictObject({
  ...metadata,
  logsource,
  filter: z.strictObject({ ...section, rules: z.union([z.literal('any'), texts]) }),
});

const correlationShape = z.strictObject({
  ...metadata,
  correlation: z.strictObject({
    type: z.enum(correlationTypes),
    rules: z.array(text).min(1),
    groupBy: z.array(text).min(1).optional(),
    timespanSeconds: z.int().min(1).max(maxTimespanSeconds),
    condition: z
      .strictObject({
        ...(Object.fromEntries(bounds.map((bound) => [bound, z.number().optional()])) as Record<
          (typeof bounds)[number],
          z.ZodOptional<z.ZodNumber>
        >),
        field: z.array(text).min(1).optional(),
        percentile: z.number().min(0).max(100).optional(),
      })
      .optional(),
    expression: section.condition.optional(),
    aliases: z.record(z.string(), z.record(z.string(), text)).optional(),
    generate: z.literal(true).optional(),
  }),
});

/**
 * The rule in a pack's line. Checks all that a matcher relies on: shape, chains of modifiers, names in conditions.
 *
 * @throws SigmaError `sigma-normal-form`
 */
export function decodeSigma(value: Json, subject = 'sigma rule'): SigmaRule {
  const shape = typeof value !== 'object' || value === null ? null : shapeOf(value);
  if (shape === null) throw refuse(subject, 'a detection, correlation or filter', 'other data');
  const result = shape.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw refuse(subject, 'normal form v1', `${issue?.message ?? 'other data'} at "${issue?.path.join('.') ?? ''}"`);
  }
  const rule = result.data as SigmaRule;
  if ('detection' in rule) checkNames(rule.detection, subject);
  if ('filter' in rule) checkNames(rule.filter, subject);
  if ('correlation' in rule) {
    const { expression, rules } = rule.correlation;
    if (expression !== undefined && !namesExist(expression, rules))
      throw refuse(subject, 'an expression over its rules', 'another name');
  }
  return rule;
}

function shapeOf(value: object): typeof ruleShape | typeof filterShape | typeof correlationShape | null {
  if ('detection' in value) return ruleShape;
  if ('filter' in value) return filterShape;
  return 'correlation' in value ? correlationShape : null;
}

function checkNames(detection: DetectionSection, subject: string): void {
  if (!namesExist(detection.condition, Object.keys(detection.selections)))
    throw refuse(subject, 'a condition over its selections', 'another name');
}

function namesExist(condition: Condition, names: readonly string[]): boolean {
  if (typeof condition === 'string') return names.includes(condition);
  if (condition[0] === 'any' || condition[0] === 'all') return selectNames(condition[1], names).length > 0;
  return condition.slice(1).every((operand) => namesExist(operand, names));
}

function refuse(subject: string, expected: string, got: string): SigmaError {
  return new SigmaError('sigma-normal-form', `${subject}: expected ${expected}, got ${got}`);
}

function isCondition(value: unknown, depth: number): value is Condition {
  if (typeof value === 'string') return value !== '';
  if (!Array.isArray(value) || depth >= maxConditionDepth) return false;
  const [operator, ...operands] = value as unknown[];
  if (operator === 'any' || operator === 'all') return operands.length === 1 && isText(operands[0]);
  const isCountRight = operator === 'not' ? operands.length === 1 : operands.length >= 2;
  const isKnown = operator === 'not' || operator === 'and' || operator === 'or';
  return isKnown && isCountRight && operands.every((operand) => isCondition(operand, depth + 1));
}

/** A selection nests no deeper than a list of maps. */
const maxDetectionDepth = 2;

function isDetection(value: unknown, depth: number): value is Detection {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  if ('values' in value) return isItem(value, keys);
  if (keys.length !== 1 || depth >= maxDetectionDepth) return false;
  const parts = 'all' in value ? value.all : 'any' in value ? value.any : null;
  return Array.isArray(parts) && parts.length > 0 && parts.every((part) => isDetection(part, depth + 1));
}

function isItem(item: { values: unknown; field?: unknown; modifiers?: unknown }, keys: readonly string[]): boolean {
  const { values, field, modifiers } = item;
  if (field === undefined && Array.isArray(values) && (values.includes(null) || values.includes(''))) return false;
  if (!keys.every((key) => key === 'values' || key === 'field' || key === 'modifiers')) return false;
  if (!Array.isArray(values) || values.length === 0 || !values.every(isValue)) return false;
  if (field !== undefined && !isText(field)) return false;
  if (modifiers === undefined) return true;
  if (!Array.isArray(modifiers) || modifiers.length === 0 || !modifiers.every(isText)) return false;
  const chain = checkChain(modifiers, field !== undefined);
  if ('code' in chain) return false;
  if (!chain.modifiers.every((name, index) => name !== 'expand' && name === modifiers[index])) return false;
  return (values as Value[]).every((value) => isTestable(chain.modifiers, value));
}

/**
 * A matcher must never meet a value that its modifiers do not take. Expressions are left to it: compiling them all
 * takes too long.
 */
function isTestable(modifiers: readonly Modifier[], value: Value): boolean {
  if (typeof value === 'string' && modifiers.every((modifier) => takesAnyText.has(modifier))) return true;
  return !isFault(testsOf(modifiers, value));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isValue(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
