import { expect, test } from 'vitest';
import { requiredLiteral } from '../../../rules/ioc/regex-literal.js';

test.each([
  ['\\\\Evil\\.exe$', '\\evil.exe'],
  ['(?i)\\\\Evil\\.exe', '\\evil.exe'],
  ['abc?def', 'def'],
  ['abcd?ef', 'abc'],
  ['abc+de', 'abc'],
  ['abc{2,3}defg', 'defg'],
  ['abc{0,3}de', null],
  ['abcd*', 'abc'],
  ['[a-z]+longer(?:x|y)short', 'longer'],
  ['[]a]name', 'name'],
  ['[[:alpha:]]name', 'name'],
  ['(abc|def)ghi', 'ghi'],
  ['(a[)]b)ghi', 'ghi'],
  ['abc|def', null],
  ['a(?i:bcd)e', null],
  ['\\d+\\.tmp', '.tmp'],
  ['\\x41\\x42abc', null],
  ['\\bword\\b', 'word'],
  ['ab', null],
  ['.*', null],
  ['\\pLabc', null],
  ['\\QStar*\\E', null],
])('%s', (regex, literal) => {
  expect(requiredLiteral(regex)).toBe(literal);
});
