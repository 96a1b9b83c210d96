import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FixedClock } from '../../../base/clock.js';
import { parsePublicKey } from '../../../keys/key.js';
import { loadPublicKeyFile } from '../../../keys/keyfile.js';
import { initServer, openServer } from '../../../server/folder/folder.js';
import { openSqlite, recordsOn } from '../../../server/records/database.js';
import { parseListenAddress } from '../../../server/main.js';
import { newId, idPattern } from '../../../server/records/ids.js';
import { expectCode } from '../../support/expect-code.js';
import { testStart } from '../../support/people.js';
import { silentLog } from '../../support/server.js';

const clock = new FixedClock(testStart);
let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'yms-folder-'));
});
afterAll(() => rm(parent, { recursive: true }));

describe('a server folder', () => {
  test('has keys that only the server reads, and their public halves for the ceremony', async () => {
    const dir = join(parent, 'deep', 'server');
    const { adminToken, publicKeysPath } = await initServer(dir, clock);
    expect(adminToken).toMatch(/^yms_admin_/);
    const publicKeys = JSON.parse(await readFile(publicKeysPath, 'utf8')) as Record<string, unknown>;
    for (const name of ['snapshot', 'timestamp', 'license', 'distribution']) {
      expect((await stat(join(dir, 'keys', `${name}.key`))).mode & 0o777).toBe(0o600);
      const { key } = await loadPublicKeyFile(join(dir, 'keys', `${name}.pub`));
      expect(parsePublicKey(publicKeys[name])).toEqual(key);
    }
    expect((await readFile(join(dir, 'records.sqlite'))).includes(adminToken)).toBe(false);
    const parts = await openServer(dir, { clock, log: silentLog });
    expect(parts.keys.snapshot.key).toEqual(parsePublicKey(publicKeys['snapshot']));
    await parts.records.destroy();
  });

  test('is never made over another', async () => {
    const dir = join(parent, 'taken');
    await mkdir(dir);
    await writeFile(join(dir, 'file'), 'precious');
    await expectCode('folder-not-empty', () => initServer(dir, clock));
    expect(await readdir(dir)).toEqual(['file']);
    expect((await readdir(parent)).filter((name) => name.startsWith('taken'))).toEqual(['taken']);
    const empty = join(parent, 'empty');
    await mkdir(empty);
    await initServer(empty, clock);
    await expectCode('folder-not-empty', () => initServer(empty, clock));
  });

  test('is not opened when it is none, or was written by a newer server', async () => {
    await expectCode('folder-not-initialised', () => openServer(join(parent, 'nothing'), { clock, log: silentLog }));
    const dir = join(parent, 'newer');
    await initServer(dir, clock);
    const sqlite = openSqlite(join(dir, 'records.sqlite'));
    sqlite.prepare('insert into schemaVersion (version) values (999)').run([]);
    sqlite.close();
    await expectCode('records-version', () => openServer(dir, { clock, log: silentLog }));
  });

  test('keeps its tables when it is opened again', async () => {
    const path = join(parent, 'again.sqlite');
    const first = await recordsOn(openSqlite(path));
    await first.insertInto('customers').values({ id: 'a', name: 'b', createdAt: testStart }).execute();
    await first.destroy();
    const second = await recordsOn(openSqlite(path));
    expect(await second.selectFrom('customers').selectAll().execute()).toHaveLength(1);
    await second.destroy();
  });
});

test('a listen address is a host and a port', async () => {
  expect(parseListenAddress('127.0.0.1:0')).toEqual({ host: '127.0.0.1', port: 0 });
  expect(parseListenAddress('8420')).toEqual({ host: '127.0.0.1', port: 8420 });
  expect(parseListenAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(parseListenAddress('rules.example.org:443')).toEqual({ host: 'rules.example.org', port: 443 });
  for (const text of ['', ':1', 'host', 'host:', 'host:65536', 'host:-1', 'a b:1', 'http://x:1'])
    await expectCode('option-invalid', () => parseListenAddress(text));
});

test('ids sort by the order in which they were made', () => {
  const ids = Array.from({ length: 500 }, () => newId('tok', clock));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(500);
  for (const id of ids) expect(id).toMatch(idPattern);
});
