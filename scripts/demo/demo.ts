/**
 * The whole job once, with real commands, a real server on a free loopback port and a real SQLite file, in a temporary
 * folder: rules in, sealed packs out, published, sold, fetched, verified, merged, and refused whenever they should be.
 */
import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ruleKinds } from '../../base/rule-kind.js';
import { commitCeremony, delegate, makeRoot } from './ceremony.js';
import { writeCustomRules } from './custom-rules.js';
import { writeAntivirusExport, writeEventLog } from './event-log.js';
import { attempt, chapter, claim, type Place, refused, serve, tell, yms, ymsJson } from './stage.js';

const content = fileURLToPath(new URL('../../content', import.meta.url));
const sigmaDir = process.env['SIGMAHQ_DIR'];
const features = ['sigma', 'mining-pools', 'ioc', 'triage', 'premium'];

const folder = await mkdtemp(join(tmpdir(), 'yms-demo-'));
const home = join(folder, 'endpoint');
const here: Place = { cwd: folder };
const endpoint: Place = { cwd: folder, env: { YMS_HOME: home } };
const started = performance.now();

chapter('1. A server makes its own keys; people make the root of trust offline, two of three');
const { adminToken } = await ymsJson<{ adminToken: string }>(here, 'serve', '--init', 'server');
let server = await serve(here, 'server', '127.0.0.1:0');
try {
  await wholeJob();
} finally {
  await server.stop();
}
await rm(folder, { recursive: true });
chapter(`Every step did what it should, in ${((performance.now() - started) / 1000).toFixed(1)} s.`);

async function wholeJob(): Promise<void> {
  const { url } = server;
  const admin: Place = { cwd: folder, env: { YMS_SERVER: url, YMS_TOKEN: adminToken } };
  await makeRoot(here);
  const workspace = await initWorkspace(url);
  await delegate(here, features);
  await commitCeremony(admin);
  tell(`${url} serves a TUF repository with the features ${features.join(', ')}`);

  chapter('2. A release pipeline compiles, seals, signs and publishes its rules');
  const pipeline = ['pipeline', '--scope', 'publisher'];
  const { token } = await ymsJson<{ token: string }>(admin, 'admin', 'tokens', 'add', ...pipeline);
  const publisher: Place = { cwd: workspace, env: { YMS_TOKEN: token } };
  await release(publisher);

  chapter('3. An admin sells a license for three features; an endpoint takes its seat and updates');
  const license = await sell(admin);
  await yms(endpoint, 'activate', '--server', url, '--key', license.licenseKey, '--root', 'ceremony/1.root.json');
  await yms(endpoint, 'update');
  tellAll(await yms(endpoint, 'status'));

  chapter('4. Rules of its own in custom-signatures/ are merged in: one overrides, one is broken');
  await writeCustomRules(home);
  const { stdout, stderr } = await attempt(endpoint, 'merge');
  tellAll(stderr + stdout);
  claim(/override +5a24de28/.test(stdout), 'the override stands in place of the rule of the pack');
  claim(stderr.includes('half-done.yml:8'), 'the broken file is named with its line and left out, the rest is in use');

  chapter('5. It scans the logs of a host that somebody has put a miner on');
  await writeEventLog(join(folder, 'Sysmon.evtx'));
  await writeAntivirusExport(join(folder, 'antivirus.csv'));
  const logs = ['Sysmon.evtx', 'antivirus.csv'];
  const scan = await attempt(endpoint, 'scan', '--sigma', '--triage', '--min-level', 'medium', ...logs);
  tellAll(scan.stdout);
  claim(scan.exitCode === 3 && scan.stdout.includes('stratum+tcp://'), 'the miner is found among 502 events');
  claim(
    /\+\d+ location/.test(scan.stdout),
    'what the antivirus called a trojan and removed is graded, with the reasons',
  );

  chapter('6. What is refused, and what stays');
  const before = await activeRules();
  const stays = async (): Promise<void> =>
    claim((await activeRules()) === before, 'the rules in use are the ones from before');
  await refuseUnlicensed(publisher);

  await stopped(() => cp(join(folder, 'server'), join(folder, 'server-of-last-week'), { recursive: true }));
  await release(publisher, 'mining-pools');
  const mend = await flipByte(join(workspace, 'out/mining-pools/pools/stable.yms'));
  const flipped = await attempt(endpoint, 'update', '--json');
  claim(flipped.exitCode === 1 && flipped.stdout.includes('"refused"'), 'a pack with one flipped byte is refused');
  await stays();
  await mend();
  await yms(endpoint, 'update');
  const updated = await activeRules();
  claim(updated !== before, 'mended, the same release is accepted');

  const newest = server;
  await server.stop();
  server = await serve(here, 'server-of-last-week', new URL(url).host);
  tell(`✓ a rolled-back timestamp: ${await refused('version-rollback', endpoint, 'update')}`);
  await server.stop();
  server = await serve(here, 'server', new URL(newest.url).host);

  await yms(admin, 'admin', 'licenses', 'set', license.id, '--status', 'revoked');
  tell(`✓ a revoked license: ${await refused('license-revoked', endpoint, 'update')}`);
  claim((await activeRules()) === updated, 'the last good set works on, and says so:');
  tellAll((await attempt(endpoint, 'status')).stderr);
}

/** The packs of content/, and the public Sigma rules where they are. */
async function initWorkspace(url: string): Promise<string> {
  const workspace = join(folder, 'workspace');
  const keys = features.flatMap((name) => ['--feature', name]);
  const trust = ['--root', 'ceremony/1.root.json', '--server', url, '--no-passphrase'];
  await yms(here, 'init', 'workspace', ...trust, ...keys);
  await cp(content, workspace, { recursive: true });
  let config = await readFile(join(content, 'yms.yaml'), 'utf8');
  if (sigmaDir !== undefined) {
    await cp(join(sigmaDir, 'rules'), join(workspace, 'sigmahq'), { recursive: true });
    const source = '    sources:\n      - path: sigmahq\n        license: DRL-1.1\n        origin: SigmaHQ\n';
    config += `  sigmahq:\n    pack: sigmahq\n    feature: sigma\n    profile: all\n${source}`;
  }
  await writeFile(join(workspace, 'yms.yaml'), `server: ${url}\n${config}`);
  return workspace;
}

interface BuildReport {
  readonly pack: string;
  readonly version: string;
  readonly bytes: number;
  readonly filesRead: number;
  readonly counts: Readonly<Record<string, number>>;
}

async function release(publisher: Place, ...packs: readonly string[]): Promise<void> {
  const built = await ymsJson<BuildReport[]>(publisher, 'build', ...packs);
  for (const { pack, version, bytes, filesRead, counts } of built) {
    const rules = ruleKinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
    tell(`${pack.padEnd(14)} ${version}  ${filesRead} files read, ${rules} rules sealed into ${bytes} bytes`);
  }
  await yms(publisher, 'publish', ...packs);
}

async function sell(admin: Place): Promise<{ id: string; licenseKey: string }> {
  const customer = await ymsJson<{ id: string }>(admin, 'admin', 'customers', 'add', 'Example Ltd');
  const terms = ['--customer', customer.id, '--seats', '1', '--expires', '2099-01-01'];
  return ymsJson(admin, 'admin', 'licenses', 'add', ...terms, '--feature', 'sigma', 'mining-pools', 'triage');
}

function tellAll(text: string): void {
  for (const line of text.trim().split('\n')) tell(line);
}

async function activeRules(): Promise<string> {
  return yms(endpoint, 'rules', 'list', '--json');
}

/** Neither the server nor the sealed file itself gives a host what its license does not cover. */
async function refuseUnlicensed({ cwd }: Place): Promise<void> {
  const { server: address, token } = JSON.parse(await readFile(join(home, 'endpoint.json'), 'utf8')) as Record<
    string,
    string
  >;
  const file = join(cwd, 'out/premium/yms/stable.yms');
  const hash = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  const answer = await fetch(`${address ?? ''}repository/targets/premium/yms/${hash}.stable.yms`, {
    headers: { authorization: `Bearer ${token ?? ''}` },
  });
  const { code } = (await answer.json()) as { code: string };
  claim(answer.status === 403 && code === 'feature-not-licensed', `the premium pack: ${answer.status} ${code}`);
  const keys = ['--signed-by', join(cwd, 'secrets/premium.pub'), '--key', join(home, 'host.key')];
  const copied = await refused('not-a-recipient', endpoint, 'unpack', file, '--dir', 'unpacked', ...keys);
  tell(`✓ a stolen copy of it: ${copied}`);
}

/** Changes a byte of a published pack where the server keeps it; gives the way back. */
async function flipByte(pack: string): Promise<() => Promise<void>> {
  const good = await readFile(pack);
  const hash = createHash('sha256').update(good).digest('hex');
  const [name] = (await readdir(join(folder, 'server/blobs'), { recursive: true })).filter((path) =>
    path.endsWith(hash),
  );
  if (name === undefined) throw new Error(`expected blob ${hash} in the server's folder, got none`);
  const blob = join(folder, 'server/blobs', name);
  const bad = Uint8Array.from(good);
  bad[bad.length - 100] = (bad.at(-100) ?? 0) ^ 1;
  await chmod(blob, 0o600);
  await writeFile(blob, bad);
  return () => writeFile(blob, good);
}

/** Does something while the server is down, and brings it back to the same address. */
async function stopped(work: () => Promise<void>): Promise<void> {
  const { host } = new URL(server.url);
  await server.stop();
  await work();
  server = await serve(here, 'server', host);
}
