import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FixedClock } from '../../../base/clock.js';
import { compileRelease, nextRelease, saveRelease, sealRelease, targetPath } from '../../../builder/release/build.js';
import { loadConfig } from '../../../builder/config/config.js';
import type { PackConfig } from '../../../builder/config/pack-config.js';
import { releaseFeeds } from '../../../builder/feeds/release.js';
import { planPublication } from '../../../builder/release/plan.js';
import { loadBuiltPack } from '../../../builder/release/built-pack.js';
import { publish, signRoles } from '../../../builder/release/publish.js';
import { type ReleaseBase, releaseBase } from '../../../builder/published/release-base.js';
import { fetchRepository } from '../../../builder/published/trust.js';
import { initWorkspace, type Workspace } from '../../../builder/workspace.js';
import { signerOf } from '../../../keys/signing.js';
import { expectCode } from '../../support/expect-code.js';
import { expectProblem, expectStatus, TestServer, testStart, text } from '../../support/server.js';
import { writeFiles } from '../rules.js';
import { at } from '../support.js';

describe('a release with feeds', () => {
  const clock = new FixedClock(testStart);
  let server: TestServer;
  let folder: string;
  let workspace: Workspace;
  let pack: PackConfig;

  beforeEach(async () => {
    server = await TestServer.start({ clock });
    await server.holdCeremony();
    folder = await mkdtemp(join(tmpdir(), 'yms-feeds-'));
    const rootBytes = (await server.call('GET', '/repository/metadata/1.root.json')).bytes;
    const plan = { folder, rootBytes, features: ['sigma'], server: server.url, passphrase: null, clock };
    workspace = (await initWorkspace(plan)).workspace;
    await configure('[hosts, rpz]');
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function configure(feeds: string, list = 'bad-host.net\n'): Promise<void> {
    const yaml = `packs:\n  core:\n    feature: sigma\n    license: CC0-1.0\n    sources: [lists]\n    feeds: ${feeds}\n`;
    await writeFiles(folder, { 'yms.yaml': yaml, 'lists/x-c2.txt': list });
    pack = at((await loadConfig(workspace.configPath)).packs, 0);
  }

  const signers = () => Promise.resolve((server.trustDomain.releaseKeys.get('sigma') ?? []).map(signerOf));
  const freshBase = async (): Promise<ReleaseBase> =>
    releaseBase(await fetchRepository(workspace, server.url, clock), null, clock);

  async function build() {
    const base = await freshBase();
    const { compiled, tests } = await compileRelease(await loadConfig(workspace.configPath), pack);
    const release = nextRelease(base.roles.get('sigma') ?? null, targetPath(pack), clock.now(), {});
    const recipients = base.keys.distributionKeys;
    const options = { release, createdAt: clock.now(), signers: await signers(), recipients, tests };
    const sealed = await sealRelease(compiled, options);
    return saveRelease(workspace.out, compiled, sealed, tests, releaseFeeds(compiled, sealed.header));
  }

  async function release(): Promise<void> {
    const base = await freshBase();
    const built = await loadBuiltPack(workspace.out, pack, base);
    const plan = planPublication(base, built === null ? [] : [built], { refresh: [], clock });
    const access = { server: server.url, token: server.adminToken };
    await publish(access, base, plan, await signRoles(base, plan, signers));
  }

  async function poll(name: string) {
    const { id } = await server.sellLicense();
    return server.call('GET', `/feeds/sigma/core/stable/${name}`, { token: await server.newToken('feed', id) });
  }
  const record = () => join(workspace.out, 'sigma/core/stable.feeds.json');
  const listed = async () => Object.keys((await freshBase()).roles.get('sigma')?.targets ?? {}).sort();

  test('is built, published and polled; the next one replaces it', async () => {
    const { feeds } = await build();
    expect(feeds.map(({ name, entries }) => [name, entries])).toEqual([
      ['hosts', 1],
      ['rpz', 1],
    ]);
    await release();
    expect(await listed()).toEqual([
      'sigma/core/stable.feed.hosts',
      'sigma/core/stable.feed.rpz',
      'sigma/core/stable.yms',
    ]);
    const hosts = text((await expectStatus(200, poll('hosts'))).bytes);
    expect(hosts).toContain('# Version: 2026.07.01.1, sequence 1, made 2026-07-01T00:00:00Z\n');
    expect(hosts).toContain('# Terms: CC0-1.0\n');
    expect(hosts).toContain('\n0.0.0.0 bad-host.net\n');

    await configure('[hosts, squid]', 'worse-host.net\n');
    await build();
    await release();
    expect(await listed()).toEqual([
      'sigma/core/stable.feed.hosts',
      'sigma/core/stable.feed.squid',
      'sigma/core/stable.yms',
    ]);
    expect(text((await expectStatus(200, poll('hosts'))).bytes)).toContain('\n0.0.0.0 worse-host.net\n');
    await expectProblem(404, 'not-found', poll('rpz'));
  });

  test('a feed that yms.yaml wants but that was not built stops the publication', async () => {
    await build();
    await configure('[hosts, rpz, squid]');
    await expectCode('feed-missing', release);
    await configure('[hosts, rpz]');
    await rm(record());
    await expectCode('feed-missing', release);
    expect(await listed()).toEqual([]);
  });

  test('a feed of another build, or one that was changed, stops the publication', async () => {
    await build();
    const before = await readFile(record());
    await build();
    const after = await readFile(record());
    await writeFile(record(), before);
    await expectCode('feed-stale', release);
    await writeFile(record(), after);
    await writeFile(join(workspace.out, 'sigma/core/stable.feed.hosts'), '0.0.0.0 other-host.net\n');
    await expectCode('feed-stale', release);
    expect(await listed()).toEqual([]);
    await build();
    await release();
    expect(await listed()).toHaveLength(3);
  });
});
