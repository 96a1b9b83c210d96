import { createServer, request as httpRequest, type Server } from 'node:http';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dayMs, FixedClock } from '../../../base/clock.js';
import { writeFileAtomic } from '../../../base/files.js';
import { compileRelease, nextRelease, saveRelease, sealRelease, targetPath } from '../../../builder/release/build.js';
import { type Config, loadConfig } from '../../../builder/config/config.js';
import type { PackConfig } from '../../../builder/config/pack-config.js';
import { planPublication } from '../../../builder/release/plan.js';
import { loadBuiltPack } from '../../../builder/release/built-pack.js';
import { publish, signRoles } from '../../../builder/release/publish.js';
import { featurePolicy, type ReleaseBase, releaseBase } from '../../../builder/published/release-base.js';
import { fetchRepository } from '../../../builder/published/trust.js';
import { initWorkspace, type Workspace } from '../../../builder/workspace.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../../keys/signing.js';
import { expectCode } from '../../support/expect-code.js';
import { TestServer, testStart } from '../../support/server.js';
import { sigmaRule, writeFiles } from '../rules.js';
import { at } from '../support.js';

/** A proxy in front of the server that may fall silent or cut what passes. */
class Wire {
  readonly #server: Server;
  /** Decides what happens to a request: pass it, cut the answer in the middle, or drop the connection. */
  rule: (method: string, path: string) => 'pass' | 'cut' | 'drop' | 'drop-after' = () => 'pass';
  readonly seen: string[] = [];

  constructor(target: () => string) {
    this.#server = createServer((incoming, outgoing) => {
      const [method, path] = [incoming.method ?? '', incoming.url ?? ''];
      this.seen.push(`${method} ${path}`);
      const fate = this.rule(method, path);
      if (fate === 'drop') {
        outgoing.destroy();
        return;
      }
      const forwarded = httpRequest(`${target()}${path}`, { method, headers: incoming.headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const body = Buffer.concat(parts);
          if (fate === 'drop-after') {
            outgoing.destroy();
            return;
          }
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          if (fate === 'cut') outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
          else outgoing.end(body);
        });
      });
      incoming.pipe(forwarded);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('publish', () => {
  let clock: FixedClock;
  let server: TestServer;
  let wire: Wire;
  let url: string;
  let folder: string;
  let workspace: Workspace;
  let config: Config;
  let pack: PackConfig;

  beforeEach(async () => {
    clock = new FixedClock(testStart);
    server = await TestServer.start({ clock });
    await server.holdCeremony();
    wire = new Wire(() => server.url);
    url = await wire.listen();
    folder = await mkdtemp(join(tmpdir(), 'yms-publish-'));
    const rootBytes = (await server.call('GET', '/repository/metadata/1.root.json')).bytes;
    const plan = { folder, rootBytes, features: ['sigma'], server: url, passphrase: null, clock };
    workspace = (await initWorkspace(plan)).workspace;
    await writeFiles(folder, { 'rules/sigma/one.yml': sigmaRule('first rule') });
    config = await loadConfig(workspace.configPath);
    pack = at(config.packs, 0);
  });
  afterEach(async () => {
    await wire.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const signers = () => Promise.resolve((server.trustDomain.releaseKeys.get('sigma') ?? []).map(signerOf));
  const access = () => ({ server: url, token: server.adminToken });

  async function freshBase(): Promise<ReleaseBase> {
    return await releaseBase(await fetchRepository(workspace, url, clock), null, clock);
  }

  async function build(base: ReleaseBase, sequence?: number): Promise<void> {
    const { compiled, tests } = await compileRelease(config, pack);
    const release = nextRelease(base.roles.get('sigma') ?? null, targetPath(pack), clock.now(), { sequence });
    const recipients = base.keys.distributionKeys;
    const options = { release, createdAt: clock.now(), signers: await signers(), recipients, tests };
    await saveRelease(workspace.out, compiled, await sealRelease(compiled, options), tests);
  }

  async function release(base: ReleaseBase, refresh: readonly string[] = []): Promise<boolean> {
    const built = await loadBuiltPack(workspace.out, pack, base);
    const plan = planPublication(base, built === null ? [] : [built], { refresh, clock });
    return await publish(access(), base, plan, await signRoles(base, plan, signers));
  }

  const served = async () => {
    const role = (await fetchRepository(workspace, server.url, clock)).published?.roles.get('sigma');
    return role ? { version: role.version, sequence: role.targets['sigma/sigma/stable.yms']?.custom?.sequence } : null;
  };

  test('a release is served, and publishing it again does nothing', async () => {
    await build(await freshBase());
    expect(await release(await freshBase())).toBe(true);
    expect(await served()).toEqual({ version: 1, sequence: 1 });
    expect(await release(await freshBase())).toBe(false);
    expect(await served()).toEqual({ version: 1, sequence: 1 });
  });

  test('versions count the releases of a day; sequences only rise', async () => {
    await build(await freshBase());
    await release(await freshBase());
    const role = (await freshBase()).roles.get('sigma') ?? null;
    const path = targetPath(pack);
    expect(nextRelease(role, path, clock.now(), {})).toEqual({ version: '2026.07.01.2', sequence: 2 });
    const tomorrow = new Date(clock.now().getTime() + dayMs);
    expect(nextRelease(role, path, tomorrow, {})).toEqual({ version: '2026.07.02.1', sequence: 2 });
    expect(nextRelease(role, path, tomorrow, { version: 'x', sequence: 9 })).toEqual({ version: 'x', sequence: 9 });
    await expectCode('sequence-invalid', () => nextRelease(role, path, tomorrow, { sequence: 1 }));
  });

  test.each([
    ['before the upload', 'PUT /v1/blobs/', 'drop', 'http-unreachable'],
    ['after the upload', 'PUT /v1/blobs/', 'drop-after', 'http-unreachable'],
    ['before the commit', 'POST /v1/commits', 'drop', 'publish-interrupted'],
    ['after the commit', 'POST /v1/commits', 'drop-after', 'publish-interrupted'],
    ['in the answer to the commit', 'POST /v1/commits', 'cut', 'publish-interrupted'],
  ] as const)('cut %s: the error is clear, and running it again ends well', async (_, call, fate, code) => {
    await build(await freshBase());
    const base = await freshBase();
    wire.rule = (method, path) => (`${method} ${path}`.startsWith(call) ? fate : 'pass');
    await expectCode(code, () => release(base));
    const committed = call.startsWith('POST') && fate !== 'drop';
    expect(await served()).toEqual(committed ? { version: 1, sequence: 1 } : null);
    wire.rule = () => 'pass';
    expect(await release(await freshBase())).toBe(!committed);
    expect(await served()).toEqual({ version: 1, sequence: 1 });
  });

  test('what was uploaded before is not sent again', async () => {
    await build(await freshBase());
    wire.rule = (method) => (method === 'POST' ? 'drop' : 'pass');
    const base = await freshBase();
    await expectCode('publish-interrupted', () => release(base));
    wire.rule = () => 'pass';
    wire.seen.length = 0;
    await release(await freshBase());
    expect(wire.seen.filter((line) => line.startsWith('PUT'))).toEqual([]);
  });

  test('an answer of metadata cut half-way is refused, and what was seen stays', async () => {
    await build(await freshBase());
    await release(await freshBase());
    await freshBase();
    const before = await readFile(join(workspace.trust, 'repository.json'));
    wire.rule = (_, path) => (path.endsWith('.targets.json') ? 'cut' : 'pass');
    await expectCode('http-truncated', () => freshBase());
    expect(await readFile(join(workspace.trust, 'repository.json'))).toEqual(before);
  });

  test('a server that is down', async () => {
    await wire.close();
    await expectCode('http-unreachable', () => freshBase());
  });

  test('two publishers: the slower one is told of the conflict, and changes nothing', async () => {
    await build(await freshBase());
    const slow = await freshBase();
    const fast = await freshBase();
    await release(fast);
    await build(slow, 5);
    const error = await expectCode('publish-conflict', () => release(slow));
    expect(error.message).toContain('version-not-next');
    expect(await served()).toEqual({ version: 1, sequence: 1 });
  });

  test('a pack that is not newer than the published one is refused before anything is sent', async () => {
    await build(await freshBase());
    await release(await freshBase());
    const base = await freshBase();
    await build({ ...base, roles: new Map() });
    wire.seen.length = 0;
    await expectCode('sequence-invalid', () => release(base));
    expect(wire.seen).toEqual([]);
  });

  test('a token that may not publish', async () => {
    await build(await freshBase());
    const token = await server.newToken('auditor');
    const base = await freshBase();
    const built = await loadBuiltPack(workspace.out, pack, base);
    const plan = planPublication(base, built === null ? [] : [built], { refresh: [], clock });
    const roles = await signRoles(base, plan, signers);
    await expectCode('server-refused', () => publish({ server: url, token }, base, plan, roles));
    expect(await served()).toBeNull();
  });

  test('refresh signs the role again: the same packs, thirty days more', async () => {
    await build(await freshBase());
    await release(await freshBase());
    clock.advanceMs(20 * dayMs);
    await server.restart();
    const base = await freshBase();
    const before = base.roles.get('sigma');
    const plan = planPublication(base, [], { refresh: ['sigma'], clock });
    expect(plan.roles.get('sigma')).toEqual({ ...before, version: 2, expires: '2026-08-20T00:00:00Z' });
    await publish(access(), base, plan, await signRoles(base, plan, signers));
    expect(await served()).toEqual({ version: 2, sequence: 1 });
  });

  test('an expired release role can still be published again; expired targets cannot', async () => {
    await build(await freshBase());
    await release(await freshBase());
    clock.advanceMs(31 * dayMs);
    await server.restart();
    expect(await release(await freshBase(), ['sigma'])).toBe(true);
    clock.advanceMs(60 * dayMs);
    await server.restart();
    await expectCode('metadata-expired', () => freshBase());
  });

  test('an older repository than the one seen before is refused', async () => {
    await build(await freshBase());
    await release(await freshBase());
    await freshBase();
    const other = await TestServer.start({ clock });
    const stolen = server;
    server = other;
    await expectCode('metadata-version', () => fetchRepository(workspace, url, clock));
    server = stolen;
    await other.stop();
  });

  test('a repository under another root is refused', async () => {
    const other = await TestServer.start({ clock });
    await other.holdCeremony();
    await expectCode('signature-threshold', () => fetchRepository(workspace, other.url, clock));
    await other.stop();
  });

  test("a pack of another's key, or not sealed to the server, does not leave the workspace", async () => {
    const base = await freshBase();
    const { compiled, tests } = await compileRelease(config, pack);
    const made = { release: { version: '1', sequence: 1 }, createdAt: clock.now(), tests };
    const stranger = await sealRelease(compiled, {
      ...made,
      signers: [signerOf(newSigningKey())],
      recipients: base.keys.distributionKeys,
    });
    const file = join(workspace.out, targetPath(pack));
    await writeFileAtomic(file, stranger.bytes);
    await expectCode('signature-unknown-key', () => loadBuiltPack(workspace.out, pack, base));
    const unsealed = await sealRelease(compiled, {
      ...made,
      signers: await signers(),
      recipients: [newSealingKey().publicKey],
    });
    await writeFileAtomic(file, unsealed.bytes);
    await expectCode('keys-document', () => loadBuiltPack(workspace.out, pack, base));
    await writeFileAtomic(file, 'no pack');
    await expectCode('pack-foreign', () => loadBuiltPack(workspace.out, pack, base));
  });

  test('signers below the threshold, and a feature that nobody delegated', async () => {
    await build(await freshBase());
    const base = await freshBase();
    const built = await loadBuiltPack(workspace.out, pack, base);
    const plan = planPublication(base, built === null ? [] : [built], { refresh: [], clock });
    await expectCode('signature-threshold', () => signRoles(base, plan, () => Promise.resolve([])));
    await expectCode('feature-unknown', () => featurePolicy(base, 'unheard-of'));
  });

  test('nothing is left in out/ beside the packs', async () => {
    await build(await freshBase());
    expect(await readdir(join(workspace.out, 'sigma/sigma'))).toEqual(['stable.yms']);
  });
});
