import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dayMs } from '../../../base/clock.js';
import { encodePublicKey } from '../../../keys/key.js';
import { newSigningKey } from '../../../keys/signing.js';
import { loadActive } from '../../../scanner/active/active.js';
import { update } from '../../../scanner/update/update.js';
import { type AttackScene, attackScene, core, good } from '../../support/attack-scene.js';
import { activeFlags, activeRules } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';

let distribution: AttackScene['distribution'];
let repository: AttackScene['repository'];
let endpoint: AttackScene['endpoint'];
const { bothClocks, pointerPacks, refusesAll } = attackScene(
  (scene) => ({ distribution, repository, endpoint } = scene),
);

describe('the clock', () => {
  test('a day slow: the last good set works on, and updates go on', async () => {
    endpoint.clock.advanceMs(-dayMs);
    await distribution.release(core, 6);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    expect(await activeFlags(endpoint)).toEqual(['clock-back']);
  });

  test('set back does not bring expired metadata back to life', async () => {
    bothClocks(10 * dayMs);
    repository.publish();
    await update(endpoint);
    bothClocks(8 * dayMs); // half the document's validity has passed: the next one says that it is this late
    repository.publish();
    await update(endpoint);
    endpoint.clock.advanceMs(-8 * dayMs);
    repository.timestamp.expires = '2026-03-12T12:00:00Z'; // after the host's clock, before the license was issued
    repository.writeTimestamp();
    await refusesAll('metadata-expired');
  });

  test('ahead of the server’s: named so, in the refusal and as a flag, and fine again when it is right', async () => {
    const serverNow = endpoint.clock.now();
    distribution.intercept = (_, path) =>
      path.endsWith('timestamp.json')
        ? { status: 200, body: repository.metadata('timestamp.json'), headers: { date: serverNow.toUTCString() } }
        : undefined;
    endpoint.clock.advanceMs(2 * dayMs);
    await refusesAll('clock-ahead');
    expect(await activeFlags(endpoint)).toContain('clock-ahead');
    endpoint.clock.advanceMs(-2 * dayMs);
    await update(endpoint);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('two days fast: refused with a flag, and fine again when it is right', async () => {
    endpoint.clock.advanceMs(2 * dayMs);
    await refusesAll('metadata-expired');
    endpoint.clock.advanceMs(-2 * dayMs);
    await update(endpoint);
    expect(await activeFlags(endpoint)).toEqual([]);
  });
});

describe('this disk', () => {
  test('a damaged pack is not fetched again at a length that no pack may have', async () => {
    const { packs } = await loadActive(endpoint.home, endpoint.clock);
    const file = join(endpoint.home.packs, `${packs[0]?.accepted.sha256 ?? ''}.yms`);
    await writeFile(file, 'damaged');
    const entry = repository.role('sigma').targets[`${core}.yms`] ?? expect.fail('no target');
    entry.length = 2 ** 40;
    repository.publish();
    distribution.requests = [];
    const report = await update(endpoint);
    expect(report.packs).toMatchObject([{ outcome: 'refused', refusal: { code: 'target-mismatch' } }]);
    expect(distribution.requests.filter((line) => line.includes('/targets/sigma/'))).toEqual([]);
  });

  test('a damaged pack gives way to the version before', async () => {
    const newer = await distribution.release(core, 6);
    await update(endpoint);
    const { packs } = await loadActive(endpoint.home, endpoint.clock);
    const file = join(endpoint.home.packs, `${packs[0]?.accepted.sha256 ?? ''}.yms`);
    await writeFile(file, newer.bytes.subarray(1));
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['pack-damaged sigma/core/stable']);
    await update(endpoint); // which fetches it again
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('a signer that was replaced is flagged, not dropped', async () => {
    const key = newSigningKey();
    const { delegations } = repository.targets;
    const role = delegations?.roles.find(({ name }) => name === 'sigma');
    if (!delegations || !role) throw new Error('no role');
    delegations.keys[key.publicKey.keyid] = encodePublicKey(key.publicKey);
    role.keyids = [key.publicKey.keyid];
    repository.releaseKeys.set('sigma', [key]);
    repository.publish();
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['signer-replaced sigma/core/stable']);
  });

  test('stored metadata that is broken is fetched again', async () => {
    for (const file of await readdir(endpoint.home.metadata))
      await writeFile(join(endpoint.home.metadata, file), 'broken');
    await update(endpoint);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test('a pointer that is broken is an error, never an empty set', async () => {
    await writeFile(endpoint.home.pointer, '{"format":1');
    await expectCode('state-malformed', () => loadActive(endpoint.home, endpoint.clock));
    await expectCode('state-malformed', () => update(endpoint));
  });

  test.each(['license', 'connection', 'report'] as const)('a broken %s file switches no rule off', async (file) => {
    const before = await activeRules(endpoint);
    await writeFile(endpoint.home[file], '{"format":1');
    expect(await activeRules(endpoint)).toEqual(before);
    expect(await activeFlags(endpoint)).toEqual(file === 'report' ? [] : ['state-damaged']);
  });

  test('a host key that others may read is refused', async () => {
    await chmod(endpoint.home.hostKey, 0o644);
    await expectCode('key-file-permissions', () => update(endpoint));
  });

  test('lock held by another update', async () => {
    const holder = join(import.meta.dirname, '../../support/lock-holder.ts');
    const other = fork(holder, [endpoint.home.lock], { execArgv: ['--import', 'tsx'], silent: true });
    await once(other.stdout ?? expect.fail('no output'), 'data');
    const before = await pointerPacks();
    await expectCode('lock-held', () => update(endpoint));
    expect(await pointerPacks()).toEqual(before);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await update(endpoint); // the lock of a dead process does not count
  });
});
