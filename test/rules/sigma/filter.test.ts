import { expect, test } from 'vitest';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';

const id = '0b6a1c7e-55e1-4a5e-8f7e-2d5f0c8e9a02';
const compile = (section: string, logsource = 'logsource: {product: windows}\n') => {
  const text = `title: Trusted\nid: ${id}\n${logsource}filter:\n${section.replaceAll(/^/gm, '    ')}\n`;
  const { rules, faults } = compileSigmaFile(text, 'filter.yml');
  return { value: rules[0]?.value, codes: faults.map(({ code }) => code) };
};

const selection = 'sel:\n  User|startswith: adm_\ncondition: not sel';

test('normal form of filters', () => {
  const rules = '11111111-AAAA-4333-8444-555555555555';
  expect(compile(`rules: [${rules}, by_name]\n${selection}`)).toEqual({
    value: {
      v: 1,
      id,
      title: 'Trusted',
      logsource: { product: 'windows' },
      filter: {
        rules: [rules.toLowerCase(), 'by_name'],
        selections: { sel: { field: 'User', modifiers: ['startswith'], values: ['adm_'] } },
        condition: ['not', 'sel'],
      },
    },
    codes: [],
  });
});

test.each(['any', 'all'])('rules: %s is every rule of the log source', (word) => {
  expect(compile(`rules: ${word}\n${selection}`).value).toMatchObject({ filter: { rules: 'any' } });
});

test.each([
  [selection, 'filter-rules'],
  [`rules: []\n${selection}`, 'filter-rules'],
  [`rules: [{a: b}]\n${selection}`, 'filter-rules'],
  ['rules: any\nsel: {a: b}', 'condition-missing'],
  ['rules: any\nsel: {a|near: b}\ncondition: sel', 'modifier-unknown'],
])('%#: refuses %j', (section, code) => {
  expect(compile(section)).toEqual({ value: undefined, codes: [code] });
});

test('needs a log source', () => {
  expect(compile(`rules: any\n${selection}`, '').codes).toEqual(['logsource-missing']);
});
