import { describe, expect, test } from 'vitest';
import {
  encodeItem,
  encodeLines,
  type Item,
  maxIdBytes,
  maxLineBytes,
  parseLines,
  sortItems,
} from '../../packs/item.js';
import { expectCode } from '../support/expect-code.js';

describe('encodeItem', () => {
  test('writes canonical JSON and keeps the id that is there', () => {
    expect(encodeItem('sigma', 'a', { title: 'A', id: 'a' })).toEqual({
      kind: 'sigma',
      id: 'a',
      line: '{"id":"a","title":"A"}',
    });
  });

  test('adds the id that is missing', () => {
    expect(encodeItem('ioc', 'domain:a.example', { score: 1 }).line).toBe('{"id":"domain:a.example","score":1}');
  });

  test('refuses what no reader would take', async () => {
    await expectCode('item-malformed', () => encodeItem('sigma', 'a', { id: 'b' }));
    await expectCode('item-malformed', () => encodeItem('sigma', 'a', ['a']));
    await expectCode('item-malformed', () => encodeItem('sigma', 'a', 'a'));
    await expectCode('item-malformed', () => encodeItem('sigma', 'a', null));
    await expectCode('item-malformed', () => encodeItem('sigma', '', {}));
    await expectCode('item-malformed', () => encodeItem('sigma', 'a\nb', {}));
    await expectCode('item-malformed', () => encodeItem('sigma', '\u009b2J', {}));
    await expectCode('item-malformed', () => encodeItem('sigma', 'ä'.repeat(maxIdBytes / 2 + 1), {}));
    await expectCode('item-malformed', () => encodeItem('sigma', 'a', { text: 'x'.repeat(maxLineBytes) }));
    expect(encodeItem('sigma', 'ä'.repeat(maxIdBytes / 2), {}).id).toHaveLength(maxIdBytes / 2);
  });
});

describe('sortItems', () => {
  test('sorts by kind, then by the UTF-8 bytes of the id', () => {
    const ids = ['𝄞', '～', 'b', 'a', 'B'];
    const items = [...ids.map((id) => encodeItem('ioc', id, {})), encodeItem('attribution', 'z', {})];
    expect(sortItems(items).map(({ id }) => id)).toEqual(['z', 'B', 'a', 'b', '～', '𝄞']);
  });

  test('takes one id in two kinds, but not twice in one', async () => {
    const items = [encodeItem('ioc', 'a', {}), encodeItem('pool', 'a', {})];
    expect(sortItems(items)).toHaveLength(2);
    await expectCode('item-duplicate', () => sortItems([...items, encodeItem('ioc', 'a', { score: 2 })]));
  });
});

describe('parseLines', () => {
  const items: Item[] = ['a', 'b', 'c'].map((id) => encodeItem('sigma', id, { title: `äöü ${id}` }));

  test('reads what encodeLines writes', () => {
    expect(parseLines('sigma', encodeLines(items), 'sigma.jsonl')).toEqual(items);
  });

  test('names the file and the line of a fault', async () => {
    const swapped = encodeLines(items.toReversed());
    const error = await expectCode('item-order', () => parseLines('sigma', swapped, 'sigma.jsonl'));
    expect(error.place).toEqual({ file: 'sigma.jsonl', line: 2 });
    const broken = Buffer.from('{"id":"a"}\n{"id":"b",}\n');
    expect((await expectCode('item-malformed', () => parseLines('ioc', broken, 'iocs.jsonl'))).place).toEqual({
      file: 'iocs.jsonl',
      line: 2,
    });
  });

  test('refuses an inherited id', async () => {
    await expectCode('item-malformed', () =>
      parseLines('ioc', Buffer.from('{"__proto__":{"id":"a"}}\n'), 'iocs.jsonl'),
    );
  });

  test('refuses bytes that are no UTF-8', async () => {
    await expectCode('item-malformed', () => parseLines('ioc', Buffer.from('{"id":"\xff"}\n', 'latin1'), 'iocs.jsonl'));
  });
});
