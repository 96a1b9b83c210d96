import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import type { SqliteDatabase } from 'kysely';
import { Readable } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBase64, sha256Hex } from '../../base/bytes.js';
import type { FixedClock } from '../../base/clock.js';
import { parseMetadata } from '../../keys/metadata.js';
import type { SealedPack } from '../../packs/pack.js';
import type { BlobStore } from '../../server/blobs/store.js';
import { openServer } from '../../server/folder/folder.js';
import { startServer, type RunningServer } from '../../server/main.js';
import { openSqlite, recordsOn } from '../../server/records/database.js';
import { call, expectStatus, silentLog, TestServer } from '../support/server.js';

/** A database whose process dies after `statements` more of them: nothing reaches the file from then on. */
function dyingAfter(statements: number, database: SqliteDatabase): { database: SqliteDatabase; died: () => boolean } {
  let left = statements;
  const live = (): void => {
    if (left-- <= 0) throw new Error('the process is dead');
  };
  return {
    died: () => left < 0,
    database: {
      close: () => database.close(),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        return {
          reader: statement.reader,
          all: (parameters) => {
            live();
            return statement.all(parameters);
          },
          run: (parameters) => {
            live();
            return statement.run(parameters);
          },
          iterate: (parameters) => statement.iterate(parameters),
        };
      },
    },
  };
}

/** What the end of a process does to its open transaction. */
function endTransaction(database: SqliteDatabase): void {
  try {
    database.prepare('rollback').run([]);
  } catch (error) {
    if (!(error as Error).message.includes('no transaction is active')) throw error;
  }
}

let base: TestServer;
let folder: string;
let clock: FixedClock;
let next: { pack: SealedPack; role: Uint8Array; targets: Uint8Array };
beforeAll(async () => {
  base = await TestServer.start({ recordsUrl: null });
  clock = base.clock;
  await base.holdCeremony();
  await base.publish('sigma', 1);
  const pack = await base.seal('sigma', 2);
  next = {
    pack,
    role: base.trustDomain.nextRole('sigma', [pack]),
    targets: base.trustDomain.nextTargets(base.keysJson()),
  };
  folder = await mkdtemp(join(tmpdir(), 'yms-crash-'));
});
afterAll(async () => {
  await base.stop();
  await rm(folder, { recursive: true, force: true });
});

async function copyOfBase(name: string): Promise<string> {
  const dir = join(folder, name);
  await base.running.close();
  await cp(base.dir, dir, { recursive: true });
  base.running = await startServer(await openServer(base.dir, { clock, log: silentLog }), {
    host: '127.0.0.1',
    port: 0,
  });
  return dir;
}

const open = async (dir: string): Promise<RunningServer> =>
  startServer(await openServer(dir, { clock, log: silentLog }), { host: '127.0.0.1', port: 0 });

/** Follows the repository as a client does: every file that the timestamp leads to is there and has its hash. */
async function wholeRelease(url: string): Promise<number> {
  const get = async (name: string) => (await expectStatus(200, call(url, 'GET', `/repository/metadata/${name}`))).bytes;
  const timestamp = parseMetadata('timestamp', await get('timestamp.json')).signed;
  const { version, hashes } = timestamp.meta['snapshot.json'];
  const snapshotBytes = await get(`${version}.snapshot.json`);
  expect(sha256Hex(snapshotBytes)).toBe(hashes.sha256);
  for (const [name, file] of Object.entries(parseMetadata('snapshot', snapshotBytes).signed.meta)) {
    const bytes = await get(`${file.version}.${name}`);
    expect(sha256Hex(bytes)).toBe(file.hashes.sha256);
    expect(parseMetadata('targets', bytes).signed.version).toBe(file.version);
  }
  const releases = (await expectStatus(200, call(url, 'GET', '/v1/releases', { token: base.adminToken }))).json;
  const [release] = releases?.['items'] as { sequence: number; path: string; sha256: string }[];
  return release?.sequence ?? 0;
}

async function publishNext(url: string): Promise<number> {
  const { pack, role, targets } = next;
  const token = base.adminToken;
  const headers = { 'content-type': 'application/octet-stream' };
  const put = await call(url, 'PUT', `/v1/blobs/${sha256Hex(pack.bytes)}`, { token, headers, body: pack.bytes });
  if (put.status >= 300) return put.status;
  const json = { roles: { sigma: encodeBase64(role) }, targets: encodeBase64(targets) };
  return (await call(url, 'POST', '/v1/commits', { token, json })).status;
}

/** Makes one call to a server on this folder whose records fail for good after so many statements. */
async function dieAfter(
  statements: number,
  dir: string,
  work: (url: string) => Promise<number>,
): Promise<{ readonly status: number; readonly died: boolean }> {
  const parts = await openServer(dir, { clock, log: silentLog });
  await parts.records.destroy();
  const sqlite = openSqlite(join(dir, 'records.sqlite'));
  let fatal: ReturnType<typeof dyingAfter> | null = null;
  const records = await recordsOn({
    close: () => sqlite.close(),
    prepare: (sql) => (fatal?.database ?? sqlite).prepare(sql),
  });
  const server = await startServer({ ...parts, records }, { host: '127.0.0.1', port: 0 });
  fatal = dyingAfter(statements, sqlite);
  const status = await work(server.url);
  const died = fatal.died();
  fatal = null;
  endTransaction(sqlite);
  await server.close();
  return { status, died };
}

describe('a server that dies while it publishes', () => {
  test('at any statement on its records: the old release is whole, and publishing again works', async () => {
    const pristine = await copyOfBase('pristine');
    let deaths = 0;
    for (let statements = 0; ; statements++) {
      const dir = join(folder, `run-${statements}`);
      await cp(pristine, dir, { recursive: true });
      const { status, died } = await dieAfter(statements, dir, publishNext);
      const restarted = await open(dir);
      const sequence = await wholeRelease(restarted.url);
      if (died) {
        deaths++;
        expect(status).toBe(500);
        expect(sequence).toBe(1);
        expect(await publishNext(restarted.url)).toBe(201);
        expect(await wholeRelease(restarted.url)).toBe(2);
      } else expect([status, sequence]).toEqual([201, 2]);
      await restarted.close();
      await rm(dir, { recursive: true });
      if (!died) break;
    }
    expect(deaths).toBeGreaterThan(20);
  }, 120_000);

  test('at any statement of a call with an Idempotency-Key: the call again is done, and once', async () => {
    const pristine = await copyOfBase('pristine-idempotency');
    const name = 'Once Ltd';
    const post = (url: string) =>
      call(url, 'POST', '/v1/customers', {
        token: base.adminToken,
        json: { name },
        headers: { 'idempotency-key': 'k' },
      });
    let deaths = 0;
    for (let statements = 0; ; statements++) {
      const dir = join(folder, `idempotent-${statements}`);
      await cp(pristine, dir, { recursive: true });
      const { status, died } = await dieAfter(statements, dir, async (url) => (await post(url)).status);
      const restarted = await open(dir);
      expect(status).toBe(died ? 500 : 201);
      const again = await expectStatus(201, post(restarted.url));
      const { rows } = await restarted.deps.records
        .selectFrom('customers')
        .select((e) => e.fn.countAll<number>().as('rows'))
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      expect([rows, again.json?.['name']]).toEqual([1, name]);
      await restarted.close();
      await rm(dir, { recursive: true });
      if (!died) break;
      deaths++;
    }
    expect(deaths).toBeGreaterThan(10);
  }, 60_000);

  test('while a blob comes in: nothing of it is left, and the upload can be repeated', async () => {
    const dir = await copyOfBase('blob');
    const bytes = Buffer.from(next.pack.bytes);
    const sha256 = sha256Hex(bytes);
    const parts = await openServer(dir, { clock, log: silentLog });
    for (const cut of [0, 1, bytes.length - 1]) {
      const source = Readable.from(cutStream(bytes.subarray(0, cut)));
      await expect(parts.blobs.put(sha256, source, bytes.length)).rejects.toThrow('cut');
      expect(await parts.blobs.stat(sha256)).toBeNull();
      expect(await readdir(join(dir, 'blobs', 'incoming'))).toEqual([]);
    }
    await parts.records.destroy();
    const server = await open(dir);
    expect(await publishNext(server.url)).toBe(201);
    expect(await wholeRelease(server.url)).toBe(2);
    await server.close();
  });

  test('with a blob store that fails at its nth call', async () => {
    const dir = await copyOfBase('store');
    for (let calls = 0; ; calls++) {
      const parts = await openServer(dir, { clock, log: silentLog });
      const store = failingAfter(calls, parts.blobs);
      const server = await startServer({ ...parts, blobs: store.blobs }, { host: '127.0.0.1', port: 0 });
      const status = await publishNext(server.url);
      const sequence = await wholeRelease(server.url);
      await server.close();
      expect([status, sequence]).toEqual(store.failed() ? [500, 1] : [201, 2]);
      if (!store.failed()) break;
    }
  });
});

function* cutStream(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes;
  throw new Error('cut');
}

function failingAfter(calls: number, blobs: BlobStore): { blobs: BlobStore; failed: () => boolean } {
  let left = calls;
  const live = (): void => {
    if (left-- <= 0) throw new Error('the store fails');
  };
  return {
    failed: () => left < 0,
    blobs: {
      stat: async (sha256) => {
        live();
        return blobs.stat(sha256);
      },
      put: async (sha256, source, maxBytes) => {
        live();
        return blobs.put(sha256, source, maxBytes);
      },
      load: async (sha256) => {
        live();
        return blobs.load(sha256);
      },
      read: (sha256, range) => blobs.read(sha256, range),
      remove: (sha256) => blobs.remove(sha256),
      dropUnfinished: () => blobs.dropUnfinished(),
    },
  };
}
