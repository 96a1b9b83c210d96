import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeItem } from '../../../packs/item.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import { Ruleset } from '../../../rules/sigma/ruleset.js';
import { decodeItems, isRule, type RuleItem } from '../../../scanner/active/decode.js';
import { noCustomRules } from '../../../scanner/merge/custom.js';
import { mergeRules } from '../../../scanner/merge/merge.js';
import { type MergedRule, reachOf } from '../../../scanner/merge/merged-rule.js';
import { makeEvent } from '../../rules/sigma/make-event.js';

/** What `yms merge` says of filters is what the engine does: both ways, for rules of packs and local ones. */

interface Written {
  readonly home: 'core' | 'more' | 'local';
  readonly product: string;
  readonly category: string;
}
interface WrittenFilter extends Written {
  /** `any`, or numbers of rules, each by its id or its name. */
  readonly names: 'any' | readonly (readonly [rule: number, by: 'id' | 'name'])[];
}

const ruleCount = 4;
const written = {
  home: fc.constantFrom('core', 'more', 'local'),
  product: fc.constantFrom('', 'windows', 'Windows', 'linux'),
  category: fc.constantFrom('process_creation', 'Process_Creation', 'file_event'),
} as const;
const writtenRule = fc.record<Written>(written);
const writtenFilter = fc.record<WrittenFilter>({
  ...written,
  names: fc.oneof(
    fc.constant('any' as const),
    fc.array(fc.tuple(fc.nat(ruleCount - 1), fc.constantFrom('id', 'name')), { minLength: 1, maxLength: 2 }),
  ),
});

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function sigma(id: string, { product, category }: Written, rest: string): RuleItem {
  const logsource = `logsource: { category: ${category}${product === '' ? '' : `, product: ${product}`} }`;
  return compiled(id, `id: ${id}\ntitle: T\n${logsource}\n${rest}\n`);
}

function compiled(id: string, text: string): RuleItem {
  const { rules } = compileSigmaFile(text, 'test.yml');
  const items = rules.map(({ value }) => encodeItem('sigma', id, value));
  return decodeItems(items, 'test').filter(isRule)[0] ?? expect.unreachable(text);
}

function merged(items: readonly (readonly [Written['home'], RuleItem])[]) {
  const packs = (['core', 'more'] as const).map((pack) => {
    const rules = items.filter(([home]) => home === pack).map(([, item]) => item);
    return { feature: 'sigma', pack, channel: 'stable', version: '1', rules };
  });
  const local = items.filter(([home]) => home === 'local').map(([, item]) => ({ ...item, file: 'mine.yml' }));
  return mergeRules({ packs, custom: { ...noCustomRules, items: local }, remembered: [] });
}

/** Whether the rule is silent about an event that it matches and the filter excludes. */
function isNarrowed(rules: readonly MergedRule[], id: string, filterId: string): boolean {
  const entries = [id, filterId].map((wanted) => {
    const rule = rules.find((one) => one.id === wanted);
    return rule?.kind === 'sigma' ? { rule: rule.rule, pack: reachOf(rule) } : expect.unreachable(wanted);
  });
  const event = makeEvent({ Image: 'a.exe', Host: 'build' });
  const [count, filtered] = [entries.slice(0, 1), entries].map(
    (some) => new Ruleset(some, { logSources: [{ sources: ['File:*'] }] }).match(event).length,
  );
  expect(count).toBe(1);
  return filtered === 0;
}

describe('merge.filters', () => {
  test('are what the engine narrows', () => {
    let narrowedCount = 0;
    const rules = fc.array(writtenRule, { minLength: ruleCount, maxLength: ruleCount });
    fc.assert(
      fc.property(rules, fc.array(writtenFilter, { minLength: 1, maxLength: 3 }), (all, filters) => {
        const { filters: told, rules: inUse } = merged([
          ...all.map((one, number) => {
            const rest = `name: rule_${number}\ndetection: { sel: { Image: a.exe }, condition: sel }`;
            return [one.home, sigma(idOf(number), one, rest)] as const;
          }),
          ...filters.map((filter, at) => {
            const list = (by: readonly (readonly [number, string])[]) =>
              `[${by.map(([rule, how]) => (how === 'id' ? idOf(rule) : `rule_${rule}`)).join(', ')}]`;
            const named = typeof filter.names === 'string' ? 'any' : list(filter.names);
            const rest = `filter: { rules: ${named}, sel: { Host: build }, condition: not sel }`;
            return [filter.home, sigma(idOf(100 + at), filter, rest)] as const;
          }),
        ]);
        for (const [at] of filters.entries()) {
          const narrowed = all.flatMap((_, number) =>
            isNarrowed(inUse, idOf(number), idOf(100 + at)) ? [idOf(number)] : [],
          );
          const { rules: reached } = told.find(({ id }) => id === idOf(100 + at)) ?? expect.unreachable();
          expect([...reached].sort()).toEqual(narrowed);
          narrowedCount += narrowed.length;
        }
      }),
      { numRuns: 100 },
    );
    expect(narrowedCount).toBeGreaterThan(20);
  });

  test('name no correlation: it has no log source, and the engine filters what it counts', () => {
    const windows: Written = { home: 'local', product: 'windows', category: 'process_creation' };
    const rule = sigma(idOf(1), windows, 'name: counted\ndetection: { sel: { Image: a.exe }, condition: sel }');
    const correlation = compiled(
      idOf(2),
      `id: ${idOf(2)}\ntitle: C\nname: counting\ncorrelation: { type: event_count, rules: [counted], group-by: [Host], timespan: 1m, condition: { gte: 2 } }\n`,
    );
    const filter = sigma(idOf(3), windows, 'filter: { rules: [counting], sel: { Host: build }, condition: not sel }');
    const both = merged([rule, correlation, filter].map((item) => ['local', item] as const));
    expect(both.filters).toMatchObject([{ id: idOf(3), rules: [] }]);
  });
});
