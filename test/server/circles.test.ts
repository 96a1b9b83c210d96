import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const room = resolve(dirname(fileURLToPath(import.meta.url)), '../../server');

function imports(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(room, file), 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => relative(room, resolve(room, dirname(file), fileName)).replace(/\.js$/, '.ts'));
}

/** The console's pages link to one another, and are looked after by themselves. */
test('no file of the server imports itself round a circle, types included', async () => {
  const files = (await readdir(room, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !/^console\//.test(name),
  );
  const graph = new Map(files.map((file) => [file, imports(file).filter((target) => files.includes(target))]));
  const done = new Set<string>();
  const circles: string[] = [];
  const follow = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (path.includes(file) || done.has(file)) return;
    for (const next of graph.get(file) ?? []) follow(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) follow(file, []);
  expect(files.length).toBeGreaterThan(100);
  expect(circles).toEqual([]);
});
