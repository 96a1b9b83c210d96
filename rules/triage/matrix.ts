import { RE2JS } from 're2js';
import { z } from 'zod';
import type { CompiledItem } from '../item.js';
import { TriageError } from './error.js';
import { factKind, factNames, isReadFact, type Sheet, sheets } from './fact.js';

/** A matrix has at most so many values, and all its conditions together so many literals. */
export const maxValues = 2000;
export const maxLiterals = 20_000;
export const maxPoints = 100;

const name = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'words of a-z and 0-9 joined by "-"')
  .max(64);
const words = z.string().min(1).max(2000);
const literal = z.string().min(1).max(500);
const literals = z.array(literal).min(1).max(2000);
const points = z.int().min(-maxPoints).max(maxPoints);

const conditionSchema = z.strictObject({
  is: z
    .array(z.union([literal, z.number()]))
    .min(1)
    .max(2000)
    .exactOptional(),
  isNot: z
    .array(z.union([literal, z.number()]))
    .min(1)
    .max(200)
    .exactOptional(),
  contains: literals.exactOptional(),
  words: literals.exactOptional(),
  startsWith: literals.exactOptional(),
  endsWith: literals.exactOptional(),
  matches: literals.exactOptional(),
  empty: z.literal(true).exactOptional(),
  atLeast: z.number().exactOptional(),
  atMost: z.number().exactOptional(),
});

/**
 * What one fact must be. Of the text operators any one is enough; `atLeast` and `atMost` must both hold; `isNot` stands
 * alone. Text is compared without regard to case.
 */
export type Condition = Readonly<z.infer<typeof conditionSchema>>;

const valueSchema = z.strictObject({
  value: name,
  points,
  /** Every condition must hold; one on a fact that the event does not have never does. */
  when: z.record(z.string(), conditionSchema).refine((when) => Object.keys(when).length > 0, 'at least one fact'),
  reason: words,
  source: words.exactOptional(),
});

/** One cell of the sheet. */
export type MatrixValue = Readonly<z.infer<typeof valueSchema>>;

const attributeSchema = z.strictObject({
  attribute: name,
  title: words,
  values: z.array(valueSchema).min(1).max(maxValues),
});

/** One row of the sheet: of its values that an event has, the one with the most points counts. */
export type MatrixAttribute = Readonly<z.infer<typeof attributeSchema>>;

const fieldNames = z.record(z.string(), z.array(z.string().min(1).max(200)).min(1).max(100));
const timeZone = z.string().refine(isTimeZone, 'a time zone such as UTC or Europe/Berlin');
const grades = { relevant: z.int().min(1).max(1000), highlyRelevant: z.int().min(1).max(1000) };

const about = {
  name,
  triage: z.enum(sheets),
  title: words,
  description: words.exactOptional(),
  author: words.exactOptional(),
  license: words.exactOptional(),
  date: words.exactOptional(),
  references: z.array(words).exactOptional(),
};

const matrixSchema = z
  .strictObject({
    ...about,
    /** From how many points on. */
    grades: z.strictObject(grades),
    timeZone: timeZone.exactOptional(),
    events: z.strictObject({
      /** Of an event that names a channel, it must be one of these. */
      channels: z.array(words).exactOptional(),
      /** Facts that an event must have to be one of this sheet. */
      needs: z.array(z.string()).min(1),
      /** Facts of which fields of the event must hold one, too. */
      needsOneOf: z.array(z.string()).min(1).exactOptional(),
      /** An event with one of these fields is of another kind. */
      unless: z.array(words).exactOptional(),
    }),
    /** Fact → names of fields that hold it, the best first. */
    facts: fieldNames,
    attributes: z.array(attributeSchema).min(1).max(200),
  })
  .superRefine((matrix, context) => {
    checkFacts(matrix.triage, matrix.facts, matrix.attributes, context);
    for (const member of ['needs', 'needsOneOf'] as const)
      matrix.events[member]?.forEach((fact, at) => {
        if (!isReadFact(matrix.triage, fact)) refuse(context, ['events', member, at], 'a fact that fields hold');
      });
    if (matrix.grades.highlyRelevant <= matrix.grades.relevant)
      refuse(context, ['grades', 'highlyRelevant'], `more than ${matrix.grades.relevant}`);
  });

/** A decision matrix, in the normal form of `docs/spec/triage.md`. */
export type Matrix = Readonly<z.infer<typeof matrixSchema>>;

const valuePath = z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'attribute/value');

const adjustmentSchema = z
  .strictObject({
    ...about,
    /** The name of a matrix. */
    adjusts: name,
    grades: z
      .strictObject({
        relevant: grades.relevant.exactOptional(),
        highlyRelevant: grades.highlyRelevant.exactOptional(),
      })
      .exactOptional(),
    timeZone: timeZone.exactOptional(),
    /** Fields that are looked into before the matrix's own. */
    facts: fieldNames.exactOptional(),
    /** `attribute/value` → its points from now on. */
    points: z.record(valuePath, points).exactOptional(),
    /** `attribute/value` taken away. */
    without: z.array(valuePath).exactOptional(),
    /** Further attributes and values; a value that the matrix has already is replaced. */
    attributes: z.array(attributeSchema).max(200).exactOptional(),
  })
  .superRefine(({ triage, facts = {}, attributes = [] }, context) => checkFacts(triage, facts, attributes, context));

/** What a site changes in a matrix that it has from elsewhere. */
export type Adjustment = Readonly<z.infer<typeof adjustmentSchema>>;

export type TriageDocument = Matrix | Adjustment;

export function isAdjustment(document: TriageDocument): document is Adjustment {
  return 'adjusts' in document;
}

/** The strict schema of a document that has a member `adjusts` or has not. */
export function triageSchema(value: unknown): z.ZodType<TriageDocument> {
  return typeof value === 'object' && value !== null && 'adjusts' in value ? adjustmentSchema : matrixSchema;
}

/** The id of the item: `triage:<name>`. */
export function triageId(document: Pick<TriageDocument, 'name'>): string {
  return `triage:${document.name}`;
}

export function compileTriage(document: TriageDocument): CompiledItem {
  return { kind: 'triage', id: triageId(document), value: document };
}

/**
 * A document out of a pack's line, without the line's `id`.
 *
 * @throws TriageError `triage-invalid`
 */
export function decodeTriage(value: unknown, subject = 'triage'): TriageDocument {
  const parsed = triageSchema(value).safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? subject : `${subject} ${issue.path.join('.')}`;
  throw new TriageError('triage-invalid', `${where}: expected its normal form, got ${issue?.message ?? 'other'}`, {
    cause: parsed.error,
  });
}

type Refinement = Pick<z.core.$RefinementCtx, 'addIssue'>;

function refuse(context: Refinement, path: PropertyKey[], expected: string): void {
  context.addIssue({ code: 'custom', path, message: expected });
}

function checkFacts(
  sheet: Sheet,
  facts: Readonly<Record<string, unknown>>,
  attributes: readonly MatrixAttribute[],
  context: Refinement,
): void {
  for (const fact of Object.keys(facts))
    if (!isReadFact(sheet, fact))
      refuse(context, ['facts', fact], `a fact of the ${sheet} sheet that fields hold (${readFacts(sheet)})`);
  const seen = new Set<string>();
  let values = 0;
  let literalCount = 0;
  attributes.forEach((attribute, row) => {
    if (seen.has(attribute.attribute)) refuse(context, ['attributes', row, 'attribute'], 'each attribute once');
    seen.add(attribute.attribute);
    attribute.values.forEach((value, cell) => {
      const path = ['attributes', row, 'values', cell];
      const known = `${attribute.attribute}/${value.value}`;
      if (seen.has(known)) refuse(context, [...path, 'value'], 'each value of an attribute once');
      seen.add(known);
      values++;
      for (const [fact, condition] of Object.entries(value.when)) {
        literalCount += Object.values(condition).reduce<number>(
          (sum, part) => sum + (Array.isArray(part) ? part.length : 1),
          0,
        );
        checkCondition(sheet, fact, condition, [...path, 'when', fact], context);
      }
    });
  });
  if (values > maxValues) refuse(context, ['attributes'], `at most ${maxValues} values`);
  if (literalCount > maxLiterals) refuse(context, ['attributes'], `at most ${maxLiterals} literals`);
}

const textOperators = ['contains', 'words', 'startsWith', 'endsWith', 'matches'] as const;

function checkCondition(
  sheet: Sheet,
  fact: string,
  condition: Condition,
  path: PropertyKey[],
  context: Refinement,
): void {
  const kind = factKind(sheet, fact);
  const operators = Object.keys(condition);
  if (kind === null) refuse(context, path, `a fact of the ${sheet} sheet (${factNames(sheet).join(', ')})`);
  else if (operators.length === 0) refuse(context, path, 'at least one operator');
  else if (condition.isNot !== undefined && operators.length > 1)
    refuse(context, path, 'isNot without another operator');
  for (const operator of textOperators)
    if (kind === 'number' && condition[operator] !== undefined)
      refuse(context, [...path, operator], `no ${operator} on a number`);
  for (const operator of ['atLeast', 'atMost'] as const)
    if (kind === 'text' && condition[operator] !== undefined)
      refuse(context, [...path, operator], `no ${operator} on text`);
  for (const operator of ['is', 'isNot'] as const)
    condition[operator]?.forEach((operand, at) => {
      if (kind !== null && typeof operand !== (kind === 'text' ? 'string' : 'number'))
        refuse(context, [...path, operator, at], kind === 'text' ? 'text' : 'a number');
    });
  condition.matches?.forEach((pattern, at) => {
    const problem = regexProblem(pattern);
    if (problem !== null) refuse(context, [...path, 'matches', at], `an RE2 expression (${problem})`);
  });
}

function readFacts(sheet: Sheet): string {
  return factNames(sheet)
    .filter((fact) => isReadFact(sheet, fact))
    .join(', ');
}

function regexProblem(pattern: string): string | null {
  try {
    RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
