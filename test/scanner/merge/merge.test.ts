import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../base/json.js';
import { encodeItem } from '../../../packs/item.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import { type CustomRules, type LocalItem, noCustomRules } from '../../../scanner/merge/custom.js';
import { decodeItems, isRule, type RuleItem } from '../../../scanner/active/decode.js';
import { type MergeInput, mergeRules } from '../../../scanner/merge/merge.js';

const [first, second, third, filterId] = ['1', '2', '3', 'f'].map(
  (digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`,
) as [string, string, string, string];

function sigma(id: string, title: string, rest = 'detection: { sel: { Image: a.exe }, condition: sel }'): RuleItem {
  const text = `id: ${id}\ntitle: ${title}\nlevel: high\nlogsource: { category: process_creation, product: windows }\n${rest}\n`;
  const { rules, faults } = compileSigmaFile(text, 'test.yml');
  expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  const [item] = decodeItems(
    rules.map(({ value }) => encodeItem('sigma', id, value)),
    'test',
  ).filter(isRule);
  return item ?? expect.fail('no rule');
}

function pack(name: string, version: string, ...rules: RuleItem[]): MergeInput['packs'][number] {
  return { feature: 'sigma', pack: name, channel: 'stable', version, rules };
}

function local(...items: [RuleItem, string][]): CustomRules {
  return { ...noCustomRules, items: items.map(([item, file]): LocalItem => ({ ...item, file })) };
}

function merge(packs: MergeInput['packs'], custom = noCustomRules, remembered: MergeInput['remembered'] = []) {
  return mergeRules({ packs, custom, remembered });
}

function used({ rules }: ReturnType<typeof mergeRules>): string[] {
  return rules.map(({ id, source }) => `${id.slice(0, 1)} ${source.file ?? source.pack ?? ''}`);
}

describe('merging', () => {
  test('every rule knows pack, version and file', () => {
    const merged = merge([pack('core', '1.0', sigma(first, 'One'))], local([sigma(second, 'Two'), 'sigma/two.yml']));
    expect(merged.rules.map(({ source }) => source)).toEqual([
      { origin: 'pack', pack: 'sigma/core/stable', version: '1.0', file: null },
      { origin: 'custom', pack: null, version: null, file: 'sigma/two.yml' },
    ]);
  });

  test('a local rule with the id of a pack’s rule replaces it, in every pack', () => {
    const merged = merge(
      [pack('core', '1', sigma(first, 'One'), sigma(second, 'Two')), pack('more', '2', sigma(first, 'One too'))],
      local([sigma(first, 'Mine'), 'mine.yml']),
    );
    expect(used(merged)).toEqual(['2 sigma/core/stable', '1 mine.yml']);
    expect(merged.overrides).toMatchObject([{ id: first, file: 'mine.yml', upstreamChanged: false }]);
    expect(merged.overrides[0]?.replaces.map(({ pack }) => pack)).toEqual(['sigma/core/stable', 'sigma/more/stable']);
  });

  test('packs do not reach across: one id in two packs is two rules', () => {
    const merged = merge([pack('core', '1', sigma(first, 'One')), pack('more', '1', sigma(first, 'Other'))]);
    expect(used(merged)).toEqual(['1 sigma/core/stable', '1 sigma/more/stable']);
    expect(merged.overrides).toEqual([]);
  });

  test('the disable list takes rules away, wherever they are from, and says what it did', () => {
    const place = { file: 'disabled-rules.txt', line: 3 };
    const disabled = [
      { id: first, reason: 'too loud', place },
      { id: third, place },
    ];
    const merged = merge([pack('core', '1', sigma(first, 'One')), pack('more', '1', sigma(first, 'One'))], {
      ...noCustomRules,
      disabled,
    });
    expect(merged.rules).toEqual([]);
    expect(merged.disabled).toMatchObject([
      { id: first, reason: 'too loud', rules: [{ pack: 'sigma/core/stable' }, { pack: 'sigma/more/stable' }] },
      { id: third, reason: null, place, rules: [] },
    ]);
  });

  test('faults of the folder come along', () => {
    const fault = { code: 'x', message: 'm', place: { file: 'a.yml', line: 1 }, severity: 'error' } as const;
    expect(merge([], { ...noCustomRules, faults: [fault] }).faults).toEqual([fault]);
  });
});

describe('filters', () => {
  const filter = (rules: string) =>
    sigma(filterId, 'Not the build hosts', `filter: { rules: ${rules}, sel: { Host: build }, condition: not sel }`);
  const packs = [pack('core', '1', sigma(first, 'One')), pack('more', '1', sigma(first, 'One'), sigma(second, 'Two'))];

  test('a local one narrows the rules that it names, in every pack', () => {
    const merged = merge(packs, local([filter(`[${first}]`), 'filter.yml']));
    expect(merged.filters).toMatchObject([{ source: { file: 'filter.yml' }, rules: [first, first] }]);
  });

  test('a pack’s own narrows its own rules only', () => {
    const merged = merge([...packs, pack('quiet', '1', filter('any'), sigma(third, 'Three'))]);
    expect(merged.filters).toMatchObject([{ source: { pack: 'sigma/quiet/stable' }, rules: [third] }]);
  });

  test('any means the rules of its log source', () => {
    const linux = sigma(second, 'Linux');
    if (linux.kind !== 'sigma' || !('detection' in linux.rule)) throw new Error('no detection');
    const rule = { ...linux.rule, logsource: { ...linux.rule.logsource, product: 'linux' } };
    const other: RuleItem = { ...linux, rule, line: canonicalJson(rule) };
    const merged = merge([pack('core', '1', sigma(first, 'One'), other)], local([filter('any'), 'f.yml']));
    expect(merged.filters).toMatchObject([{ rules: [first] }]);
  });
});

describe('upstream changed under your override', () => {
  const mine = local([sigma(first, 'Mine'), 'mine.yml']);
  const before = merge([pack('core', '1', sigma(first, 'One'))], mine);

  test('not while the pack’s rule is the one that it was written over', () => {
    const merged = merge([pack('core', '2', sigma(first, 'One'))], mine, before.remember);
    expect(merged.overrides).toMatchObject([{ upstreamChanged: false }]);
  });

  test('when the pack has another rule, until the local one is written anew', () => {
    const newer = [pack('core', '2', sigma(first, 'One, better'))];
    const changed = merge(newer, mine, before.remember);
    expect(changed.overrides).toMatchObject([{ upstreamChanged: true }]);
    expect(merge(newer, mine, changed.remember).overrides).toMatchObject([{ upstreamChanged: true }]);

    const rewritten = merge(newer, local([sigma(first, 'Mine, better'), 'mine.yml']), changed.remember);
    expect(rewritten.overrides).toMatchObject([{ upstreamChanged: false }]);
  });
});
