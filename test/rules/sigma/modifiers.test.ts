import { describe, expect, test } from 'vitest';
import { checkChain } from '../../../rules/sigma/modifiers.js';

const check = (chain: string, hasField = true) => checkChain(chain === '' ? [] : chain.split('|'), hasField);

describe('legal chains (Sigma 2.1, appendix "Modifiers")', () => {
  test.each([
    ['', 'any'],
    ['all', 'any'],
    ['neq', 'any'],
    ['contains', 'text'],
    ['contains|all', 'text'],
    ['all|contains', 'text'],
    ['startswith|cased', 'text'],
    ['endswith|neq', 'text'],
    ['contains|windash', 'text'],
    ['windash|contains|all', 'text'],
    ['contains|expand', 'text'],
    ['re', 'text'],
    ['re|i|m|s', 'text'],
    ['re|expand', 'text'],
    ['base64', 'text'],
    ['base64offset|contains', 'text'],
    ['utf16le|base64offset|contains', 'text'],
    ['utf16|base64|contains', 'text'],
    ['utf16be', 'text'],
    ['base64|base64offset|contains', 'text'],
    ['windash|utf16le|base64offset|contains', 'text'],
    ['cidr', 'text'],
    ['cidr|neq', 'text'],
    ['fieldref', 'text'],
    ['fieldref|startswith', 'text'],
    ['fieldref|neq|cased', 'text'],
    ['exists', 'boolean'],
    ['lt', 'number'],
    ['gte|neq', 'number'],
    ['hour', 'number'],
    ['hour|gte', 'number'],
    ['minute|neq', 'number'],
  ])('%s', (chain, values) => {
    expect(check(chain)).toEqual({ modifiers: chain === '' ? [] : chain.split('|'), values });
  });

  test('other names of a modifier become its one name', () => {
    expect(check('wide|base64')).toMatchObject({ modifiers: ['utf16le', 'base64'] });
    expect(check('re|ignorecase|multiline|dotall')).toMatchObject({ modifiers: ['re', 'i', 'm', 's'] });
  });
});

describe('refused chains', () => {
  test.each([
    ['Contains', 'modifier-unknown', 0],
    ['contains|near', 'modifier-unknown', 1],
    ['constructor', 'modifier-unknown', 0],
    ['', 'modifier-unknown', 0],
    ['contains|contains', 'modifier-order', 1],
    ['contains|re', 'modifier-order', 1],
    ['i', 'modifier-order', 0],
    ['contains|i', 'modifier-order', 1],
    ['contains|base64', 'modifier-order', 1],
    ['base64|utf16le', 'modifier-order', 1],
    ['base64|wide', 'modifier-order', 1],
    ['utf16le|utf16be', 'modifier-order', 1],
    ['base64offset|base64', 'modifier-order', 1],
    ['base64|windash', 'modifier-order', 1],
    ['windash|expand', 'modifier-order', 1],
    ['base64|expand', 'modifier-order', 1],
    ['contains|cidr', 'modifier-order', 1],
    ['cidr|contains', 'modifier-order', 1],
    ['exists|neq', 'modifier-order', 0],
    ['neq|exists', 'modifier-order', 1],
    ['lt|gt', 'modifier-order', 1],
    ['gt|hour', 'modifier-order', 1],
    ['hour|minute', 'modifier-order', 1],
    ['contains|gt', 'modifier-order', 1],
    ['contains|fieldref', 'modifier-order', 1],
    ['re|cased', 'modifier-order', 1],
    ['re|windash', 'modifier-order', 1],
  ])('%s', (chain, code, index) => {
    expect(checkChain(chain.split('|'), true)).toMatchObject({ code, index });
  });

  test.each(['exists', 'fieldref', 'cidr', 'gt', 'hour'])('%s without a field', (modifier) => {
    expect(check(modifier, false)).toMatchObject({ code: 'modifier-field', index: 0 });
  });
});
