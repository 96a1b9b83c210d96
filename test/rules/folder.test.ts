import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadRuleFolder, maxListBytes, maxYamlBytes, type RuleFile } from '../../rules/folder.js';
import { expectCode } from '../support/expect-code.js';

const sigma = (id: string, title = 'A rule') => `title: ${title}
id: ${id}
status: test
description: Detects a word
author: yms project
date: 2026-01-01
logsource:
    category: process_creation
detection:
    selection:
        field: value
    condition: selection
level: low
`;
const first = '6e0c3a55-61c7-4c0e-9a51-0d3f5d0b7a01';
const second = '6e0c3a55-61c7-4c0e-9a51-0d3f5d0b7a02';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-folder-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
}

const summary = ({ file, kind, items, faults }: RuleFile) =>
  `${file} ${kind} ${items.length}${faults.map(({ code }) => ` ${code}`).join('')}`;
const load = async () => (await loadRuleFolder(folder)).files.map(summary);

test('every kind of file is read, in the order of its names', async () => {
  await write({
    'sigma/b.yml': sigma(first),
    'sigma/b.samples.yaml': 'positive: []\n',
    'a-c2-iocs.txt': 'evil.example\n',
    'my-trusted-hashes.txt': 'd41d8cd98f00b204e9800998ecf8427e\n',
    'pools/x.yaml': 'pools:\n  - { pool: A, host: pool.example, source: test }\n',
    'disabled-rules.txt': `# comment\n${second.toUpperCase()}  # noisy here\ndomain:evil.example\nnonsense\n`,
    'vendor.yms': 'yms1\n',
    'README.md': '# no rule',
    '.hidden/c2.txt': 'x.example',
    'notes.txt': 'no tag',
    'thor.yar': 'rule a {}',
  });
  const read = await loadRuleFolder(folder);
  expect(read.files.map(summary)).toEqual([
    'a-c2-iocs.txt ioc 1',
    'disabled-rules.txt disable-list 0 disabled-id',
    'my-trusted-hashes.txt ioc 1',
    'notes.txt other 0 tag-missing',
    'pools/x.yaml pool 1',
    'sigma/b.yml sigma 1',
    'thor.yar other 0 kind-unsupported',
    'vendor.yms pack 0',
  ]);
  expect(read.disabled).toEqual([
    { id: second, reason: 'noisy here', place: { file: 'disabled-rules.txt', line: 2, column: 1 } },
    { id: 'domain:evil.example', place: { file: 'disabled-rules.txt', line: 3, column: 1 } },
  ]);
  expect(read.trusted).toMatchObject([{ type: 'md5', role: 'trusted' }]);
});

test('one broken file of each kind is named and the others load', async () => {
  await write({
    'bad.yml': 'title: [unclosed\n',
    'bad-hash.txt': 'not a hash\n',
    'binary-c2.txt': Buffer.from([0x61, 0x0a, 0, 1, 2]),
    'latin-c2.txt': Buffer.from('ok.example\n# caf\xe9\n', 'latin1'),
    'pools.yaml': 'pools: 5\n',
    'good.yml': sigma(first),
  });
  const { files } = await loadRuleFolder(folder);
  expect(files.map(summary)).toEqual([
    'bad-hash.txt ioc 0 value-invalid',
    expect.stringMatching(/^bad\.yml sigma 0 yaml-syntax/),
    'binary-c2.txt other 0 file-binary',
    'good.yml sigma 1',
    'latin-c2.txt other 0 file-encoding',
    'pools.yaml pool 0 list-shape',
  ]);
  expect(files[4]?.faults[0]).toMatchObject({
    message: 'file: expected UTF-8, got byte 0xe9',
    place: { line: 2, column: 6 },
  });
});

test('a file beyond the limit is named without being read', async () => {
  await write({ 'huge-c2.txt': '', 'huge.yml': '' });
  await truncate(join(folder, 'huge-c2.txt'), maxListBytes + 1);
  await truncate(join(folder, 'huge.yml'), maxYamlBytes + 1);
  expect(await load()).toEqual(['huge-c2.txt other 0 file-too-large', 'huge.yml other 0 file-too-large']);
});

test('feeds are told by their content', async () => {
  await write({
    'a.csv': 'type,value\ndomain,a.example\n',
    'b.csv': 'name,age\n',
    'c.json':
      '{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","pattern":"[domain-name:value = \'c.example\']"}]}',
    'd.json': '{"Event":{"Attribute":[{"type":"domain","value":"d.example","to_ids":true}]}}',
    'e.json': '{}',
  });
  expect(await load()).toEqual([
    'a.csv ioc 1',
    'b.csv other 0 feed-unknown',
    'c.json ioc 1',
    'd.json ioc 1',
    'e.json other 0 feed-unknown',
  ]);
});

test('UTF-16 with its mark is read', async () => {
  await write({ 'c2.txt': Buffer.from('\uFEFFevil.example\r\n', 'utf16le') });
  expect(await load()).toEqual(['c2.txt ioc 1']);
});

test('an id that an earlier file has is left out', async () => {
  await write({
    'a.yml': sigma(first),
    'b.yml': `${sigma(second)}---\n${sigma(first, 'Again')}`,
    'a-c2.txt': 'x.example',
    'b-c2.txt': 'x.example',
  });
  const { files } = await loadRuleFolder(folder);
  expect(files.map(summary)).toEqual([
    'a-c2.txt ioc 1',
    'a.yml sigma 1',
    'b-c2.txt ioc 0 id-taken',
    'b.yml sigma 1 id-taken',
  ]);
  expect(files[3]?.faults[0]).toMatchObject({ severity: 'error', place: { file: 'b.yml' } });
});

test('what a file trusts is trusted, whatever the files are called', async () => {
  for (const [bad, good] of [
    ['a-c2.txt', 'z-trusted-domains.txt'],
    ['z-c2.txt', 'a-trusted-domains.txt'],
  ] as const) {
    await write({ [bad]: 'x.example\ny.example', [good]: 'x.example' });
    const { files } = await loadRuleFolder(folder);
    const of = (name: string) => files.find(({ file }) => file === name);
    expect(of(good)?.items).toMatchObject([{ id: 'domain:x.example', value: { role: 'trusted' } }]);
    expect(of(bad)?.items.map(({ id }) => id)).toEqual(['domain:y.example']);
    expect(of(bad)?.faults).toMatchObject([{ code: 'id-taken', severity: 'warning' }]);
    expect(of(bad)?.faults[0]?.message).toContain(good);
    await rm(join(folder, bad));
    await rm(join(folder, good));
  }
});

test('a table that looks like a list and is not read is an error, another table a warning', async () => {
  await write({
    'a.csv': 'md5,name\nd41d8cd98f00b204e9800998ecf8427e,a\n',
    'b.csv': 'name,age\na,1\n',
    'c.json': '{"iocs":[]}',
  });
  const { files } = await loadRuleFolder(folder);
  expect(files.map(({ file, faults }) => `${file} ${faults[0]?.severity ?? ''} ${faults[0]?.code ?? ''}`)).toEqual([
    'a.csv error feed-unknown',
    'b.csv warning feed-unknown',
    'c.json error feed-unknown',
  ]);
});

test('a NUL costs a list its line', async () => {
  const lines = Array.from({ length: 9 }, (_, at) => `host${at}.example`);
  await write({ 'c2.txt': [...lines, 'bad\0.example', 'last.example'].join('\n') });
  expect(await load()).toEqual(['c2.txt ioc 10 control-character']);
});

test('links out of the folder, to folders and to nothing are refused, links inside are followed', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'yms-outside-'));
  await writeFile(join(outside, 'secret-c2.txt'), 'secret.example');
  await write({ 'in/real-c2.txt': 'x.example' });
  await symlink(join(outside, 'secret-c2.txt'), join(folder, 'a-c2.txt'));
  await symlink('in/real-c2.txt', join(folder, 'b-c2.txt'));
  await symlink('nowhere', join(folder, 'c-c2.txt'));
  await symlink('in', join(folder, 'd'));
  await symlink('..', join(folder, 'in', 'loop'));
  execFileSync('mkfifo', [join(folder, 'e-c2.txt')]);
  expect(await load()).toEqual([
    'a-c2.txt other 0 link-outside',
    'b-c2.txt ioc 1',
    'c-c2.txt other 0 link-broken',
    'd other 0 link-folder',
    'e-c2.txt other 0 file-special',
    'in/loop other 0 link-folder',
    'in/real-c2.txt ioc 0 id-taken',
  ]);
  await rm(outside, { recursive: true });
});

test('only accepted files are read', async () => {
  await write({ 'a-c2.txt': 'x.example', 'b-c2.txt': 'y.example' });
  const { files } = await loadRuleFolder(folder, { accepts: (file) => file.startsWith('b') });
  expect(files.map(summary)).toEqual(['b-c2.txt ioc 1']);
});

test('no folder, or a file in its place', async () => {
  await expectCode('folder-missing', () => loadRuleFolder(join(folder, 'none')));
  await write({ file: 'x' });
  await expectCode('folder-missing', () => loadRuleFolder(join(folder, 'file')));
});
