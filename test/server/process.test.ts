import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeBase64, sha256Hex } from '../../base/bytes.js';
import { FixedClock } from '../../base/clock.js';
import { parsePublicKey, type PublicKey } from '../../keys/key.js';
import { encodeKeysJson } from '../../keys/keys-json.js';
import { parseMetadata } from '../../keys/metadata.js';
import { smallPack, TestTrustDomain } from '../support/people.js';
import { call } from '../support/server.js';
import { ymsProgram } from '../support/program.js';

let folder: string;
let dir: string;
let token: string;
let url: string;
let process_: ChildProcess;
let online: Record<'snapshot' | 'timestamp' | 'license' | 'distribution', PublicKey>;
const trustDomain = new TestTrustDomain(new FixedClock(new Date()), ['sigma']);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function yms(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, YMS_SERVER: url, YMS_TOKEN: token, ...environment };
    execFile(process.execPath, [ymsProgram, ...args], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr });
    });
  });
}

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await yms(args);
  if (code !== 0) throw new Error(`yms ${args.join(' ')}: exit ${code}: ${stderr}`);
  return stdout;
}

async function serve(): Promise<void> {
  const args = [ymsProgram, 'serve', '--dir', dir, '--listen', '127.0.0.1:0'];
  process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(process_.stdout ?? process_, 'data')) as [Buffer];
  url = line.toString().trim();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
}

async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  process_.kill(signal);
  await once(process_, 'exit');
  return process_.exitCode;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-process-'));
  dir = join(folder, 'server');
  url = 'http://127.0.0.1:1';
  token = '';
  token = (await succeeds('serve', '--init', dir)).trim();
  const publicKeys = JSON.parse(await readFile(join(dir, 'public-keys.json'), 'utf8')) as Record<string, unknown>;
  online = {
    snapshot: parsePublicKey(publicKeys['snapshot']),
    timestamp: parsePublicKey(publicKeys['timestamp']),
    license: parsePublicKey(publicKeys['license']),
    distribution: parsePublicKey(publicKeys['distribution']),
  };
  await serve();
}, 60_000);
afterAll(async () => {
  if (process_.exitCode === null && process_.signalCode === null) await end('SIGKILL');
  await rm(folder, { recursive: true });
});

test('the ceremony, customers, licenses and tokens by command line', async () => {
  const keysJson = encodeKeysJson({ licenseKeys: [online.license], distributionKeys: [online.distribution] });
  const path = (name: string) => join(folder, name);
  await writeFile(path('1.root.json'), trustDomain.nextRoot(online));
  await writeFile(path('2.root.json'), trustDomain.nextRoot(online));
  await writeFile(path('1.targets.json'), trustDomain.nextTargets(keysJson));
  await writeFile(path('keys.json'), keysJson);
  const ceremony = ['--targets', path('1.targets.json'), '--blob', path('keys.json')];
  const roots = ['--root', path('2.root.json'), path('1.root.json')];
  const committed = await succeeds('admin', 'releases', 'commit', ...roots, ...ceremony, '--json');
  expect(JSON.parse(committed)).toEqual({ snapshot: 1, timestamp: 1 });

  const customer = JSON.parse(await succeeds('admin', 'customers', 'add', 'Example Ltd', '--json')) as { id: string };
  const terms = ['--customer', customer.id, '--feature', 'sigma', '--seats', '5', '--expires', '2099-01-01'];
  const license = JSON.parse(await succeeds('admin', 'licenses', 'add', ...terms, '--json')) as Record<string, string>;
  expect(license['licenseKey']).toMatch(/^YMS-/);
  expect(await succeeds('admin', 'licenses', 'list')).toMatch(/^ID .*\nlic-\S+ .* active .* 2099-01-01T00:00:00Z\n$/);
  await succeeds('admin', 'licenses', 'set', license['id'] ?? '', '--status', 'suspended');
  expect(await succeeds('admin', 'licenses', 'show', license['id'] ?? '')).toMatch(/state +suspended/);
  expect(await succeeds('admin', 'tokens', 'list')).toContain('first admin');
  expect(await succeeds('admin', 'audit', 'verify')).toMatch(/^\d+ [0-9a-f]{64}\n$/);

  const refused = await yms(['admin', 'licenses', 'show', 'nobody']);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('not-found');
  expect((await yms(['admin', 'customers', 'list'], { YMS_TOKEN: '' })).code).toBe(2);
  expect((await yms(['serve'])).code).toBe(2);
  expect((await yms(['serve', '--init', dir])).stderr).toContain('folder-not-empty');
  expect((await yms(['serve', '--dir', dir, '--listen', '127.0.0.1:0'])).stderr).toContain('lock-held');
  await rm(join(dir, 'lock')); // whoever takes the lock for a leftover still has the kernel against him
  expect((await yms(['serve', '--dir', dir, '--listen', '127.0.0.1:0'])).stderr).toContain('folder-held');
}, 120_000);

test('killed at some moment of an upload and commit, the server starts again with a whole release', async () => {
  const signers = trustDomain.releaseKeys.get('sigma') ?? [];
  let served = 0;
  for (const [i, turns] of [1, 30, 400].entries()) {
    const sequence = i + 1;
    const pack = await smallPack(
      { feature: 'sigma', pack: 'core', sequence },
      { signers, recipients: [online.distribution] },
    );
    const role = encodeBase64(trustDomain.nextRole('sigma', [pack]));
    const publish = async (): Promise<number> => {
      const headers = { 'content-type': 'application/octet-stream' };
      await call(url, 'PUT', `/v1/blobs/${sha256Hex(pack.bytes)}`, { token, headers, body: pack.bytes });
      return (await call(url, 'POST', '/v1/commits', { token, json: { roles: { sigma: role } } })).status;
    };
    const interrupted = publish().catch(() => null);
    for (let n = 0; n < turns; n++) await turn();
    await end('SIGKILL');
    await interrupted;
    await serve();
    expect([served, sequence]).toContain(await wholeRelease());
    expect([200, 201]).toContain(await publish());
    expect(await wholeRelease()).toBe(sequence);
    served = sequence;
  }
  expect(await end('SIGTERM')).toBe(0);
}, 120_000);

/** The sequence that clients find, after every hash on the way to it was right; 0 before the first release. */
async function wholeRelease(): Promise<number> {
  const get = async (name: string) => (await call(url, 'GET', `/repository/metadata/${name}`)).bytes;
  const timestamp = parseMetadata('timestamp', await get('timestamp.json')).signed;
  const { version, hashes } = timestamp.meta['snapshot.json'];
  const snapshot = await get(`${version}.snapshot.json`);
  expect(sha256Hex(snapshot)).toBe(hashes.sha256);
  const file = parseMetadata('snapshot', snapshot).signed.meta['sigma.json'];
  if (!file) return 0;
  const role = await get(`${file.version}.sigma.json`);
  expect(sha256Hex(role)).toBe(file.hashes.sha256);
  return parseMetadata('targets', role).signed.targets['sigma/core/stable.yms']?.custom?.sequence ?? 0;
}
