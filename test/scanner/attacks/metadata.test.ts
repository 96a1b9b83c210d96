import { describe, expect, test } from 'vitest';
import { dayMs, hourMs } from '../../../base/clock.js';
import { newSigningKey } from '../../../keys/signing.js';
import { update } from '../../../scanner/update/update.js';
import { type AttackScene, attackScene, core, good } from '../../support/attack-scene.js';
import { activeFlags, activeRules } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import { keptVersions } from '../../support/offline.js';
import { fileOf } from '../../support/repository.js';

let distribution: AttackScene['distribution'];
let repository: AttackScene['repository'];
let endpoint: AttackScene['endpoint'];
const { bothClocks, refusesAll } = attackScene((scene) => ({ distribution, repository, endpoint } = scene));

describe('metadata', () => {
  test('rollback of the timestamp', async () => {
    const old = repository.metadata('timestamp.json');
    await distribution.release(core, 6);
    await update(endpoint);
    repository.files.set('metadata/timestamp.json', old);
    await expectCode('version-rollback', () => update(endpoint));
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  test('rollback after a broken answer: a newer root and timestamp are not forgotten', async () => {
    const old = new Map(repository.files);
    const rootKeys = repository.rootKeys;
    repository.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
    repository.writeRoot(rootKeys);
    const snapshot = repository.metadata('2.snapshot.json');
    await distribution.release(core, 6);
    await distribution.release(core, 7);
    repository.files.set(`metadata/${repository.snapshot.version}.snapshot.json`, snapshot);
    await refusesAll('metadata-mismatch');
    repository.files.clear();
    for (const [name, bytes] of old) repository.files.set(name, bytes);
    await refusesAll('version-rollback');
    expect(await keptVersions(endpoint)).toMatchObject({ root: 2, timestamp: repository.timestamp.version });
  });

  test('rollback of the snapshot', async () => {
    repository.snapshot.version = 0;
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('version-rollback');
  });

  test('rollback of targets', async () => {
    repository.snapshot.meta['targets.json'] = fileOf(1, repository.metadata('1.targets.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('version-rollback');
  });

  test('rollback of a release role', async () => {
    repository.snapshot.meta['sigma.json'] = fileOf(1, repository.metadata('1.sigma.json'));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('version-rollback');
  });

  test('freeze: an expired timestamp', async () => {
    bothClocks(dayMs + hourMs);
    await refusesAll('metadata-expired');
    expect(await activeFlags(endpoint)).toContain('stale');
  });

  test('mix and match: the snapshot of another release', async () => {
    const old = repository.metadata('2.snapshot.json');
    await distribution.release(core, 6);
    repository.files.set('metadata/3.snapshot.json', old);
    await refusesAll('metadata-mismatch');
  });

  test('endless data instead of a timestamp', async () => {
    distribution.intercept = (_, path) =>
      path.endsWith('timestamp.json') ? { status: 200, body: ' '.repeat(4096), endless: true } : undefined;
    await refusesAll('http-too-large');
  });

  test('endless data instead of a snapshot', async () => {
    await distribution.release(core, 6);
    distribution.intercept = (_, path) =>
      path.endsWith('snapshot.json') ? { status: 200, body: ' '.repeat(4096), endless: true } : undefined;
    await refusesAll('http-too-large');
  });

  test('wrong key', async () => {
    repository.writeTimestamp([newSigningKey()]);
    await refusesAll('signature-threshold');
  });

  test('threshold met by one key twice', async () => {
    repository.writeTargets([repository.targetsKeys[0], repository.targetsKeys[0]].filter((key) => key !== undefined));
    repository.writeSnapshot();
    repository.writeTimestamp();
    await refusesAll('signature-threshold');
  });

  test('403 on the next root is no "there is none"', async () => {
    distribution.intercept = (_, path) => (path.endsWith('2.root.json') ? { status: 403 } : undefined);
    await refusesAll('not-entitled');
  });

  test('root rotated three times while the endpoint slept', async () => {
    for (let i = 0; i < 3; i++) {
      const old = repository.rootKeys;
      repository.rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
      repository.timestampKeys = [newSigningKey()];
      repository.writeRoot(old);
    }
    await distribution.release(core, 6);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    distribution.requests = [];
    await update(endpoint);
    expect(distribution.requests[0]).toBe('GET /repository/metadata/5.root.json');
  });

  test('a server that is down: stale in the end, but scanning', async () => {
    await distribution.stop();
    await refusesAll('http-unreachable');
    bothClocks(30 * dayMs);
    expect(await activeRules(endpoint)).toEqual(good);
    expect(await activeFlags(endpoint)).toEqual(['stale', 'update-failed']);
  });
});
