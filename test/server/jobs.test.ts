import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dayMs, formatSeconds, hourMs } from '../../base/clock.js';
import { parseMetadata, rolePolicy, verifyMetadata } from '../../keys/metadata.js';
import { observeExpiry } from '../../server/repository/expiry.js';
import { refreshSnapshot, refreshStale, refreshTimestamp } from '../../server/repository/refresh.js';
import { currentRole } from '../../server/repository/repository.js';
import { expectProblem, expectStatus, TestServer } from '../support/server.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(() => server.stop());

async function versions(): Promise<[snapshot: number, timestamp: number]> {
  const { records } = server.running.deps;
  const [snapshot, timestamp] = [await currentRole(records, 'snapshot'), await currentRole(records, 'timestamp')];
  return [snapshot?.signed.version ?? 0, timestamp?.signed.version ?? 0];
}

const inMs = (ms: number): string => formatSeconds(new Date(server.clock.now().getTime() + ms));

describe('re-signing', () => {
  test('does nothing before the first commit', async () => {
    for (const job of [refreshTimestamp, refreshSnapshot, refreshStale, observeExpiry]) await job(server.running.deps);
    expect(await versions()).toEqual([0, 0]);
  });

  test('of the timestamp makes the next version, good for a day, of the same snapshot', async () => {
    await server.holdCeremony();
    server.clock.advanceMs(hourMs);
    await refreshTimestamp(server.running.deps);
    expect(await versions()).toEqual([1, 2]);
    const { bytes } = await expectStatus(200, server.call('GET', '/repository/metadata/timestamp.json'));
    const timestamp = parseMetadata('timestamp', bytes);
    const { root } = server.trustDomain;
    if (!root) return expect.fail('no root');
    expect(verifyMetadata(timestamp, rolePolicy(root, 'timestamp')).expires).toBe(inMs(dayMs));
    expect(timestamp.signed.meta['snapshot.json'].version).toBe(1);
  });

  test('of the snapshot makes the next version of both, and drops what no client can follow any more', async () => {
    await server.holdCeremony();
    await server.publish('sigma', 1);
    for (let day = 0; day < 8; day++) {
      server.clock.advanceMs(dayMs);
      await refreshSnapshot(server.running.deps);
    }
    expect(await versions()).toEqual([10, 10]);
    await expectProblem(404, 'not-found', server.call('GET', '/repository/metadata/1.snapshot.json'));
    await expectStatus(200, server.call('GET', '/repository/metadata/4.snapshot.json'));
    const { bytes } = await expectStatus(200, server.call('GET', '/repository/metadata/10.snapshot.json'));
    expect(parseMetadata('snapshot', bytes).signed).toMatchObject({
      expires: inMs(7 * dayMs),
      meta: { 'targets.json': { version: 1 }, 'sigma.json': { version: 1 } },
    });
  });

  test('at start happens for what is past half of its life', async () => {
    await server.holdCeremony();
    await server.restart();
    expect(await versions()).toEqual([1, 1]);
    server.clock.advanceMs(13 * hourMs);
    await server.restart();
    expect(await versions()).toEqual([1, 2]);
    server.clock.advanceMs(4 * dayMs);
    await server.restart();
    expect(await versions()).toEqual([2, 3]);
    await expectStatus(200, server.call('GET', '/readyz'));
    server.clock.advanceMs(dayMs);
    await expectProblem(503, 'not-ready', server.call('GET', '/readyz'));
  });

  test('and commits at the same time follow one another', async () => {
    await server.holdCeremony();
    const pack = await server.seal('sigma', 1);
    await server.upload(pack.bytes);
    const { deps } = server.running;
    await Promise.all([
      refreshTimestamp(deps),
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack]) } }),
      refreshSnapshot(deps),
      refreshTimestamp(deps),
    ]);
    expect(await versions()).toEqual([3, 5]);
  });
});

test('the gauge tells when each role runs out', async () => {
  await server.holdCeremony();
  const { metrics } = server.running.deps;
  await observeExpiry(server.running.deps);
  const { values } = await metrics.expiry.get();
  const left = Object.fromEntries(
    values.map(({ labels, value }) => [String(labels.role), (value * 1000 - server.clock.now().getTime()) / dayMs]),
  );
  expect(left).toEqual({ root: 365, targets: 90, snapshot: 7, timestamp: 1 });
});
