import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { loadDocument, saveDocument, stateMaxBytes } from '../../../scanner/state/home.js';
import { expectCode } from '../../support/expect-code.js';

const schema = z.strictObject({ word: z.string().regex(/^[a-z]*$/) });
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-home-'));
  path = join(folder, 'state.json');
  await saveDocument(path, schema, { word: 'old' });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a state document is loaded as it was saved', async () => {
  expect(await loadDocument(path, schema)).toEqual({ word: 'old' });
  expect(await loadDocument(join(folder, 'none.json'), schema)).toBeNull();
});

test.each([
  ['of another form', { word: 'NEW' }],
  ['that is longer than is read', { word: 'a'.repeat(stateMaxBytes) }],
])('a document %s is not saved over one that loads', async (_, document) => {
  await expectCode('state-malformed', () => saveDocument(path, schema, document));
  expect(await readFile(path, 'utf8')).toBe('{"word":"old"}\n');
  expect(await readdir(folder)).toEqual(['state.json']);
});
