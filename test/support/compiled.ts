/**
 * Before the tests: compiles into `dist/` what is newer in the sources, so that commands and threads run as users run
 * them, and `npx vitest run FILE` needs no build before. esbuild takes the types away; it does not check them.
 */
import { build } from 'esbuild';
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const rooms = ['base', 'keys', 'events', 'rules', 'packs', 'builder', 'server', 'scanner', 'cli'];

export default async function compileSources(): Promise<void> {
  const sources = (await Promise.all(rooms.map(sourcesOf))).flat();
  const changed = sources.filter(
    (source) => modifiedMs(join(root, source)) > modifiedMs(join(root, 'dist', source.replace(/ts$/, 'js'))),
  );
  if (changed.length === 0) return;
  await build({
    absWorkingDir: root,
    entryPoints: changed,
    outbase: '.',
    outdir: 'dist',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'error',
  });
}

async function sourcesOf(room: string): Promise<string[]> {
  const names = await readdir(join(root, room), { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(room, name));
}

/** 0 when there is no such file. */
function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
