import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { parseMetadata } from '../../keys/metadata.js';
import { TestServer } from '../support/server.js';
import { sigmaRule, writeFiles } from './rules.js';
import { runYms, spawnYms, yms } from './run-yms.js';

const passphrase = { YMS_PASSPHRASE: 'correct horse' };

/** The whole path of a publisher, one process a command: ceremony, workspace, build, publish, refusals. */
describe('a publisher at the command line', () => {
  let home: string;
  let server: TestServer;
  const ceremony = () => join(home, 'ceremony');
  const workspace = () => join(home, 'publisher');
  const token = () => ({ YMS_TOKEN: server.adminToken });

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'yms-publisher-'));
    server = await TestServer.start({ clock: new FixedClock(new Date()) });
  });
  afterAll(async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('root: made of public keys, signed by a quorum, says what is missing', async () => {
    for (const name of ['root-1', 'root-2', 'root-3'])
      await yms(home, ['keys', 'new', name, '--kind', 'root', '--dir', 'ceremony', '--no-passphrase']);
    await yms(home, ['keys', 'new', 'targets-1', '--kind', 'targets', '--dir', 'ceremony'], passphrase);
    await yms(home, ['keys', 'new', 'targets-2', '--kind', 'targets', '--dir', 'ceremony', '--no-passphrase']);
    const publicKeys = join(server.dir, 'public-keys.json');
    const made = await yms(ceremony(), [
      ...['root', 'new', '--root-key', 'root-1.pub', 'root-2.pub', 'root-3.pub'],
      ...['--targets-key', 'targets-1.pub', 'targets-2.pub'],
      ...['--snapshot-key', publicKeys, '--timestamp-key', publicKeys, '--threshold', '2'],
    ]);
    expect(made).toContain('new keys: 0 of 2 signatures, 2 missing');
    const once = await yms(ceremony(), ['root', 'sign', '--key', 'root-1.key', '1.root.json', '--json']);
    expect(JSON.parse(once)).toMatchObject({ version: 1, signatures: [{ under: 'new', valid: 1, missing: 1 }] });
    const twice = await yms(ceremony(), ['root', 'sign', '--key', 'root-3.key', '1.root.json']);
    expect(twice).toContain('new keys: 2 of 2 signatures\n');
  });

  test('a root that is there is not written over', async () => {
    const before = await readFile(join(ceremony(), '1.root.json'));
    const again = await runYms(ceremony(), [
      ...['root', 'new', '--root-key', 'root-1.pub', '--targets-key', 'targets-1.pub', '--threshold', '1'],
      ...['--snapshot-key', join(server.dir, 'public-keys.json')],
      ...['--timestamp-key', join(server.dir, 'public-keys.json')],
    ]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('metadata-signed');
    expect(await readFile(join(ceremony(), '1.root.json'))).toEqual(before);
  });

  test('init makes a workspace with sealed release keys, and refuses a second time', async () => {
    const init = ['init', 'publisher', '--root', 'ceremony/1.root.json', '--server', server.url, '--feature', 'sigma'];
    const out = await yms(home, init, passphrase);
    expect(out).toContain('sigma: release key');
    expect((await readdir(workspace())).sort()).toEqual(['.gitignore', 'out', 'secrets', 'trust', 'yms.yaml']);
    expect((await stat(join(workspace(), 'secrets/sigma.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(workspace(), 'secrets/sigma.key'), 'utf8')).toContain('"kdf":"scrypt"');
    const again = await runYms(home, init, passphrase);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('workspace-exists');
  });

  test('targets: delegates the feature, carries keys.json, needs both signatures', async () => {
    const key = join(workspace(), 'secrets/sigma.pub');
    await yms(ceremony(), ['targets', 'delegate', 'sigma', '--key', key]);
    const twice = await runYms(ceremony(), ['targets', 'delegate', 'sigma', '--key', key]);
    expect(twice).toMatchObject({ code: 1, stdout: '' });
    expect(twice.stderr).toContain('feature-delegated');
    const publicKeys = join(server.dir, 'public-keys.json');
    await yms(ceremony(), ['targets', 'keys', '--license-key', publicKeys, '--distribution-key', publicKeys]);
    const wrong = await runYms(ceremony(), ['targets', 'sign', '--key', 'targets-1.key', '1.targets.json'], {
      YMS_PASSPHRASE: 'wrong',
    });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('passphrase-wrong');
    await yms(ceremony(), ['targets', 'sign', '--key', 'targets-1.key', '1.targets.json'], passphrase);
    const half = await runYms(ceremony(), ['targets', 'renew']);
    expect(half.stderr).toContain('metadata-signed');
    const out = await yms(ceremony(), ['targets', 'sign', '--key', 'targets-2.key', '1.targets.json']);
    expect(out).toContain('2 of 2 signatures');
    const { signed } = parseMetadata('targets', await readFile(join(ceremony(), '1.targets.json')));
    expect(signed.delegations?.roles.map(({ name }) => name)).toEqual(['sigma']);
    expect(Object.keys(signed.targets)).toEqual(['keys.json']);
  });

  test('build: a broken rule is refused with its place, and nothing is written', async () => {
    await writeFiles(workspace(), {
      'rules/sigma/one.yml': sigmaRule('first rule'),
      'rules/sigma/broken.yml': sigmaRule('broken rule').replace('contains', 'contians'),
      'rules/sigma/README.md': '# rules\n',
    });
    const lint = await runYms(workspace(), ['lint']);
    expect(lint.code).toBe(3);
    expect(lint.stdout).toMatch(/^rules\/sigma\/broken\.yml:11:\d+: error: .*contians/m);
    const build = await runYms(workspace(), ['build', '--ceremony', '../ceremony'], passphrase);
    expect(build).toMatchObject({ code: 1, stdout: '' });
    expect(build.stderr).toMatch(/rules\/sigma\/broken\.yml:11:\d+/);
    expect(build.stderr).toContain('(rules-faulty)');
    expect(await readdir(join(workspace(), 'out'))).toEqual([]);
    await rm(join(workspace(), 'rules/sigma/broken.yml'));
    expect((await runYms(workspace(), ['lint'])).code).toBe(0);
  });

  test('build: duplicate ids name both files', async () => {
    await writeFiles(workspace(), { 'rules/sigma/two.yml': sigmaRule('first rule') });
    const build = await runYms(workspace(), ['build', '--ceremony', '../ceremony'], passphrase);
    expect(build.code).toBe(1);
    expect(build.stderr).toContain('(duplicate-id)');
    expect(build.stderr).toMatch(/rules\/sigma\/two\.yml.*one\.yml/);
    await rm(join(workspace(), 'rules/sigma/two.yml'));
  });

  test('build and publish: the first release with the ceremony, found again in the repository', async () => {
    const env = { ...passphrase, ...token() };
    const built = await yms(workspace(), ['build', '--ceremony', '../ceremony', '--json'], passphrase);
    expect(JSON.parse(built)).toMatchObject([
      {
        pack: 'sigma',
        sequence: 1,
        filesRead: 1,
        counts: { sigma: 1, attribution: 1 },
        leftOut: [{ file: 'rules/sigma/README.md', reason: 'no rule file by its name' }],
      },
    ]);
    const published = await yms(workspace(), ['publish', '--ceremony', '../ceremony', '--json'], env);
    expect(JSON.parse(published)).toMatchObject({
      roots: 1,
      targets: 1,
      roles: [{ feature: 'sigma', version: 1 }],
      packs: [{ path: 'sigma/sigma/stable.yms', sequence: 1 }],
    });
    expect(await yms(workspace(), ['publish', '--ceremony', '../ceremony'], env)).toContain('nothing new to publish');
  });

  test('the next build has the next sequence; refresh signs the role again', async () => {
    const env = { ...passphrase, ...token() };
    await writeFiles(workspace(), { 'rules/sigma/two.yml': sigmaRule('second rule') });
    const built = await yms(workspace(), ['build', '--version', '2026.1', '--json'], passphrase);
    expect(JSON.parse(built)).toMatchObject([{ sequence: 2, version: '2026.1', counts: { sigma: 2 } }]);
    const published = await yms(workspace(), ['publish'], env);
    expect(published).toContain('sigma/sigma/stable.yms: 2026.1, sequence 2');
    const refreshed = await yms(workspace(), ['publish', '--refresh', '--json'], env);
    expect(JSON.parse(refreshed)).toMatchObject({ roles: [{ feature: 'sigma', version: 3 }], packs: [] });
  });

  test('inspect, verify and unpack', async () => {
    const pack = join(workspace(), 'out/sigma/sigma/stable.yms');
    const key = ['--key', join(workspace(), 'secrets/sigma.pub')];
    const inspected: unknown = JSON.parse(await yms(home, ['inspect', pack, '--json']));
    expect(inspected).toMatchObject({ verified: false, header: { feature: 'sigma', sequence: 2 } });
    expect(await yms(home, ['verify', pack, ...key])).toContain('verified sigma/sigma/stable 2026.1');
    const metadata = ['--root', 'ceremony/1.root.json', '--targets', 'ceremony/1.targets.json'];
    expect(await yms(home, ['verify', pack, ...metadata])).toContain('verified');
    const foreign = await runYms(home, ['verify', pack, '--key', 'ceremony/root-1.pub']);
    expect(foreign.code).toBe(1);
    expect(foreign.stderr).toContain('signature-unknown-key');
    const distribution = join(server.dir, 'keys/distribution.key');
    const unpack = ['unpack', pack, '--key', distribution, ...metadata, '--dir', 'plain'];
    expect(await yms(home, unpack)).toContain('2 sigma');
    expect((await readdir(join(home, 'plain'))).sort()).toEqual(['attribution.jsonl', 'manifest.json', 'sigma.jsonl']);
    const again = await runYms(home, unpack);
    expect(again.stderr).toContain('option-invalid');
    const bytes = await readFile(pack);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(join(home, 'flipped.yms'), bytes);
    const flipped = await runYms(home, ['verify', 'flipped.yms', ...key]);
    expect(flipped.stderr).toContain('payload-hash');
    await writeFile(join(home, 'thor.yms'), 'something else');
    expect((await runYms(home, ['inspect', 'thor.yms'])).stderr).toContain('pack-foreign');
  });

  test('encrypt seals own rules to a host', async () => {
    await yms(home, ['keys', 'new', 'team', '--kind', 'team', '--no-passphrase']);
    await yms(home, ['keys', 'new', 'host', '--kind', 'host', '--no-passphrase']);
    const source = join(workspace(), 'rules/sigma');
    await yms(home, ['encrypt', source, '--key', 'team.key', '--host', 'host.pub', '--name', 'own', '--sequence', '7']);
    const unpacked = await yms(home, [
      ...['unpack', 'own.yms', '--key', 'host.key', '--signed-by', 'team.pub', '--dir', 'own-plain', '--json'],
    ]);
    expect(JSON.parse(unpacked)).toMatchObject({ counts: { sigma: 2 } });
    const wrongKind = await runYms(home, ['encrypt', source, '--key', 'team.key', '--host', 'team.pub']);
    expect(wrongKind.stderr).toContain('key-kind');
  });

  test('usage errors exit 2; a yms.yaml with faults shows each at its place', async () => {
    expect((await runYms(home, ['init', 'elsewhere'])).code).toBe(2);
    expect((await runYms(home, ['keys', 'new', 'x', '--kind', 'unheard-of'])).code).toBe(2);
    expect((await runYms(workspace(), ['publish'], passphrase)).code).toBe(2);
    await writeFiles(home, { 'bad/yms.yaml': 'packs:\n  a: { feature: sigma, sources: [gone], odd: 1 }\n' });
    const bad = await runYms(join(home, 'bad'), ['build']);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('yms.yaml:2:34: error: gone: expected a file or folder, got nothing there');
    expect(bad.stderr).toContain('yms.yaml:2:41: error: packs.a: expected only known keys, got "odd"');
  });

  test('rotate makes a successor; targets hands the feature over, and one publication brings both', async () => {
    const env = { ...passphrase, ...token() };
    await yms(workspace(), ['keys', 'rotate', 'sigma'], passphrase);
    expect(await yms(workspace(), ['keys', 'list'])).toMatch(/sigma-2\.key.*\n.*sigma\.key/);
    const key = join(workspace(), 'secrets/sigma-2.pub');
    await yms(ceremony(), ['targets', 'delegate', 'sigma', '--key', key, '--replace']);
    for (const name of ['targets-1.key', 'targets-2.key'])
      await yms(ceremony(), ['targets', 'sign', '--key', name, '2.targets.json'], passphrase);
    await yms(workspace(), ['build', '--ceremony', '../ceremony'], passphrase);
    const published = await yms(workspace(), ['publish', '--ceremony', '../ceremony', '--json'], env);
    expect(JSON.parse(published)).toMatchObject({
      targets: 2,
      roles: [{ feature: 'sigma', version: 4 }],
      packs: [{ sequence: 3 }],
    });
  });

  test('a root rotation goes through the next publication', async () => {
    const env = { ...passphrase, ...token() };
    await yms(ceremony(), ['root', 'new', '--previous', '1.root.json', '--root-key', 'root-2.pub', 'root-3.pub']);
    const lonely = await runYms(ceremony(), ['root', 'sign', '--key', 'root-2.key', '2.root.json', '--json']);
    expect(JSON.parse(lonely.stdout)).toMatchObject({
      signatures: [
        { under: 'old', valid: 1 },
        { under: 'new', valid: 1 },
      ],
    });
    await yms(ceremony(), ['root', 'sign', '--key', 'root-3.key', '2.root.json']);
    expect(JSON.parse(await yms(workspace(), ['publish', '--ceremony', '../ceremony', '--json'], env))).toMatchObject({
      roots: 1,
      targets: null,
      roles: [],
    });
    const offline = await yms(workspace(), ['build', '--offline', '--json'], passphrase);
    expect(JSON.parse(offline)).toMatchObject([{ sequence: 4 }]);
  });

  test('init by a hash takes the very root that the hash names', async () => {
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256')
      .update(await readFile(join(ceremony(), '2.root.json')))
      .digest('hex');
    const init = ['init', 'second', '--server', server.url, '--no-passphrase', '--root-sha256'];
    const wrong = await runYms(home, [...init, '0'.repeat(64)]);
    expect(wrong.stderr).toContain('root-untrusted');
    expect(await readdir(home)).not.toContain('second');
    await yms(home, [...init, sha256]);
    expect(await readFile(join(home, 'second/trust/root.json'))).toEqual(
      await readFile(join(ceremony(), '2.root.json')),
    );
  });

  test('as a process: exit 0, 1, 2 and 3, results on stdout and the rest on stderr', async () => {
    const shown = await spawnYms(workspace(), ['keys', 'show', 'secrets/sigma.pub', '--json']);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'sigma', kind: 'ed25519' });
    const missing = await spawnYms(workspace(), ['inspect', 'nothing.yms']);
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^yms: error: nothing\.yms: expected a file, got nothing there \(file-missing\)\n$/);
    expect((await spawnYms(workspace(), ['keys', 'new', 'x'])).code).toBe(2);
    await writeFiles(workspace(), { 'rules/sigma/broken.yml': 'title: no rule\n' });
    const lint = await spawnYms(workspace(), ['lint']);
    expect(lint).toMatchObject({ code: 3, stderr: '' });
    await rm(join(workspace(), 'rules/sigma/broken.yml'));
  });

  test('feeds are built, published and polled; lint ends with 3 for an indicator that it refuses', async () => {
    const env = { ...passphrase, ...token() };
    const yaml = `server: ${server.url}\npacks:\n  sigma:\n    feature: sigma\n    sources: [rules/sigma]\n    feeds: [hosts, stix]\n`;
    await writeFiles(workspace(), { 'yms.yaml': yaml, 'rules/sigma/x-c2.txt': 'bad-host.net\ngoogle.com\n' });
    const lint = await runYms(workspace(), ['lint']);
    expect(lint.code).toBe(3);
    expect(lint.stdout).toMatch(/^rules\/sigma\/x-c2\.txt: error: domain google\.com: .*\(site-top\)$/m);
    const built = await yms(workspace(), ['build', '--sequence', '9'], passphrase);
    expect(built).toContain(
      '  feed hosts: 1 entries (1 in part), left out: 0 that it cannot say, 0 by score, 0 trusted\n',
    );
    expect(built).toMatch(/^ {4}rules\/sigma\/x-c2\.txt domain:google\.com: .*\(site-top\)$/m);
    const published = JSON.parse(await yms(workspace(), ['publish', '--json'], env)) as unknown;
    const paths = ['hosts', 'stix'].map((name) => ({ path: `sigma/sigma/stable.feed.${name}` }));
    expect(published).toMatchObject({ packs: [{ sequence: 9, feeds: paths }] });
    const { id } = await server.sellLicense();
    const feed = await server.call('GET', '/feeds/sigma/sigma/stable/hosts', {
      token: await server.newToken('feed', id),
    });
    expect(Buffer.from(feed.bytes).toString('utf8')).toMatch(/sequence 9.*\n0\.0\.0\.0 bad-host\.net\n/s);
  });
});
