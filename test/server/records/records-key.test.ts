import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newSealingKey } from '../../../keys/sealing.js';
import { saveKeyFile } from '../../../keys/keyfile.js';
import { openServer } from '../../../server/folder/folder.js';
import { newTotpSecret } from '../../../server/access/people/totp.js';
import { RecordsKey, secondFactorPlace } from '../../../server/records/records-key.js';
import { expectCode } from '../../support/expect-code.js';
import { joinedPerson, type TestPerson } from '../../support/person.js';
import { silentLog, TestServer } from '../../support/server.js';
import { type EmptyStore, stores } from '../../support/stores.js';

describe('a sealed value', () => {
  const key = new RecordsKey(newSealingKey());

  test('opens with its key, at its place, and never looks twice the same', () => {
    const sealed = key.seal('people/a/totpSecret', 'JBSWY3DPEHPK3PXP');
    expect(RecordsKey.isSealed(sealed)).toBe(true);
    expect(sealed).not.toContain('JBSWY3DPEHPK3PXP');
    expect(key.open('people/a/totpSecret', sealed)).toBe('JBSWY3DPEHPK3PXP');
    expect(key.seal('people/a/totpSecret', 'JBSWY3DPEHPK3PXP')).not.toBe(sealed);
    expect(key.open('b', key.seal('b', ''))).toBe('');
  });

  test('opens nowhere else', async () => {
    const sealed = key.seal('people/a/totpSecret', 'JBSWY3DPEHPK3PXP');
    const flipped = `${sealed.slice(0, 40)}${sealed[40] === 'A' ? 'B' : 'A'}${sealed.slice(41)}`;
    await expectCode('records-key', () => key.open('people/b/totpSecret', sealed));
    await expectCode('records-key', () => new RecordsKey(newSealingKey()).open('people/a/totpSecret', sealed));
    for (const text of [flipped, sealed.slice(0, 27), 'sealed:', '', 'JBSWY3DPEHPK3PXP'])
      await expectCode('records-key', () => key.open('people/a/totpSecret', text));
  });
});

describe.each(stores)('second factors in the records on $name', ({ open }) => {
  let store: EmptyStore;
  let server: TestServer;
  let who: TestPerson;
  let parent: string;
  beforeAll(async () => {
    store = await open();
    parent = await mkdtemp(join(tmpdir(), 'yms-records-key-'));
    server = await TestServer.start({ recordsUrl: store.recordsUrl });
    who = await joinedPerson(server.running.deps, 'owner');
  });
  afterAll(async () => {
    await server.stop();
    await store.close();
    await rm(parent, { recursive: true });
  });

  const stored = () =>
    server.running.deps.records
      .selectFrom('people')
      .selectAll()
      .where('id', '=', who.person.id)
      .executeTakeFirstOrThrow();

  test('are not in a copy of the database', async () => {
    const everything = JSON.stringify(await stored());
    expect(everything).not.toContain(who.totpSecret);
    expect(RecordsKey.isSealed((await stored()).totpSecret)).toBe(true);
    if (store.recordsUrl === null)
      expect((await readFile(join(server.dir, 'records.sqlite'))).includes(who.totpSecret)).toBe(false);
  });

  test('that an older server wrote in the clear are sealed when it is replaced', async () => {
    const { records } = server.running.deps;
    const secret = newTotpSecret();
    await records.updateTable('people').set({ totpSecret: secret }).where('id', '=', who.person.id).execute();
    await records.deleteFrom('settings').execute();
    await rm(join(server.dir, 'keys', 'records.key'));
    await server.restart();
    if (store.recordsUrl === null)
      for (const name of ['records.sqlite', 'records.sqlite-wal'])
        expect((await readFile(join(server.dir, name))).includes(secret), name).toBe(false);
    const { keys } = server.running.deps;
    const { id, totpSecret } = await stored();
    expect(totpSecret).not.toContain(secret);
    expect(keys.records.open(secondFactorPlace(id), totpSecret)).toBe(secret);
    await server.restart();
    expect((await stored()).totpSecret).toBe(totpSecret);
  });

  test('are never served under another key than theirs', async () => {
    const before = await stored();
    const dir = join(parent, 'copy');
    await server.running.close();
    await cp(server.dir, dir, { recursive: true });
    const path = join(dir, 'keys', 'records.key');
    await rm(path);
    const options = { clock: server.clock, log: silentLog, recordsUrl: store.recordsUrl };
    await expectCode('records-key', () => openServer(dir, options));
    await saveKeyFile(path, newSealingKey(), { name: 'other', createdAt: server.clock.now(), passphrase: null });
    await expectCode('records-key', () => openServer(dir, options));
    await server.restart();
    expect(await stored()).toEqual(before);
  });
});
