import { expect, test } from 'vitest';
import { expandPlaceholders } from '../../../rules/sigma/placeholder.js';

const placeholders = new Map([
  ['servers', ['srv*', 'web']],
  ['users', ['anna', 'ben']],
  ['none', []],
  ['many', Array.from({ length: 200 }, (_, index) => `m${index}`)],
]);

test.each([
  ['plain', ['plain']],
  ['%servers%', ['srv*', 'web']],
  ['x%servers%y', ['xsrv*y', 'xweby']],
  ['%servers%-%users%', ['srv*-anna', 'srv*-ben', 'web-anna', 'web-ben']],
  [String.raw`\%plain%users%`, ['%plainanna', '%plainben']],
  ['100%', ['100%']],
])('%j', (value, expanded) => {
  expect(expandPlaceholders(value, placeholders)).toEqual(expanded);
});

test('an unknown or empty placeholder and too many combinations are faults', () => {
  expect(expandPlaceholders('%nobody%', placeholders)).toMatchObject({ code: 'placeholder-unresolved' });
  expect(expandPlaceholders('%none%', placeholders)).toMatchObject({ code: 'placeholder-unresolved' });
  expect(expandPlaceholders('%many%%many%', placeholders)).toMatchObject({ code: 'modifier-value' });
});
