import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { SqliteDatabase } from 'kysely';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256Hex } from '../../base/bytes.js';
import { openSqlite, recordsOn } from '../../server/records/database.js';
import { expectProblem, expectStatus, TestServer } from '../support/server.js';

test('records that cannot grow refuse with 507, keep what they had, and go on when there is room', async () => {
  let sqlite: SqliteDatabase | null = null;
  const server = await TestServer.start({
    recordsUrl: null,
    wrap: async (parts, dir) => {
      await parts.records.destroy();
      sqlite = openSqlite(join(dir, 'records.sqlite'));
      return { ...parts, records: await recordsOn(sqlite) };
    },
  });
  const limitPages = (pages: number) => sqlite?.prepare(`pragma max_page_count = ${pages}`).all([]);
  try {
    await server.holdCeremony();
    limitPages(1); // SQLite takes its present size where the limit is below it
    const name = 'x'.repeat(200);
    let full = 0;
    for (let i = 0; i < 60; i++) {
      const answer = await server.admin('POST', '/v1/customers', { name });
      if (answer.status === 201) continue;
      expect([answer.status, answer.json?.['code']]).toEqual([507, 'disk-full']);
      full++;
    }
    expect(full).toBeGreaterThan(0);
    await expectStatus(200, server.call('GET', '/repository/metadata/timestamp.json'));
    limitPages(1_000_000);
    await expectStatus(201, server.admin('POST', '/v1/customers', { name }));
  } finally {
    await server.stop();
  }
});

/** A file system of two megabytes, or null where this process may not make one. */
async function smallFileSystem(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'yms-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
}

const small = await smallFileSystem();

test.skipIf(small === null)('a blob that does not fit is refused with 507 and nothing of it is left', async () => {
  const parent = small ?? '';
  const server = await TestServer.start({ parent });
  try {
    const bytes = randomBytes(4_000_000);
    await expectProblem(507, 'disk-full', server.upload(bytes));
    expect(await readdir(join(server.dir, 'blobs'))).toEqual(['incoming']);
    expect(await readdir(join(server.dir, 'blobs', 'incoming'))).toEqual([]);
    const head = await server.call('HEAD', `/v1/blobs/${sha256Hex(bytes)}`, { token: server.adminToken });
    expect(head.status).toBe(404);
    await expectStatus(201, server.upload(bytes.subarray(0, 100_000)));
    await server.holdCeremony();
  } finally {
    await server.stop();
    execFileSync('umount', ['--lazy', parent]);
    await rm(parent, { recursive: true });
  }
});
