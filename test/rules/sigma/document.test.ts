import { describe, expect, test } from 'vitest';
import { maxFileLength, parseDocuments, type Node } from '../../../rules/sigma/document.js';
import { FaultLog } from '../../../rules/sigma/faults.js';

const parse = (text: string) => {
  const log = new FaultLog(text, 'rule.yml');
  const documents = parseDocuments(text, log);
  return { documents, faults: log.faults, codes: log.faults.map((fault) => fault.code) };
};

const plain = (node: Node): unknown => {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plain(entry.value)]));
};

describe('YAML', () => {
  test('documents of one file, empty ones skipped', () => {
    const { documents, codes } = parse('a: 1\n---\n---\nb: [x, y]\n...\n');
    expect(documents.map(plain)).toEqual([{ a: 1 }, { b: ['x', 'y'] }]);
    expect(codes).toEqual([]);
  });

  test('scalars: core schema, dates as text, digits that a number would lose as text', () => {
    const [document] = parse(
      '[1, 1.5, 0x10, true, yes, null, ~, 2024-01-02, 00429, 0777, 0, 0.5, 12345678901234567890]',
    ).documents;
    expect(document && plain(document)).toEqual([
      1,
      1.5,
      16,
      true,
      'yes',
      null,
      null,
      '2024-01-02',
      '00429',
      '0777',
      0,
      0.5,
      '12345678901234567890',
    ]);
  });

  test('keys are text, whatever they look like', () => {
    expect(parse('1: a\ntrue: b\nnull: c\n"": d\n').documents.map(plain)).toEqual([
      { 1: 'a', true: 'b', null: 'c', '': 'd' },
    ]);
  });

  test('anchors and aliases are followed', () => {
    expect(parse('a: &x [1, 2]\nb: *x\n').documents.map(plain)).toEqual([{ a: [1, 2], b: [1, 2] }]);
  });
});

describe('faults', () => {
  test.each<[string, string, number, number]>([
    ['a: 1\na: 2\n', 'yaml-duplicate-key', 2, 1],
    ['a:\n  b: 1\n  b: 2\n', 'yaml-duplicate-key', 3, 3],
    ['a: &x {b: 1}\nc:\n  <<: *x\n', 'yaml-merge-key', 3, 3],
    ['? [1, 2]\n: x\n', 'yaml-key', 1, 3],
    ['a: *nothing\n', 'yaml-alias', 1, 4],
    ['a: !custom 1\n', 'yaml-tag', 1, 4],
    ['a: "open\n', 'yaml-syntax', 2, 1],
    ['a: b: c\n', 'yaml-syntax', 1, 4],
    ['a: "\\ud800"\n', 'yaml-syntax', 1, 4],
    ['"\\ud800": a\n', 'yaml-syntax', 1, 1],
  ])('%j: %s at %i:%i', (text, code, line, column) => {
    const { documents, faults } = parse(text);
    expect(faults[0]).toMatchObject({ code, place: { file: 'rule.yml', line, column }, severity: 'error' });
    expect(documents).toEqual([]);
  });

  test('a broken document leaves the others', () => {
    const { documents, codes } = parse('a: 1\na: 2\n---\nb: 1\n');
    expect(documents.map(plain)).toEqual([{ b: 1 }]);
    expect(codes).toEqual(['yaml-duplicate-key']);
  });
});

describe('bombs', () => {
  test('aliases that grow tenfold a level', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    expect(parse(lines.join('\n')).codes).toEqual(['yaml-size']);
  });

  test('an alias inside its own anchor', () => {
    expect(parse('a: &x [*x]\n').codes).toEqual(['yaml-depth']);
  });

  test('deep flow and deep block nesting', () => {
    expect(parse('['.repeat(100_000)).codes).toEqual(['yaml-depth']);
    expect(parse(`${'['.repeat(100)}${']'.repeat(100)}`).codes).toEqual(['yaml-depth']);
    expect(parse('- '.repeat(50_000)).codes).toContain('yaml-depth');
    expect(parse(Array.from({ length: 1200 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')).codes).toContain(
      'yaml-depth',
    );
  });

  test('a file beyond its size, and many keys in good time', () => {
    expect(parse(' '.repeat(maxFileLength + 1)).codes).toEqual(['yaml-size']);
    const keys = Array.from({ length: 50_000 }, (_, index) => `k${index}: v`).join('\n');
    expect(parse(keys).documents).toHaveLength(1);
  });
});
