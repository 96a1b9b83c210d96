import { chmod, mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJsonBytes, parseJson } from '../../base/json.js';
import {
  encodeKeyFile,
  encodePublicKeyFile,
  loadKeyFile,
  parseKeyFile,
  parsePublicKeyFile,
  saveKeyFile,
} from '../../keys/keyfile.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey } from '../../keys/signing.js';
import { expectCode } from '../support/expect-code.js';

const label = { name: 'release sigma', createdAt: new Date('2026-11-24T12:00:00Z') };
const key = newSigningKey(new Uint8Array(32).fill(7));
const answer = (text: string) => () => Promise.resolve(text);
const neverAsked = () => Promise.reject(new Error('no passphrase should be asked for'));
const changed = (bytes: Uint8Array, change: object) =>
  canonicalJsonBytes({ ...(parseJson(bytes) as object), ...change });

describe('key files', () => {
  test('a sealed key opens with its passphrase only', async () => {
    const bytes = await encodeKeyFile(key, { ...label, passphrase: 'correct horse' });
    expect(Buffer.from(bytes).includes(Buffer.from(key.secret).toString('base64'))).toBe(false);
    expect(await parseKeyFile(bytes, { passphrase: answer('correct horse') })).toEqual(key);
    await expectCode('passphrase-wrong', () => parseKeyFile(bytes, { passphrase: answer('wrong horse') }));
  });

  test('a key without passphrase opens without asking', async () => {
    const host = newSealingKey(new Uint8Array(32).fill(9));
    const bytes = await encodeKeyFile(host, { ...label, passphrase: null });
    expect(await parseKeyFile(bytes, { passphrase: neverAsked })).toEqual(host);
  });

  test('a changed public field of a sealed key is noticed', async () => {
    const bytes = await encodeKeyFile(key, { ...label, passphrase: 'p' });
    await expectCode('passphrase-wrong', () =>
      parseKeyFile(changed(bytes, { name: 'x' }), { passphrase: answer('p') }),
    );
  });

  test('other scrypt parameters are refused before the passphrase is asked for', async () => {
    const bytes = await encodeKeyFile(key, { ...label, passphrase: 'p' });
    const { encryption } = parseJson(bytes) as { encryption: object };
    const greedy = changed(bytes, { encryption: { ...encryption, n: 2 ** 30 } });
    await expectCode('key-file-parameters', () => parseKeyFile(greedy, { passphrase: neverAsked }));
  });

  test('halves that do not belong together are refused', async () => {
    const bytes = await encodeKeyFile(key, { ...label, passphrase: null });
    const other = newSigningKey(new Uint8Array(32).fill(8));
    const swapped = changed(bytes, { secret: Buffer.from(other.secret).toString('base64') });
    await expectCode('key-file-malformed', () => parseKeyFile(swapped, { passphrase: neverAsked }));
  });

  test('unknown members and broken JSON are refused', async () => {
    const bytes = await encodeKeyFile(key, { ...label, passphrase: null });
    for (const broken of [changed(bytes, { extra: 1 }), bytes.subarray(0, 40), new Uint8Array([0xff])])
      await expectCode('key-file-malformed', () => parseKeyFile(broken, { passphrase: neverAsked }));
  });

  test('stands on disk with mode 0600, and is refused with any other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'yms-keys-'));
    const path = join(folder, 'release.key');
    await saveKeyFile(path, key, { ...label, passphrase: null });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['release.key']);
    expect(await loadKeyFile(path, neverAsked)).toEqual(key);
    await chmod(path, 0o644);
    await expectCode('key-file-permissions', () => loadKeyFile(path, neverAsked));
  });
});

describe('public key files', () => {
  test('say name, time and key; a secret key file serves too', async () => {
    const named = { key: key.publicKey, name: label.name, createdAt: '2026-11-24T12:00:00Z' };
    expect(parsePublicKeyFile(encodePublicKeyFile(key.publicKey, label))).toEqual(named);
    expect(parsePublicKeyFile(await encodeKeyFile(key, { ...label, passphrase: null }))).toEqual(named);
  });

  test('a key id that is not the hash of the key is refused', async () => {
    const forged = changed(encodePublicKeyFile(key.publicKey, label), { keyid: 'a'.repeat(64) });
    await expectCode('key-file-malformed', () => parsePublicKeyFile(forged));
  });
});
