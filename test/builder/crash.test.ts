import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { compileRelease, saveRelease, sealRelease } from '../../builder/release/build.js';
import { loadConfig } from '../../builder/config/config.js';
import { fetchRepository, loadSeenRepository } from '../../builder/published/trust.js';
import { initWorkspace, loadTrustedRoot, workspaceAt } from '../../builder/workspace.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import { readPack } from '../../packs/pack.js';
import { crashAt } from '../support/crash.js';
import { expectCode } from '../support/expect-code.js';
import { TestServer, testStart } from '../support/server.js';
import { sigmaRule, writeFiles } from './rules.js';
import { at } from './support.js';

/** A publisher killed before each of its writes and renames. */
describe('killed', () => {
  let folder: string;
  let server: TestServer;
  let rootBytes: Uint8Array;
  const clock = new FixedClock(testStart);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-killed-'));
    server = await TestServer.start({ clock });
    await server.holdCeremony();
    rootBytes = (await server.call('GET', '/repository/metadata/1.root.json')).bytes;
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const init = (path: string) =>
    initWorkspace({ folder: path, rootBytes, features: ['sigma'], server: server.url, passphrase: null, clock });

  test('init: what is left is no workspace, and says so', async () => {
    const steps = await crashAt(Infinity, () => init(join(folder, 'whole')));
    expect(steps).toBeGreaterThan(10);
    for (let step = 1; step <= steps; step++) {
      const path = join(folder, `w${step}`);
      await crashAt(step, () => init(path));
      const workspace = workspaceAt(join(path, 'yms.yaml'));
      await expectCode('workspace-missing', () => loadTrustedRoot(workspace));
      const left = await readdir(path).catch((): string[] => []);
      if (!left.includes('secrets')) await init(path);
      else expect((await expectCode('workspace-exists', () => init(path))).message).toContain('interrupted init');
    }
  });

  test('build: the pack in out/ is the one before or the new one, whole', async () => {
    await writeFiles(folder, {
      'rules/a.yml': sigmaRule('a'),
      'yms.yaml': 'packs:\n  core: { feature: sigma, sources: [rules] }\n',
    });
    const config = await loadConfig(join(folder, 'yms.yaml'));
    const { compiled, tests } = await compileRelease(config, at(config.packs, 0));
    const seal = (sequence: number) =>
      sealRelease(compiled, {
        release: { version: String(sequence), sequence },
        createdAt: clock.now(),
        signers: [signerOf(newSigningKey())],
        recipients: [newSealingKey().publicKey],
        tests,
      });
    const file = join(folder, 'out/sigma/core/stable.yms');
    const before = await seal(1);
    const after = await seal(2);
    const save = (pack: typeof before) => saveRelease(join(folder, 'out'), compiled, pack, tests);
    const steps = await crashAt(Infinity, () => save(before));
    for (let step = 1; step <= steps; step++) {
      await save(before);
      await crashAt(step, () => save(after));
      const bytes = await readFile(file);
      expect(readPack(bytes)).not.toBeNull();
      expect([before.bytes, after.bytes].some((whole) => bytes.equals(whole))).toBe(true);
    }
    await save(after);
    expect((await readFile(file)).equals(after.bytes)).toBe(true);
  });

  test('fetch: what was seen is whole, and no older than before', async () => {
    const { workspace } = await init(join(folder, 'w'));
    const version = async () => (await loadSeenRepository(workspace, clock))?.published?.timestamp.version ?? 0;
    const steps = await crashAt(Infinity, () => fetchRepository(workspace, server.url, clock));
    for (let step = 1; step <= steps; step++) {
      const before = await version();
      await server.publish('sigma', step);
      await crashAt(step, () => fetchRepository(workspace, server.url, clock));
      expect([before, before + 1]).toContain(await version());
      await fetchRepository(workspace, server.url, clock);
      expect(await version()).toBe(before + 1);
    }
  });
});
