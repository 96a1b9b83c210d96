import { describe, expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.js';
import { encodeKeysJson, parseKeysJson } from '../../keys/keys-json.js';
import { newSealingKey, openerOf, sealedBoxOverheadBytes, sealTo } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import { canonicalJsonBytes, parseJson } from '../../base/json.js';
import { expectCode } from '../support/expect-code.js';

const host = newSealingKey(new Uint8Array(32).fill(5));
const other = newSealingKey(new Uint8Array(32).fill(6));
const signing = newSigningKey(new Uint8Array(32).fill(7));

describe('sealed boxes', () => {
  test('open for their recipient only', async () => {
    const sealed = sealTo(host.publicKey, utf8('content key'));
    expect(sealed.length).toBe('content key'.length + sealedBoxOverheadBytes);
    expect(Buffer.from(openerOf(host).open(sealed)).toString()).toBe('content key');
    await expectCode('sealed-box', () => openerOf(other).open(sealed));
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    await expectCode('sealed-box', () => openerOf(host).open(sealed));
    await expectCode('sealed-box', () => openerOf(host).open(new Uint8Array(3)));
  });

  test('each kind of key does its own work only', async () => {
    await expectCode('key-kind', () => sealTo(signing.publicKey, utf8('x')));
    await expectCode('key-kind', () => openerOf(signing));
    await expectCode('key-kind', () => signerOf(host));
  });
});

describe('keys.json', () => {
  const keys = { licenseKeys: [signing.publicKey], distributionKeys: [host.publicKey, other.publicKey] };

  test('survives the wire', () => expect(parseKeysJson(encodeKeysJson(keys))).toEqual(keys));

  test('refuses a key of the wrong kind, a key twice, and unknown members', async () => {
    const wrong = { ...keys, licenseKeys: [host.publicKey], distributionKeys: [other.publicKey] };
    await expectCode('key-kind', () => parseKeysJson(encodeKeysJson(wrong)));
    const twice = { ...keys, distributionKeys: [host.publicKey, host.publicKey] };
    await expectCode('key-duplicate', () => parseKeysJson(encodeKeysJson(twice)));
    const more = canonicalJsonBytes({ ...(parseJson(encodeKeysJson(keys)) as object), extra: [] });
    await expectCode('key-malformed', () => parseKeysJson(more));
  });
});
