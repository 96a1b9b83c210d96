/** Holds the arrows of docs/architecture.md: who may import whom. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const house = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  keys: ['base'],
  events: ['base'],
  rules: ['base', 'events'],
  packs: ['base', 'keys'],
  builder: ['base', 'keys', 'rules', 'events', 'packs'],
  server: ['base', 'keys', 'packs'],
  scanner: ['base', 'keys', 'rules', 'events', 'packs'],
  cli: ['base', 'keys', 'rules', 'events', 'packs', 'builder', 'server', 'scanner'],
};

/**
 * The rooms inside the three programs, from the top down: a file imports from its own room and from the lines below it.
 * Rooms on one line know nothing of each other. A file that stands in no room is named itself.
 */
const floors: Readonly<Record<string, readonly (readonly string[])[]>> = {
  server: [
    ['main.ts'],
    ['app.ts', 'jobs.ts', 'folder'],
    ['console'],
    ['http'],
    ['reports'],
    ['licensing'],
    ['access'],
    ['repository'],
    ['audit'],
    ['deps.ts'],
    ['blobs', 'config.ts', 'input', 'limits', 'log.ts', 'metrics.ts'],
    ['records'],
    ['actor'],
    ['error.ts'],
  ],
  scanner: [
    ['offline', 'scan'],
    ['elements', 'update'],
    ['findings'],
    ['merge'],
    ['active'],
    ['license'],
    ['follow'],
    ['state', 'input'],
    ['error.ts'],
  ],
  builder: [
    ['release'],
    ['published'],
    ['workspace.ts'],
    ['feeds'],
    ['compile', 'ceremony'],
    ['sources'],
    ['config'],
    ['error.ts'],
  ],
};

/** Packages that stand behind exactly one file, so that they can be replaced there. */
const keptBehind: Readonly<Record<string, RegExp>> = {
  'libsodium-wrappers': /^keys\/sodium\.ts$/,
  express: /^server\//,
  commander: /^cli\//,
};

/** Makes signatures: for those who publish, never for an endpoint or for what it loads. */
const signing = 'keys/signing.ts';
const maySign = ['keys', 'builder', 'server', 'cli'];

async function sources(room: string): Promise<string[]> {
  const entries = await readdir(join(house, room), { recursive: true });
  return entries.filter((name) => name.endsWith('.ts')).map((name) => join(room, name));
}

/** Every module that a file names, static or dynamic, type or value: `base/bytes.ts` for our own, else as written. */
function imports(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(house, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith('.')
      ? relative(house, resolve(house, dirname(file), fileName)).replace(/\.js$/, '.ts')
      : fileName,
  );
}

/** Files that look into messages by regular expression, since nothing else says what they need: whose messages these are. */
const foreignMessages: Readonly<Record<string, string>> = {
  'packs/document.ts': 'zod',
  'rules/ioc/pattern.ts': 're2js',
  'scanner/input/libarchive.ts': 'messages of libarchive, whose codes do not tell a method from damage',
  'server/records/postgres.ts': 'the driver of PostgreSQL',
};

const rooms = Object.keys(mayImport);
const files = (await Promise.all(rooms.map(sources))).flat();
const graph = new Map(files.map((file) => [file, imports(file)]));
const roomOf = (file: string) => file.split('/')[0] ?? '';

function reachable(start: readonly string[]): Set<string> {
  const seen = new Set(start);
  for (const file of seen) for (const next of graph.get(file) ?? []) if (graph.has(next)) seen.add(next);
  return seen;
}

describe('the rooms', () => {
  test('are all there', () => {
    for (const room of rooms)
      expect(
        files.filter((file) => roomOf(file) === room),
        room,
      ).not.toHaveLength(0);
  });

  test('no file imports itself round a circle, types included', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const follow = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (path.includes(file) || done.has(file)) return;
      for (const next of graph.get(file) ?? []) if (graph.has(next)) follow(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) follow(file, []);
    expect(circles).toEqual([]);
  });

  test.each(rooms)('%s imports only the rooms below it', (room) => {
    const wrong = files
      .filter((file) => roomOf(file) === room)
      .flatMap((file) =>
        (graph.get(file) ?? [])
          .filter((target) => rooms.includes(roomOf(target)) && roomOf(target) !== room)
          .filter((target) => !mayImport[room]?.includes(roomOf(target)))
          .map((target) => `${file} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(floors))(
    '%s: files stand in rooms, and arrows between these run downward',
    (room, order) => {
      const own = files.filter((file) => roomOf(file) === room);
      const innerRoomOf = (file: string) => file.split('/')[1] ?? '';
      const floorOf = (file: string) => order.findIndex((names) => names.includes(innerRoomOf(file)));
      expect(
        own.filter((file) => floorOf(file) === -1),
        'stand in no room',
      ).toEqual([]);
      const upward = own.flatMap((file) =>
        (graph.get(file) ?? [])
          .filter((target) => roomOf(target) === room && innerRoomOf(target) !== innerRoomOf(file))
          .filter((target) => floorOf(target) <= floorOf(file))
          .map((target) => `${file} → ${target}`),
      );
      expect(upward).toEqual([]);
      const unused = order.flat().filter((name) => !own.some((file) => innerRoomOf(file) === name));
      expect(unused, 'rooms without a file').toEqual([]);
    },
  );

  test('base stands on Node.js alone', () => {
    const foreign = files
      .filter((file) => roomOf(file) === 'base')
      .flatMap((file) => (graph.get(file) ?? []).filter((target) => !target.startsWith('node:') && !graph.has(target)));
    expect(foreign).toEqual([]);
  });

  test('only publishers reach the file that signs, also through others', () => {
    for (const room of rooms.filter((name) => !maySign.includes(name))) {
      const reached = reachable(files.filter((file) => roomOf(file) === room));
      expect(reached.has(signing), `${room} reaches ${signing}`).toBe(false);
    }
  });

  test.each(Object.entries(keptBehind))('%s is imported in its own place only', (name, place) => {
    const users = files.filter((file) =>
      graph.get(file)?.some((target) => target === name || target.startsWith(`${name}/`)),
    );
    expect(users).not.toHaveLength(0);
    expect(users.filter((file) => !place.test(file))).toEqual([]);
  });

  test('no regular expression reads a message of ours', () => {
    const reads =
      /\.(?:exec|test)\([^()]*\.message\b|\.message\.(?:match|matchAll|replace|replaceAll|search|split)\(\//;
    const readers = files.filter((file) => reads.test(readFileSync(join(house, file), 'utf8')));
    expect(readers.sort()).toEqual(Object.keys(foreignMessages).sort());
  });

  test('nobody but base/http fetches', () => {
    const fetchers = files.filter((file) => {
      const foreign =
        graph.get(file)?.some((target) => ['node:http', 'node:https', 'undici'].includes(target)) ?? false;
      const calls = /(?<![\w.#])fetch\(/.test(readFileSync(join(house, file), 'utf8'));
      return (foreign && roomOf(file) !== 'server') || calls;
    });
    expect(fetchers).toEqual(['base/http.ts']);
  });
});
