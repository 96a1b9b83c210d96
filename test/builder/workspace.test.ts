import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { compileRelease, saveRelease, sealRelease } from '../../builder/release/build.js';
import { loadConfig } from '../../builder/config/config.js';
import { nextKeyName } from '../../builder/ceremony/key-names.js';
import { ReleaseKeys } from '../../builder/release/release-keys.js';
import { newRoot, signRoot } from '../../builder/ceremony/root.js';
import { initWorkspace, loadTrustedRoot, saveNewKey } from '../../builder/workspace.js';
import { encodeMetadata } from '../../keys/metadata.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import { expectCode } from '../support/expect-code.js';
import { sigmaRule, writeFiles } from './rules.js';
import { at } from './support.js';

const clock = new FixedClock('2026-07-01T00:00:00Z');

function trustedRoot(): Uint8Array {
  const [root, targets, online] = [newSigningKey(), newSigningKey(), newSigningKey()];
  const one = (key: typeof root) => ({ keys: [key.publicKey], threshold: 1 });
  const plan = { root: one(root), targets: one(targets), snapshot: one(online), timestamp: one(online) };
  return encodeMetadata(signRoot(newRoot(plan, null, clock), null, signerOf(root)));
}

describe('workspace', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-workspace-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const init = (more: Partial<Parameters<typeof initWorkspace>[0]> = {}) =>
    initWorkspace({
      folder,
      rootBytes: trustedRoot(),
      features: ['sigma'],
      server: null,
      passphrase: null,
      clock,
      ...more,
    });

  test('init writes a configuration that loads once its sources are there', async () => {
    const { workspace } = await init({ features: ['sigma', 'mining-pools'], server: 'https://rules.example.org' });
    await expectCode('config-invalid', () => loadConfig(workspace.configPath));
    await mkdir(join(folder, 'rules/sigma'), { recursive: true });
    await mkdir(join(folder, 'rules/mining-pools'));
    const config = await loadConfig(workspace.configPath);
    expect(config.server).toBe('https://rules.example.org');
    expect(config.packs.map(({ label, feature }) => [label, feature])).toEqual([
      ['sigma', 'sigma'],
      ['mining-pools', 'mining-pools'],
    ]);
    expect((await loadTrustedRoot(workspace)).version).toBe(1);
  });

  test.each([
    ['a feature that is no name', { features: ['No Name'] }, 'name-invalid'],
    ['a feature twice', { features: ['sigma', 'sigma'] }, 'name-invalid'],
    ['a root that nobody signed', { rootBytes: Buffer.from('{}') }, 'root-untrusted'],
  ])('refused without a trace: %s', async (_, more, code) => {
    await expectCode(code, () => init(more));
    expect(await readdir(folder)).toEqual([]);
  });

  test('never writes over what is there', async () => {
    await mkdir(join(folder, 'secrets'));
    await expectCode('workspace-exists', () => init());
    expect(await readdir(folder)).toEqual(['secrets']);
  });

  test('a yms.yaml that is there is kept, also by an init that fails', async () => {
    const path = join(folder, 'yms.yaml');
    await writeFile(path, 'packs: {}\n');
    await expectCode('root-untrusted', () => init({ rootBytes: Buffer.from('{}') }));
    await init();
    expect(await readFile(path, 'utf8')).toBe('packs: {}\n');
    await expectCode('workspace-exists', () => init());
  });

  test('a key is never overwritten', async () => {
    await saveNewKey(folder, 'a', newSigningKey(), { passphrase: null, clock });
    const before = await readFile(join(folder, 'a.key'));
    await expectCode('key-exists', () => saveNewKey(folder, 'a', newSigningKey(), { passphrase: null, clock }));
    expect(await readFile(join(folder, 'a.key'))).toEqual(before);
    expect(nextKeyName('a', ['a'])).toBe('a-2');
    expect(nextKeyName('a-2', ['a', 'a-2', 'a-3'])).toBe('a-4');
  });

  test('release keys: the passphrase is asked once, a wrong one and a missing key are told', async () => {
    const named = await saveNewKey(folder, 'sigma', newSigningKey(), { passphrase: 'right', clock });
    const policy = { keys: [named.key], threshold: 1 };
    let asked = 0;
    const keys = new ReleaseKeys(folder, () => {
      asked++;
      return Promise.resolve('right');
    });
    expect((await keys.signersOf('sigma', policy)).map(({ key }) => key.keyid)).toEqual([named.key.keyid]);
    await keys.signersOf('sigma', policy);
    expect(asked).toBe(1);
    const wrong = new ReleaseKeys(folder, () => Promise.resolve('wrong'));
    await expectCode('passphrase-wrong', () => wrong.signersOf('sigma', policy));
    const other = { keys: [newSigningKey().publicKey], threshold: 1 };
    await expectCode('key-missing', () => keys.signersOf('sigma', other));
    await expectCode('key-missing', () => keys.signersOf('sigma', { ...policy, threshold: 2 }));
  });
});

/** A real file system of 64 KiB: only root may mount one. */
function mountSmall(folder: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a full disk', () => {
  let small: string;
  let mounted = false;
  beforeEach(async () => {
    small = await mkdtemp(join(tmpdir(), 'yms-small-'));
    mounted = mountSmall(small);
  });
  afterEach(async () => {
    if (mounted) execFileSync('umount', [small]);
    await rm(small, { recursive: true, force: true });
  });

  test('init leaves nothing behind', async (context) => {
    if (!mounted) return context.skip();
    await writeFile(join(small, 'ballast'), Buffer.alloc(56 * 1024));
    const plan = { folder: small, rootBytes: trustedRoot(), features: ['sigma', 'ioc', 'mining-pools'] };
    await expectCode('disk-full', () => initWorkspace({ ...plan, server: null, passphrase: null, clock }));
    expect(await readdir(small)).toEqual(['ballast']);
  });

  test('build keeps the pack of before', async (context) => {
    if (!mounted) return context.skip();
    const sources = await mkdtemp(join(tmpdir(), 'yms-sources-'));
    const rules = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`rules/r${i}.yml`, sigmaRule(`rule ${i}`)]));
    await writeFiles(sources, { ...rules, 'yms.yaml': 'packs:\n  core: { feature: sigma, sources: [rules] }\n' });
    const config = await loadConfig(join(sources, 'yms.yaml'));
    const { compiled, tests } = await compileRelease(config, at(config.packs, 0));
    const seal = (sequence: number) =>
      sealRelease(compiled, {
        release: { version: String(sequence), sequence },
        createdAt: clock.now(),
        signers: [signerOf(newSigningKey())],
        recipients: [newSealingKey().publicKey],
        tests,
      });
    const first = await seal(1);
    await saveRelease(small, compiled, first, tests);
    await writeFile(join(small, 'ballast'), Buffer.alloc(64 * 1024)).catch(() => undefined);
    const second = await seal(2);
    await expectCode('disk-full', () => saveRelease(small, compiled, second, tests));
    expect(await readFile(join(small, 'sigma/core/stable.yms'))).toEqual(Buffer.from(first.bytes));
    expect(await readdir(join(small, 'sigma/core'))).toEqual(['stable.yms']);
    await rm(sources, { recursive: true, force: true });
  });
});
