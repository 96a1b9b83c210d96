import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../base/bytes.js';
import { dayMs, hourMs } from '../../../base/clock.js';
import { FileBlobs } from '../../../server/blobs/files.js';
import { jobs, runJob } from '../../../server/jobs.js';
import { call, expectProblem, expectStatus, TestServer } from '../../support/server.js';
import { type EmptyStore, stores } from '../../support/stores.js';

const quota = 10_000;
const bytesOf = (fill: number, length = 4000): Uint8Array => new Uint8Array(length).fill(fill);

test('what a process that died left of an upload is dropped, and what another writes to is not', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'yms-blobs-'));
  const incoming = join(dir, 'incoming');
  await mkdir(incoming);
  for (const name of ['old', 'fresh']) await writeFile(join(incoming, name), 'bytes');
  const longAgo = new Date(Date.now() - 2 * hourMs);
  await utimes(join(incoming, 'old'), longAgo, longAgo);
  await FileBlobs.open(dir);
  expect(await readdir(incoming)).toEqual(['fresh']);
  await rm(dir, { recursive: true });
});

describe.each(stores)('uploads that wait for a commit, with records on $name,', ({ open }) => {
  let store: EmptyStore;
  let server: TestServer;
  beforeEach(async () => {
    store = await open();
    server = await TestServer.start({
      recordsUrl: store.recordsUrl,
      contract: true,
      wrap: (parts) => ({ ...parts, config: { ...parts.config, maxPendingBytes: quota, maxBlobBytes: 9000 } }),
    });
    await server.holdCeremony();
  });
  afterEach(async () => {
    await server.stop();
    await store.close();
  });

  const pending = async () => {
    const rows = await server.running.deps.records.selectFrom('uploads').selectAll().orderBy('sha256').execute();
    return rows.map(({ sha256, length }) => ({ sha256, length }));
  };
  const isThere = async (bytes: Uint8Array, token: string) =>
    (await server.call('HEAD', `/v1/blobs/${sha256Hex(bytes)}`, { token })).status === 200;

  test('are limited for each publisher, and what is refused leaves nothing', async () => {
    const [one, other] = [await server.newToken('publisher'), await server.newToken('publisher')];
    for (const fill of [1, 2]) await expectStatus(201, server.upload(bytesOf(fill), one));
    const before = await pending();
    expect(before.map(({ length }) => length)).toEqual([4000, 4000]);
    const refused = await expectProblem(507, 'upload-quota', server.upload(bytesOf(3), one));
    expect(refused.json?.['hint']).toContain('commit');
    expect(await pending()).toEqual(before);
    expect(await isThere(bytesOf(3), one)).toBe(false);
    await expectStatus(200, server.upload(bytesOf(2), one));
    await expectStatus(201, server.upload(bytesOf(3), other));
    const cut = bytesOf(4, 1000);
    await expectProblem(
      422,
      'blob-hash',
      server.call('PUT', `/v1/blobs/${'0'.repeat(64)}`, {
        token: one,
        headers: { 'content-type': 'application/octet-stream' },
        body: cut,
      }),
    );
    expect(await pending()).toHaveLength(3);
  });

  test('are counted while they are on their way, at every server', async () => {
    const second = await server.startSecond();
    const token = await server.newToken('publisher');
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((fill, i) =>
        call(i % 2 === 0 ? server.running.url : second.url, 'PUT', `/v1/blobs/${sha256Hex(bytesOf(fill))}`, {
          token,
          headers: { 'content-type': 'application/octet-stream' },
          body: bytesOf(fill),
        }),
      ),
    );
    await second.close();
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 507, 507, 507, 507]);
    expect(await pending()).toHaveLength(2);
  });

  test('no longer count when they are committed', async () => {
    const pack = await server.publish('sigma', 1);
    expect(await pending()).toEqual([]);
    for (const fill of [1, 2]) await expectStatus(201, server.upload(bytesOf(fill)));
    server.clock.advanceMs(30 * dayMs);
    expect(await runJob(server.running.deps, jobs.housekeeping)).toBe('done');
    expect(await server.running.deps.blobs.stat(sha256Hex(pack.bytes))).toBe(pack.bytes.length);
    expect(await server.running.deps.blobs.stat(sha256Hex(server.keysJson()))).toBe(server.keysJson().length);
  });

  test('are dropped when nobody has asked for them in a week, with an entry in the audit log', async () => {
    const token = await server.newToken('publisher');
    const [old, asked, fresh] = [bytesOf(1, 3000), bytesOf(2, 3000), bytesOf(3, 3000)];
    for (const bytes of [old, asked]) await expectStatus(201, server.upload(bytes, token));
    server.clock.advanceMs(6 * dayMs);
    expect(await isThere(asked, token)).toBe(true);
    await expectStatus(201, server.upload(fresh, token));
    server.clock.advanceMs(dayMs + hourMs);
    expect(await runJob(server.running.deps, jobs.housekeeping)).toBe('done');
    expect([await isThere(old, token), await isThere(asked, token), await isThere(fresh, token)]).toEqual([
      false,
      true,
      true,
    ]);
    const { records } = server.running.deps;
    const dropped = await records.selectFrom('audit').select('subject').where('action', '=', 'blob.drop').execute();
    expect(dropped).toEqual([{ subject: sha256Hex(old) }]);
    await expectStatus(201, server.upload(old, token));
  });
});
