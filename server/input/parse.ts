import type { z } from 'zod';
import { shown, shownSecret } from '../../base/shown.js';
import { type MemberFault, refusal, ServerError } from '../error.js';

/** Members whose values no message repeats. */
const secretMembers: readonly PropertyKey[] = ['password', 'next', 'code', 'licenseKey', 'token', 'passphrase'];

/** More faults of one input help nobody. */
const maxFaults = 20;

/**
 * What came in, as `schema` reads it: the body of a call, the fields of a form.
 *
 * @throws ServerError `request-body` with every fault, each with the path of its member
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw refusal('request-body', faultsOf(parsed.error, input), { cause: parsed.error });
  if (!isWellFormed(input))
    throw new ServerError('request-body', 'body: expected whole characters, got half a surrogate pair');
  return parsed.data;
}

/** What a schema found wrong with `input`, in our words. */
export function faultsOf(error: z.ZodError, input: unknown): readonly MemberFault[] {
  return error.issues.flatMap((issue) => faultsOfIssue(issue, input)).slice(0, maxFaults);
}

function faultsOfIssue(issue: z.core.$ZodIssue, input: unknown): MemberFault[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const show = path.some((part) => secretMembers.includes(part)) ? shownSecret : shown;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      expected: 'no member of this name',
      got: shownSecret(valueAt(input, [...path, key])),
    }));
  return [{ path, expected: expectation(issue), got: show(valueAt(input, path)) }];
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return typeWords[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(shown).join(', ')}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum}${unitOf(issue.origin)}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}${unitOf(issue.origin)}`;
  if (issue.code === 'invalid_union') return 'one of the forms that the reference shows';
  return issue.message;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path)
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? member(value, part) : undefined;
  return value;
}

function member(value: object, part: PropertyKey): unknown {
  return (value as Readonly<Record<PropertyKey, unknown>>)[part];
}

/** JSON's escapes can spell half a character, which neither UTF-8 nor canonical JSON can hold. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, one]) => name.isWellFormed() && isWellFormed(one));
}
