import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../../base/bytes.js';
import { FixedClock } from '../../../base/clock.js';
import { CodedError } from '../../../base/error.js';
import { encodePublicKey } from '../../../keys/key.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { auditEntry, verifyAudit } from '../../../server/audit/audit.js';
import { initServer, openServer } from '../../../server/folder/folder.js';
import { copiedTables } from '../../../server/records/copy.js';
import { openRecords, type Records } from '../../../server/records/database.js';
import { holdRow } from '../../../server/records/lock.js';
import { transact } from '../../../server/records/transaction.js';
import { isUnavailable, openPostgres, parseRecordsUrl } from '../../../server/records/postgres.js';
import { startServer } from '../../../server/main.js';
import { expectCode } from '../../support/expect-code.js';
import { testStart } from '../../support/people.js';
import { joinedPerson } from '../../support/person.js';
import { call, expectStatus, silentLog, TestServer } from '../../support/server.js';
import { type EmptyStore, stores } from '../../support/stores.js';
import { newPlan, sellOfPlan } from '../licensing/sales-support.js';
import { ymsProgram } from '../../support/program.js';

const clock = new FixedClock(testStart);
const postgres = stores.find(({ name }) => name === 'PostgreSQL');

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'yms-postgres-'));
});
afterAll(() => rm(parent, { recursive: true }));

function yms(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { ...process.env, YMS_RECORDS: '', ...env } };
    execFile(process.execPath, [ymsProgram, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('an address of records is one of PostgreSQL, and a refusal does not repeat it', async () => {
  expect(parseRecordsUrl('postgres://yms@db.example/yms').hostname).toBe('db.example');
  expect(parseRecordsUrl('postgresql://yms@localhost/yms?host=/run/postgresql').pathname).toBe('/yms');
  for (const text of [
    '',
    'yms',
    'mysql://u:s3cret@h/d',
    'postgres://u:s3cret@h',
    'postgres://u:s3cret@h/',
    'records.sqlite',
  ]) {
    await expectCode('option-invalid', () => parseRecordsUrl(text));
    expect(() => parseRecordsUrl(text)).not.toThrow(/s3cret/);
  }
});

test('a password does not come by the command line, where every user of the machine reads it', async () => {
  const dir = join(parent, 'password');
  for (const url of ['postgres://u:s3cret@127.0.0.1:1/d', 'postgres://u@127.0.0.1:1/d?password=s3cret']) {
    const refused = await yms(['serve', '--init', dir, '--records', url]);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('YMS_RECORDS');
    expect(refused.stderr).not.toContain('s3cret');
  }
  const unreachable = await yms(['serve', '--init', dir], { YMS_RECORDS: 'postgres://u:s3cret@127.0.0.1:1/d' });
  expect([unreachable.code, unreachable.stdout]).toEqual([1, '']);
  expect(unreachable.stderr).toContain('records-unavailable');
  expect(unreachable.stderr).not.toContain('s3cret');
  expect(await readdir(parent)).toEqual([]);
}, 60_000);

describe.skipIf(postgres === undefined)('records in PostgreSQL', () => {
  const withStore = async (work: (recordsUrl: string) => Promise<void>): Promise<void> => {
    const store: EmptyStore = (await postgres?.open()) ?? { recordsUrl: null, close: () => Promise.resolve() };
    try {
      await work(store.recordsUrl ?? '');
    } finally {
      await store.close();
    }
  };

  test('get their tables once, of however many servers that start together', () =>
    withStore(async (url) => {
      const opened = await Promise.all(Array.from({ length: 6 }, () => openPostgres(url, () => undefined)));
      const [records] = opened;
      const count = await records
        ?.selectFrom('locks')
        .select((e) => e.fn.countAll<number>().as('rows'))
        .executeTakeFirst();
      expect(count?.rows).toBe(0);
      for (const each of opened) await each.destroy();
    }));

  test('are made once, and a folder is opened with those that it was made with', () =>
    withStore(async (recordsUrl) => {
      const dir = join(parent, 'made');
      await initServer(dir, clock, recordsUrl);
      expect((await readdir(dir)).sort()).toEqual(['blobs', 'keys', 'public-keys.json']);
      await expectCode('folder-not-empty', () => initServer(join(parent, 'again'), clock, recordsUrl));
      expect((await readdir(parent)).sort()).toEqual(['made']);
      await expectCode('folder-not-initialised', () => openServer(dir, { clock, log: silentLog }));
      await withStore(async (other) => {
        await expectCode('folder-not-initialised', () => openServer(dir, { clock, log: silentLog, recordsUrl: other }));
      });
      const inFolder = join(parent, 'sqlite');
      await initServer(inFolder, clock);
      await expectCode('folder-not-initialised', () => openServer(inFolder, { clock, log: silentLog, recordsUrl }));
      await rm(inFolder, { recursive: true });
      const parts = await openServer(dir, { clock, log: silentLog, recordsUrl });
      await parts.records.destroy();

      const copy = join(parent, 'copy');
      await cp(dir, copy, { recursive: true });
      const other = await openServer(copy, { clock, log: silentLog, recordsUrl });
      expect(other.keys.records.keyid).toBe(parts.keys.records.keyid);
      await other.records.destroy();
      await rename(join(copy, 'keys', 'records.key'), join(copy, 'keys', 'away'));
      await expectCode('records-key', () => openServer(copy, { clock, log: silentLog, recordsUrl }));
      await rm(copy, { recursive: true });
      await rm(dir, { recursive: true });
    }));

  test(
    'take over everything that stood in a file, and the server goes on as if nothing had happened',
    () =>
      withStore(async (recordsUrl) => {
        const server = await TestServer.start({ recordsUrl: null });
        await server.holdCeremony();
        const pack = await server.publish('sigma', 1);
        const { id, licenseKey } = await sellOfPlan(server, await newPlan(server));
        const host = await server.activate(licenseKey);
        await joinedPerson(server.running.deps, 'owner');
        const document = await expectStatus(200, server.call('GET', '/v1/license', { token: host.token }));
        await expectStatus(200, server.call('GET', server.targetPath(pack), { token: host.token }));
        const tables = [...copiedTables, 'locks' as const];
        const all = async (records: Records) => {
          const rows = [];
          for (const table of copiedTables)
            rows.push([
              table,
              (await records.selectFrom(table).selectAll().execute()).map((row) => JSON.stringify(row)).sort(),
            ]);
          return sha256Hex(utf8(JSON.stringify(rows)));
        };
        const inFile = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
          server.running.deps.records,
        );
        expect(inFile.rows.map(({ name }) => name).sort()).toEqual([...tables, 'schemaVersion'].sort());
        await server.running.close();
        const file = await openRecords(join(server.dir, 'records.sqlite'));
        const before = await all(file);
        await file.destroy();

        const moved = await yms(['serve', '--dir', server.dir, '--move-records', '--json'], {
          YMS_RECORDS: recordsUrl,
        });
        expect([moved.code, Object.keys(JSON.parse(moved.stdout) as object)]).toEqual([0, ['rows']]);
        expect((await readdir(server.dir)).filter((name) => name.startsWith('records'))).toEqual([
          'records.sqlite.moved',
        ]);
        const parts = await openServer(server.dir, { clock: server.clock, log: silentLog, recordsUrl });
        expect(await all(parts.records)).toBe(before);
        const running = await startServer(parts, { host: '127.0.0.1', port: 0 });
        const headers = { 'if-none-match': document.headers.get('etag') ?? '' };
        await expectStatus(304, call(running.url, 'GET', '/v1/license', { token: host.token, headers }));
        const path = `/v1/licenses/${id}/suspend`;
        await expectStatus(200, call(running.url, 'POST', path, { token: server.adminToken, json: {} }));
        const rows = await parts.records.selectFrom('audit').selectAll().orderBy('sequence').execute();
        expect(verifyAudit(rows.map(auditEntry))).toBe(rows.at(-1)?.hash);
        await running.close();
        await rename(join(server.dir, 'records.sqlite.moved'), join(server.dir, 'records.sqlite'));
        const again = await yms(['serve', '--dir', server.dir, '--move-records'], { YMS_RECORDS: recordsUrl });
        expect([again.code, again.stdout]).toEqual([1, '']);
        expect(again.stderr).toContain('folder-not-empty');
        expect(await readdir(server.dir)).toContain('records.sqlite');
        await server.stop();
      }),
    60_000,
  );

  test('begin a transaction again that is ended since it and another wait for each other', () =>
    withStore(async (url) => {
      const records = await openPostgres(url, () => undefined);
      const rows = ['a', 'b'].map((id) => ({ id, name: id, createdAt: '2026-01-01T00:00:00Z' }));
      await records.insertInto('customers').values(rows).execute();
      let [begun, holding] = [0, 0];
      let release = (): void => undefined;
      const bothHold = new Promise<void>((resolve) => (release = resolve));
      const cross = (first: string, second: string) =>
        transact(records, async (trx) => {
          begun++;
          await holdRow(trx, 'customers', first);
          if (++holding === 2) release();
          await bothHold;
          await holdRow(trx, 'customers', second);
          return first;
        });
      expect(await Promise.all([cross('a', 'b'), cross('b', 'a')])).toEqual(['a', 'b']);
      expect(begun).toBe(3);
      await records.destroy();
    }));

  test('that end a connection are missed for one request, and 503 says to come again', () =>
    withStore(async (url) => {
      const records = await openPostgres(url, () => undefined);
      const failure = await sql`select pg_terminate_backend(pg_backend_pid())`
        .execute(records)
        .catch((error: unknown) => error);
      expect(isUnavailable(failure)).toBe(true);
      const again = () => records.selectFrom('settings').selectAll().execute();
      const [answer] = [await again().catch(() => null), await again()].slice(-1); // the first may meet the ended one
      expect(answer).toEqual([]);
      const refused = await sql`select * from nothing`.execute(records).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Error);
      expect(isUnavailable(refused)).toBe(false);
      expect(isUnavailable(new CodedErrorOfOurs('ECONNREFUSED', 'x'))).toBe(false);
      await records.destroy();
    }));

  test(
    'serve two processes on one folder: seats count across both, and one goes on when the other is killed',
    () =>
      withStore(async (recordsUrl) => {
        const dir = join(parent, 'processes');
        const env = { YMS_RECORDS: recordsUrl };
        const made = await yms(['serve', '--init', dir, '--json'], env);
        expect(made.stderr).toBe('');
        const token = (JSON.parse(made.stdout) as { adminToken: string }).adminToken;
        const servers = await Promise.all([startProcess(dir, env), startProcess(dir, env)]);
        const at = (i: number) => servers[i % 2]?.url ?? '';
        const customer = await call(at(0), 'POST', '/v1/customers', { token, json: { name: 'Example Ltd' } });
        const terms = {
          customerId: customer.json?.['id'],
          features: ['sigma'],
          seats: 4,
          expiresAt: '2099-01-01T00:00:00Z',
        };
        const sold = await expectStatus(201, call(at(1), 'POST', '/v1/licenses', { token, json: terms }));
        const ask = (i: number) =>
          call(at(i), 'POST', '/v1/activations', {
            json: {
              licenseKey: sold.json?.['licenseKey'],
              hostKey: encodePublicKey(newSealingKey().publicKey),
              name: `h${i}`,
              client: '0.1.0',
            },
          });
        const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => ask(i)));
        expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
        const [first, second] = servers.map(({ process: child }) => child);
        first?.kill('SIGKILL');
        if (first) await once(first, 'exit');
        await expectStatus(409, ask(1));
        second?.kill('SIGTERM');
        if (second) expect(await once(second, 'exit')).toEqual([0, null]);
        await rm(dir, { recursive: true });
      }),
    120_000,
  );
});

class CodedErrorOfOurs extends CodedError<'ECONNREFUSED'> {}

async function startProcess(dir: string, env: Readonly<Record<string, string>>) {
  const args = [ymsProgram, 'serve', '--dir', dir, '--listen', '127.0.0.1:0'];
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return { url: line.toString().trim(), process: child };
}
