import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileRelease, sealRelease } from '../../builder/release/build.js';
import type { CompiledPack } from '../../builder/compile/compile.js';
import { loadConfig } from '../../builder/config/config.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import { openArchive, openPack, readPack, verifyPack } from '../../packs/pack.js';
import { expectBuilderError } from '../builder/support.js';

const compiledFolder = new URL('../../dist/builder/sources/source-folder.js', import.meta.url);
const sigmahq = process.env['SIGMAHQ_DIR'] ?? '';
const folders = [
  'rules',
  'rules-emerging-threats',
  'rules-threat-hunting',
  'rules-dfir',
  'rules-compliance',
  'rules-placeholder',
];
const configOf = (more: string) => `packs:
  all:
    feature: sigma
    pack: core
    license: DRL-1.1
    origin: https://github.com/SigmaHQ/sigma
    sources: [${folders.map((name) => `sigma/${name}`).join(', ')}]
${more}`;

async function compile(folder: string): Promise<CompiledPack> {
  const config = await loadConfig(join(folder, 'yms.yaml'));
  const [pack] = config.packs;
  if (!pack) return expect.fail('no pack');
  return (await compileRelease(config, pack)).compiled;
}

async function build(folder: string): Promise<{ compiled: CompiledPack; digest: string; archive: Buffer }> {
  const compiled = await compile(folder);
  const key = newSigningKey();
  const sealed = await sealRelease(compiled, {
    release: { version: '2026.07.01.1', sequence: 1 },
    createdAt: new Date(1_782_864_000_000), // SOURCE_DATE_EPOCH=1782864000
    signers: [signerOf(key)],
    recipients: [newSealingKey().publicKey],
    tests: null,
  });
  const unverified = readPack(sealed.bytes);
  if (!unverified) return expect.fail('no pack');
  const verified = verifyPack(unverified, { keys: [key.publicKey], threshold: 1 });
  const opened = await openPack(verified, sealed.contentKey);
  expect(opened.items.filter(({ kind }) => kind === 'sigma')).toHaveLength(compiled.rules.length);
  const archive = Buffer.from(await openArchive(verified, sealed.contentKey));
  return { compiled, digest: sealed.contentDigest, archive };
}

describe('all of SigmaHQ in one pack', () => {
  let home: string;
  beforeAll(async () => {
    expect(sigmahq, 'SIGMAHQ_DIR').not.toBe('');
    home = await mkdtemp(join(tmpdir(), 'yms-sigmahq-'));
    await mkdir(join(home, 'a'));
    await mkdir(join(home, 'somewhere/else'), { recursive: true });
    await symlink(sigmahq, join(home, 'a/sigma'));
    for (const name of folders)
      await cp(join(sigmahq, name), join(home, 'somewhere/else/sigma', name), { recursive: true });
    for (const folder of ['a', 'somewhere/else']) await writeFile(join(home, folder, 'yms.yaml'), configOf(''));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('every rule is in the pack or left out with its reason, and two folders give one archive', async () => {
    const first = await build(join(home, 'a'));
    const { compiled } = first;
    const everyFile = (
      await Promise.all(folders.map((name) => readdir(join(sigmahq, name), { recursive: true, withFileTypes: true })))
    )
      .flat()
      .filter((entry) => entry.isFile()).length;
    const inPack = new Set(compiled.rules.map(({ file }) => file));
    const leftOut = new Set(compiled.leftOut.map(({ file }) => file));
    expect(inPack.size + leftOut.size).toBe(everyFile);
    expect([...inPack].filter((file) => leftOut.has(file))).toEqual([]);
    const rulesLeftOut = compiled.leftOut.filter(({ file }) => file.endsWith('.yml'));
    expect(compiled.filesRead).toBe(inPack.size + rulesLeftOut.length);
    expect(rulesLeftOut.every(({ reason }) => reason.endsWith('(placeholder-unresolved)'))).toBe(true);
    expect(compiled.rules.length).toBeGreaterThan(3700);
    expect(rulesLeftOut.length).toBeLessThan(30);
    console.info(
      `${compiled.filesRead} files read, ${compiled.rules.length} rules in, ${compiled.leftOut.length} files left out:\n` +
        compiled.leftOut.map(({ file, reason }) => `  ${file}: ${reason}`).join('\n'),
    );

    const second = await build(join(home, 'somewhere/else'));
    expect(second.digest).toBe(first.digest);
    expect(second.archive.equals(first.archive)).toBe(true);
    expect(second.archive.includes(home)).toBe(false);
  });

  test('values for placeholders bring their rules in', async () => {
    await writeFile(join(home, 'a/yms.yaml'), configOf('    expand: { known_cdcs: [cdc-1.example] }\n'));
    const compiled = await compile(join(home, 'a'));
    const unresolved = compiled.leftOut.filter(({ reason }) => reason.includes('known_cdcs'));
    expect(unresolved).toEqual([]);
    expect(compiled.rules.filter(({ file }) => file.includes('CVE-2026-54121'))).not.toEqual([]);
  });

  test.each([
    ['core', ['critical', 'high'], ['stable', 'test']],
    ['core+', ['critical', 'high', 'medium'], ['stable', 'test']],
    ['core++', ['critical', 'high', 'medium'], ['experimental', 'stable', 'test']],
    ['emerging-threats', ['critical', 'high', 'medium'], ['experimental', 'stable', 'test']],
    ['all', ['critical', 'high', 'medium'], ['experimental', 'stable', 'test']],
  ])('profile %s', async (profile, levels, statuses) => {
    await writeFile(join(home, 'a/yms.yaml'), configOf(`    profile: ${profile}\n`));
    const compiled = await compile(join(home, 'a'));
    const values = compiled.rules.map(({ item }) => item.value as { level: string; status: string });
    expect([...new Set(values.map(({ level }) => level))].sort()).toEqual(levels);
    expect([...new Set(values.map(({ status }) => status))].sort()).toEqual(statuses);
    const roots = new Set(compiled.rules.map(({ file }) => file.split('/')[1]));
    const expected = { 'emerging-threats': ['rules-emerging-threats'], all: ['rules', 'rules-emerging-threats'] };
    expect([...roots].sort()).toEqual(profile in expected ? expected[profile as 'all'] : ['rules']);
  });

  test('a profile that takes nothing of its source is refused', async () => {
    const sources = `packs:\n  all: { feature: sigma, profile: core, sources: [sigma/rules-compliance] }\n`;
    await writeFile(join(home, 'a/yms.yaml'), sources);
    await expectBuilderError('pack-empty', () => compile(join(home, 'a')));
  });

  // Threads run compiled code only, which `npm test` has made before this suite.
  test.skipIf(!existsSync(compiledFolder))('three threads read what one reads', async () => {
    const { loadSourceFolder } = (await import(
      compiledFolder.href
    )) as typeof import('../../builder/sources/source-folder.js');
    await writeFile(join(home, 'a/yms.yaml'), configOf(''));
    const { packs } = await loadConfig(join(home, 'a/yms.yaml'));
    const [pack] = packs;
    if (!pack) return expect.fail('no pack');
    const job = { folder: join(sigmahq, 'rules-emerging-threats'), recorded: 'sigma/rules-emerging-threats', pack };
    const alone = await loadSourceFolder(job, 1);
    expect(alone.length).toBeGreaterThan(400);
    expect(await loadSourceFolder(job, 3)).toEqual(alone);
    await expect(loadSourceFolder({ ...job, folder: join(home, 'gone') }, 3)).rejects.toMatchObject({
      code: 'folder-missing',
    });
  });
});
