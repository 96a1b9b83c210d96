import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FixedClock } from '../../base/clock.js';
import { loadState } from '../../scanner/active/active.js';
import { withdrawnWords } from '../../scanner/active/flags.js';
import { type Endpoint, update } from '../../scanner/update/update.js';
import { activeFlags, activeRules, removeEndpoint } from '../support/endpoint.js';
import { expectProblem } from '../support/server.js';
import { Publisher } from '../support/publisher.js';
import { writeFiles } from '../builder/rules.js';

/**
 * A release key is stolen, with the token of a publisher: whatever the thief published, one act of the targets quorum
 * takes it back, on the server and on every endpoint. Each attack shows the state before the recovery and after it.
 */
const good = 'domain:c2.good-list.com';
const evil = 'domain:github.example-thief.com';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let publisher: Publisher;
let endpoint: Endpoint & { readonly clock: FixedClock };
/** A host that got the thief's packs by another channel. */
let moved: Endpoint | null = null;
beforeEach(async () => {
  publisher = await Publisher.start();
  await publisher.release();
  endpoint = await publisher.endpoint();
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual([`f/p #1: ${good}`]);
});
afterEach(async () => {
  if (moved) await removeEndpoint(moved);
  moved = null;
  await removeEndpoint(endpoint);
  await publisher.stop();
});

const thieves: Readonly<Record<string, () => Promise<void>>> = {
  'another pack': async () => {
    const folder = await publisher.thief(['evil']);
    await publisher.try(['build'], { folder });
    expect((await publisher.try(['publish'], { folder })).code).toBe(0);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual([`f/evil #2: ${evil}`, `f/p #1: ${good}`]);
  },
  'a sequence as far ahead as it may go': async () => {
    const folder = await publisher.thief(['p']);
    await publisher.try(['build', '--sequence', '1000001'], { folder });
    expect((await publisher.try(['publish'], { folder })).code).toBe(0);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual([`f/p #1000001: ${evil}`]);
  },
  'a sequence that uses up all numbers, of before there was a bound': async () => {
    const folder = await publisher.thief(['p']);
    await publisher.try(['build', '--sequence', '9'], { folder });
    expect((await publisher.try(['publish'], { folder })).code).toBe(0);
    await update(endpoint);
    const { records } = publisher.server.running.deps;
    await records.updateTable('packs').set({ sequence: Number.MAX_SAFE_INTEGER }).where('sequence', '=', 9).execute();
    expect(await activeRules(endpoint)).toEqual([`f/p #9: ${evil}`]);
  },
  'his pack moved to another channel': async () => {
    const folder = await publisher.thief(['p/beta', 'evil/beta']);
    await publisher.try(['build'], { folder });
    expect((await publisher.try(['publish', '--withdraw', 'f/p/stable', 'p-beta', 'evil-beta'], { folder })).code).toBe(
      0,
    );
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual([]); // the good pack is withdrawn: the thief can do that
    const beta = (moved = await publisher.endpoint({ channel: 'beta' }));
    await update(beta);
    expect(await activeRules(beta)).toEqual([`f/evil #2: ${evil}`, `f/p #2: ${evil}`]);
  },
};

describe.each(Object.keys(thieves))('the thief published %s', (name) => {
  test('the eviction of docs/ceremony.md: his packs are gone, the good ones come under the new key', async () => {
    await thieves[name]?.();
    await publisher.pipeline(['keys', 'rotate', 'f', '--no-passphrase']);
    await publisher.people(['targets', 'evict', 'f', '--key', '../ws/secrets/f-2.pub']);
    await publisher.signTargets(2);
    const both = ['--ceremony', '../ceremony'];
    const built = JSON.parse(await publisher.pipeline(['build', ...both, '--json'])) as { sequence: number }[];
    expect(built).toMatchObject([{ sequence: 1 }]);
    const plan = JSON.parse(await publisher.pipeline(['publish', ...both, '--dry-run', '--json'])) as {
      roles: { expires: string; add: { path: string }[]; drop: { path: string; reason: string }[] }[];
    };
    const report = await publisher.pipeline(['publish', ...both, '--json'], publisher.server.adminToken);
    const roles = plan.roles.map((role) => ({ ...role, expires: expect.any(String) as string }));
    expect(JSON.parse(report)).toMatchObject({ dryRun: false, targets: 2, roles });
    expect(plan.roles).toMatchObject([{ epoch: 2, keep: [], add: [{ path: 'f/p/stable.yms' }] }]);
    for (const { reason } of plan.roles[0]?.drop ?? []) expect(reason).toBe('evicted');

    const { packs } = await update(endpoint);
    expect(packs.map(({ pack, channel, outcome }) => `${pack}/${channel} ${outcome}`)).toEqual(
      name === 'another pack' ? ['evil/stable withdrawn', 'p/stable updated'] : ['p/stable updated'],
    );
    expect(await activeRules(endpoint)).toEqual([`f/p #1: ${good}`]);
    expect(await activeFlags(endpoint)).toEqual(name === 'another pack' ? ['withdrawn f/evil/stable'] : []);
    const { pointer } = await loadState(endpoint.home);
    expect(pointer.packs.map(({ epoch, sequence }) => [epoch, sequence])).toEqual([[2, 1]]);
    expect(pointer.previous).toEqual([]); // nothing that the thief signed comes back, whatever the disk does
    expect(pointer.withdrawn.map(withdrawnWords)).toEqual(
      name === 'another pack'
        ? [expect.stringMatching(/^withdrawn by its publisher: version .* is out of use since 20/) as string]
        : [],
    );

    if (moved) {
      await update(moved);
      expect(await activeRules(moved)).toEqual([]);
      expect(await activeFlags(moved)).toEqual(['withdrawn f/evil/beta', 'withdrawn f/p/beta', 'no-rules']);
    }

    // a host that knows nothing yet, and the next release, go on from there
    const young = await publisher.endpoint();
    await update(young);
    expect(await activeRules(young)).toEqual([`f/p #1: ${good}`]);
    await removeEndpoint(young);
    await publisher.pipeline(['build']);
    await publisher.pipeline(['publish']);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual([`f/p #2: ${good}`]);
  });
});

test('the stolen key signs nothing more, and an evicted pack does not come back under the old number', async () => {
  await thieves['another pack']?.();
  await publisher.pipeline(['keys', 'rotate', 'f', '--no-passphrase']);
  await publisher.people(['targets', 'evict', 'f', '--key', '../ws/secrets/f-2.pub']);
  await publisher.signTargets(2);
  const published = await publisher.try(['publish', '--ceremony', '../ceremony', '--retire', 'f'], {
    token: publisher.server.adminToken,
  });
  expect(published.stderr).toContain('drops f/evil/stable.yms');
  expect(published.code).toBe(0);
  const folder = join(publisher.home, 'thief');
  const again = await publisher.try(['build'], { folder });
  expect(again.stderr).toContain('key-missing');
  expect((await publisher.try(['publish', '--withdraw', 'f/p'], { folder })).stderr).toContain('pack-unknown');
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual([]);
  expect(await activeFlags(endpoint)).toEqual(['withdrawn f/evil/stable', 'withdrawn f/p/stable', 'no-rules']);
});

test('a host whose license is refused, and one that lost the feature, leave the thief’s rules all the same', async () => {
  const folder = await publisher.thief(['p']);
  await publisher.try(['build'], { folder });
  await publisher.try(['publish'], { folder });
  const frozen = await publisher.endpoint();
  await update(frozen);
  await update(endpoint);
  const { server } = publisher;
  const licenses = (await server.admin('GET', '/v1/licenses')).json as { items: { id: string }[] };
  const { activation } = await loadState(frozen.home);
  const other = licenses.items.find(({ id }) => id !== activation?.licenseId)?.id ?? '';
  await server.admin('PATCH', `/v1/licenses/${activation?.licenseId ?? ''}`, { features: [] });
  await server.admin('PATCH', `/v1/licenses/${other}`, { status: 'suspended' });
  await update(frozen);
  expect(await activeRules(frozen)).toEqual([`f/p #2: ${evil}`]); // unlicensed stays; nothing is withdrawn yet

  await publisher.pipeline(['keys', 'rotate', 'f', '--no-passphrase']);
  await publisher.people(['targets', 'evict', 'f', '--key', '../ws/secrets/f-2.pub']);
  await publisher.signTargets(2);
  await publisher.pipeline(['publish', '--ceremony', '../ceremony', '--retire', 'f'], server.adminToken);
  await update(endpoint).catch((error: unknown) => expect(error).toMatchObject({ code: 'license-suspended' }));
  expect(await activeRules(endpoint)).toEqual([]);
  expect(await activeFlags(endpoint)).toContain('withdrawn f/p/stable');

  await publisher.pipeline(['build']);
  await publisher.pipeline(['publish']); // the role lists the pack again, and this host cannot have it
  const { packs } = await update(frozen);
  expect(packs).toMatchObject([{ outcome: 'withdrawn', version: expect.any(String) as string }]);
  expect(await activeRules(frozen)).toEqual([]);
  await removeEndpoint(frozen);
});

describe('what is refused, and changes nothing', () => {
  test('an epoch that falls, or rises without the role', async () => {
    const { ceremony, server } = publisher;
    await cp(join(ceremony, 'keys.json'), join(ceremony, 'first-keys.json'));
    await publisher.pipeline(['keys', 'rotate', 'f', '--no-passphrase']);
    await publisher.people(['targets', 'evict', 'f', '--key', '../ws/secrets/f-2.pub']);
    await publisher.signTargets(2);
    const targets = await readFile(join(ceremony, '2.targets.json'));
    await server.upload(await readFile(join(ceremony, 'keys.json')));
    await expectProblem(422, 'role-keys-stale', server.commit({ targets }));
    await publisher.pipeline(['build', '--ceremony', '../ceremony']);
    await publisher.pipeline(['publish', '--ceremony', '../ceremony'], server.adminToken);
    const publicKeys = join(server.dir, 'public-keys.json');
    await cp(join(ceremony, 'first-keys.json'), join(ceremony, 'keys.json'));
    const lost = ['targets', 'keys', '--license-key', publicKeys, '--distribution-key', publicKeys];
    const refused = await publisher.try(lost, { folder: ceremony });
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('metadata-mismatch'); // an old keys.json would take the epoch back
  });

  test('the same keys again; a feature that nobody holds', async () => {
    const same = ['targets', 'evict', 'f', '--key', '../ws/secrets/f.pub'];
    expect((await publisher.try(same, { folder: publisher.ceremony })).stderr).toContain('key-repeated');
    const unknown = ['targets', 'evict', 'g', '--key', '../ws/secrets/f.pub'];
    expect((await publisher.try(unknown, { folder: publisher.ceremony })).stderr).toContain('feature-unknown');
  });

  test('a rotation that would list packs of the old key names them, and says what to do', async () => {
    await writeFiles(publisher.workspace, { 'yms.yaml': publisher.config(['p', 'q']) });
    await publisher.pipeline(['build', 'q']);
    await publisher.pipeline(['publish', 'q']);
    await publisher.pipeline(['keys', 'rotate', 'f', '--no-passphrase']);
    await publisher.people(['targets', 'delegate', 'f', '--key', '../ws/secrets/f-2.pub', '--replace']);
    await publisher.signTargets(2);
    await publisher.pipeline(['build', 'p', '--ceremony', '../ceremony']);
    const token = publisher.server.adminToken;
    const refused = await publisher.try(['publish', 'p', '--ceremony', '../ceremony'], { token });
    expect(refused.stderr).toMatch(/got f\/q\/stable\.yms of before \(pack-unsigned\)\n.*--withdraw f\/q\/stable/);
    await publisher.pipeline(['publish', 'p', '--ceremony', '../ceremony', '--withdraw', 'f/q'], token);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual([`f/p #2: ${good}`]);
  });
});
