import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { type Ended, spawnYms } from '../builder/run-yms.js';
import { rule } from '../support/distribution.js';
import { expectStatus, TestServer } from '../support/server.js';

/** A host without a network, an admin with one, and a stick between them: each as the commands that people type. */
let server: TestServer;
let license: { id: string; licenseKey: string };
let stick: string;

beforeAll(async () => {
  server = await TestServer.start({ clock: new FixedClock(new Date()), features: ['ioc', 'premium'] });
  await server.holdCeremony();
  await server.publish('ioc', 1, { items: [rule('alpha', 'first words')] });
  await server.publish('premium', 1, { items: [rule('dear')] });
  license = await server.sellLicense({ features: ['ioc'], seats: 1 });
  stick = await mkdtemp(join(tmpdir(), 'yms-stick-'));
  const { bytes } = await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'));
  await writeFile(join(stick, 'root.json'), bytes);
}, 60_000);

afterAll(async () => {
  await server.stop();
  await rm(stick, { recursive: true, force: true });
});

const host = (...args: string[]): Promise<Ended> => spawnYms(stick, args, { YMS_HOME: join(stick, 'home') });
const admin = (...args: string[]): Promise<Ended> =>
  spawnYms(stick, args, { YMS_SERVER: server.url, YMS_TOKEN: server.adminToken });

async function customerOf(licenseId: string): Promise<unknown> {
  return (await server.admin('GET', `/v1/licenses/${licenseId}`)).json?.['customerId'];
}

test('wrong usage is told before anything is done', { timeout: 120_000 }, async () => {
  const cases = [
    [host('activate', '--request', 'r', '--answer', 'a'), 'expected one of --request and --answer'],
    [host('activate', '--request', 'r', '--key', 'YMS-X'), 'expected no license key without a network'],
    [host('activate'), 'expected --server URL, --request or --answer FILE'],
    [admin('bundle', 'export', '--out', 'x.bundle'), '--host, --license or --group'],
  ] as const;
  for (const [ended, words] of cases) {
    const { code, stderr } = await ended;
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  }
});

test('request out, answer back', { timeout: 120_000 }, async () => {
  const request = await host('activate', '--request', 'desk.request.json', '--license', license.id, '--name', 'desk-7');
  expect(request).toMatchObject({ code: 0 });
  const keyid = /host key ([0-9a-f]{64})/.exec(request.stdout)?.[1] ?? 'none';
  expect(await readFile(join(stick, 'desk.request.json'), 'utf8')).not.toContain('YMS-');

  const answer = await admin('admin', 'activate', 'desk.request.json', '--out', 'desk.answer', '--root', 'root.json');
  expect(answer).toMatchObject({ code: 0 });
  expect(answer.stdout).toContain(`host key ${keyid}`);

  const untrusting = await host('activate', '--answer', 'desk.answer');
  expect(untrusting.code).toBe(1);
  expect(untrusting.stderr).toMatch(/root-missing[^]*--root/);

  const accepted = await host('activate', '--answer', 'desk.answer', '--root', 'root.json', '--json');
  expect(accepted.code).toBe(0);
  expect(JSON.parse(accepted.stdout)).toMatchObject({
    licenseId: license.id,
    name: 'desk-7',
    server: null,
    features: ['ioc'],
  });

  const again = await host('activate', '--answer', 'desk.answer', '--root', 'root.json');
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('request-missing');
  const update = await host('update');
  expect(update.code).toBe(1);
  expect(update.stderr).toMatch(/no-server[^]*yms bundle import/);
});

test('a bundle out, and in', { timeout: 120_000 }, async () => {
  const exported = await admin('bundle', 'export', '--license', license.id, '--out', 'update.bundle', '--json');
  expect(exported.code).toBe(0);
  expect(JSON.parse(exported.stdout)).toMatchObject({
    hosts: [{ packs: 1 }],
    packs: [{ path: 'ioc/core/stable.yms', sequence: 1 }],
  });

  const imported = await host('bundle', 'import', 'update.bundle');
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  expect(imported.stdout).toMatch(/^ioc\/core\/stable .*\(sequence 1\) +updated\n$/);
  expect((await host('rules', 'list')).stdout).toContain('alpha');
  const status = await host('status');
  expect(status.stdout).toContain('updated by bundles');
  expect(status.stderr).toBe('');

  await server.publish('ioc', 2, { items: [rule('beta')] });
  const hostId = (JSON.parse(exported.stdout) as { hosts: { hostId: string }[] }).hosts[0]?.hostId ?? '';
  const group = await expectStatus(
    201,
    server.admin('POST', '/v1/groups', { customerId: await customerOf(license.id), name: 'lab' }),
  );
  const groupId = String(group.json?.['id']);
  const nobody = await admin('bundle', 'export', '--group', groupId, '--out', 'none.bundle');
  expect(nobody.stderr).toContain('bundle-no-hosts');
  await expectStatus(200, server.admin('PATCH', `/v1/hosts/${hostId}`, { groupId }));
  const newer = await admin(
    'bundle',
    'export',
    '--group',
    groupId,
    '--host',
    hostId,
    '--out',
    'newer.bundle',
    '--days',
    '30',
  );
  expect(newer.stdout).toMatch(/1 packs for 1 hosts[^]*sequence 2[^]*import it before/);
  expect((await host('bundle', 'import', 'newer.bundle')).code).toBe(0);
  const older = await host('bundle', 'import', 'update.bundle');
  expect(older.code).toBe(1);
  expect(older.stderr).toContain('version-rollback');
  expect((await host('rules', 'list')).stdout).toContain('beta');
});

test('a mirror, with what its license covers', { timeout: 120_000 }, async () => {
  const token = await server.newToken('feed', license.id);
  const mirror = (...args: string[]) =>
    spawnYms(stick, ['mirror', 'www', ...args], { YMS_SERVER: server.url, YMS_TOKEN: token });
  expect((await mirror()).stderr).toContain('root-missing');
  const first = await mirror('--root', 'root.json');
  expect(first.code).toBe(0);
  expect(first.stderr).toContain('premium/core/stable.yms: the license of this token does not cover it');
  expect(JSON.parse((await mirror('--json')).stdout)).toMatchObject({ fetched: [], current: 2, removed: 0 });
});
