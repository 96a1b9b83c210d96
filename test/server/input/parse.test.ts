/** What is wrong with an input is data: a path of members, what was expected, and the value where it may be shown. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newTokenSchema } from '../../../server/access/api-tokens.js';
import { newPersonSchema } from '../../../server/access/people/person.js';
import { ServerError } from '../../../server/error.js';
import { problemOf } from '../../../server/http/problems.js';
import { features, time } from '../../../server/input/fields.js';
import { parseInput } from '../../../server/input/parse.js';
import { newLicenseSchema } from '../../../server/licensing/licenses.js';

function refusalOf(schema: z.ZodType, input: unknown): ServerError {
  try {
    parseInput(schema, input);
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
  throw new Error('expected a refusal, got an input that fits');
}

const customerId = 'cus-019f1af9b400-b31b-256a9c436cf0';
const licenseTerms = { customerId, features: ['sigma'], seats: 5, expiresAt: '2027-07-01T00:00:00Z' };

describe('an input that does not fit', () => {
  test.each<[what: string, schema: z.ZodType, input: unknown, faults: readonly unknown[]]>([
    ['another type', newLicenseSchema, { ...licenseTerms, seats: 'five' }, [[['seats'], 'a number', '"five"']]],
    ['a fraction', newLicenseSchema, { ...licenseTerms, seats: 1.5 }, [[['seats'], 'a whole number', '1.5']]],
    ['nothing', newLicenseSchema, { ...licenseTerms, customerId: undefined }, [[['customerId'], 'a text', 'nothing']]],
    ['too few', newLicenseSchema, { ...licenseTerms, seats: 0 }, [[['seats'], 'at least 1', '0']]],
    ['too many', newLicenseSchema, { ...licenseTerms, seats: 2e6 }, [[['seats'], 'at most 1000000', '2000000']]],
    [
      'a wrong entry of a list',
      newLicenseSchema,
      { ...licenseTerms, features: ['ok', 'Not OK'] },
      [[['features', 1], 'a name of a-z, 0-9 and - such as mining-pools', '"Not OK"']],
    ],
    [
      'a wrong time',
      z.strictObject({ at: time }),
      { at: 'soon' },
      [[['at'], 'a time such as 2026-07-01T00:00:00Z', '"soon"']],
    ],
    ['all of it', newLicenseSchema, [], [[[], 'an object', 'an empty list']]],
    ['null', newLicenseSchema, null, [[[], 'an object', 'null']]],
    ['a name twice', features, ['a', 'a'], [[[], 'each feature once', 'a list of 2']]],
    [
      'unknown members, without their values',
      z.strictObject({}),
      { admin: 'hunter2', role: { a: 1 } },
      [
        [['admin'], 'no member of this name', 'a text of 7 characters'],
        [['role'], 'no member of this name', 'an object'],
      ],
    ],
    [
      'members that do not go together',
      newTokenSchema,
      { name: 'a', scope: 'feed' },
      [[['licenseId'], 'a license for scope feed, and only there', 'nothing']],
    ],
  ])('%s', (_what, schema, input, faults) => {
    const error = refusalOf(schema, input);
    expect(error.code).toBe('request-body');
    expect(error.faults.map(({ path, expected, got }) => [path, expected, got])).toEqual(faults);
  });

  test('has all its faults at once', () => {
    const { faults } = refusalOf(newPersonSchema, { email: 'nobody', name: '', role: 'king' });
    expect(faults.map(({ path }) => path.join('.')).sort()).toEqual(['email', 'name', 'role']);
  });

  test('is a problem document with a pointer to each member', () => {
    const schema = z.strictObject({ 'a/b~c': z.array(z.int()) });
    const problem = problemOf(refusalOf(schema, { 'a/b~c': [1, 'x', null] }), 'r');
    expect(problem).toMatchObject({
      detail: 'body at /a~1b~0c/1: expected a number, got "x"; body at /a~1b~0c/2: expected a number, got null',
      errors: [
        { pointer: '#/a~1b~0c/1', detail: 'expected a number, got "x"' },
        { pointer: '#/a~1b~0c/2', detail: 'expected a number, got null' },
      ],
    });
  });

  test('never repeats a secret', () => {
    const schema = z.strictObject({ password: z.string().max(3), code: z.int(), licenseKey: z.array(z.string()) });
    fc.assert(
      fc.property(fc.uuid(), (secret) => {
        const error = refusalOf(schema, { password: secret, code: secret, licenseKey: secret, [secret]: secret });
        const told = error.faults.filter(({ path }) => path[0] !== secret);
        expect(told).toHaveLength(3);
        expect(JSON.stringify(told)).not.toContain(secret);
      }),
    );
  });
});
