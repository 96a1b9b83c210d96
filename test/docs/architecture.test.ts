/** Pages that lead a newcomer through the code must not lead to files that have moved. */
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const codeFile =
  /(?<![\w/.-])((?:base|keys|events|rules|packs|builder|server|scanner|cli|test|bench|scripts)\/[\w./-]+\.(?:ts|mjs|md|sh))\b/g;
/** A suite as pages name it: a folder, a file without its ending, or all of a folder. */
const suite = /`(test\/[\w/-]+)(?:\/\*)?`/g;
const link = /\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g;

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'content/README.md',
  ...(await readdir(join(root, 'docs'), { recursive: true })).map((name) => `docs/${name}`),
  'bench/README.md',
].filter((name) => name.endsWith('.md'));

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');

  test('names only files that exist', () => {
    expect(found(text, codeFile).filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  test('names only suites that exist', () => {
    const missing = found(text, suite).filter(
      (name) => !['', '.test.ts', '.ts'].some((end) => existsSync(join(root, name + end))),
    );
    expect(missing).toEqual([]);
  });

  test('links only to files that exist', () => {
    const missing = found(text, link).filter((name) => !existsSync(join(root, dirname(page), name)));
    expect(missing).toEqual([]);
  });
});

test('the architecture page names a file of every room', () => {
  const named = found(readFileSync(join(root, 'docs/architecture.md'), 'utf8'), codeFile);
  const rooms = new Set(named.map((name) => name.split('/')[0]));
  for (const room of ['keys', 'events', 'rules', 'packs', 'builder', 'server', 'scanner', 'cli'])
    expect(rooms, room).toContain(room);
});

test('each decision has a number of its own, from 0001 on, and bears it', async () => {
  const names = (await readdir(join(root, 'docs/decisions'))).sort();
  const numbers = names.map((name) => name.slice(0, 4));
  expect(numbers).toEqual(names.map((_, index) => String(index + 1).padStart(4, '0')));
  for (const [index, name] of names.entries())
    expect(readFileSync(join(root, 'docs/decisions', name), 'utf8').slice(2, 6), name).toBe(numbers[index]);
});
