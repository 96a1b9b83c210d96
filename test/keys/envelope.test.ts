import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, utf8 } from '../../base/bytes.js';
import { canonicalJsonBytes, parseJson } from '../../base/json.js';
import { encodeEnvelope, parseEnvelope, preAuthEncoding, verifyEnvelope } from '../../keys/envelope.js';
import { newSigningKey, signEnvelope, signerOf } from '../../keys/signing.js';
import { expectCode } from '../support/expect-code.js';

const type = 'application/vnd.yms.test+json';
const alice = newSigningKey(new Uint8Array(32).fill(1));
const bob = newSigningKey(new Uint8Array(32).fill(2));
const mallory = newSigningKey(new Uint8Array(32).fill(3));
const keys = [alice.publicKey, bob.publicKey];
const signed = (...signers: (typeof alice)[]) => signEnvelope(type, utf8('hello world'), signers.map(signerOf));
const verify = (bytes: Uint8Array, threshold = 1) =>
  verifyEnvelope(parseEnvelope(bytes), { payloadType: type, keys, threshold });

describe('pre-authentication encoding', () => {
  test('is the example of the DSSE protocol document', () => {
    const encoded = preAuthEncoding('http://example.com/HelloWorld', utf8('hello world'));
    expect(decodeUtf8(encoded)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  test('counts bytes, not characters', () => {
    expect(decodeUtf8(preAuthEncoding('ü', utf8('€')))).toBe('DSSEv1 2 ü 3 €');
  });
});

describe('verifyEnvelope', () => {
  test('gives the raw payload and who signed', () => {
    const verified = verify(signed(alice, bob), 2);
    expect(decodeUtf8(verified.payload)).toBe('hello world');
    expect(verified.keyids).toEqual([alice.publicKey.keyid, bob.publicKey.keyid]);
  });

  test('refuses another payload type', async () => {
    const other = signEnvelope('text/plain', utf8('hello world'), [signerOf(alice)]);
    await expectCode('payload-type', () => verify(other));
  });

  test('refuses a signature of a key outside the role, also beside a good one', async () => {
    await expectCode('signature-unknown-key', () => verify(signed(alice, mallory)));
  });

  test('refuses too few keys', () => expectCode('signature-threshold', () => verify(signed(alice), 2)));

  test('refuses a threshold met by one key twice', async () => {
    await expectCode('signature-duplicate', () => verify(signed(alice, alice), 2));
  });

  test('counts public keys, not their names', async () => {
    const renamed = { ...alice.publicKey, keyid: 'f'.repeat(64) };
    const envelope = parseEnvelope(signed(alice));
    const sig = envelope.signatures[0]?.sig ?? new Uint8Array();
    const twice = { ...envelope, signatures: [...envelope.signatures, { keyid: renamed.keyid, sig }] };
    await expectCode('signature-threshold', () =>
      verifyEnvelope(twice, { payloadType: type, keys: [alice.publicKey, renamed], threshold: 2 }),
    );
  });

  test('refuses a changed payload', async () => {
    const envelope = parseEnvelope(signed(alice));
    await expectCode('signature-invalid', () => verify(encodeEnvelope({ ...envelope, payload: utf8('hello w0rld') })));
  });
});

describe('parseEnvelope', () => {
  test('refuses every other spelling of the same envelope', async () => {
    const text = decodeUtf8(signed(alice));
    for (const loose of [` ${text}`, `${text}\n`, text.replace('"payload":', '"payload": '), text.replace('==', '=')])
      await expectCode('envelope-malformed', () => parseEnvelope(utf8(loose)));
  });

  test('refuses members that nobody knows', async () => {
    const json = parseJson(signed(alice)) as Record<string, never>;
    await expectCode('envelope-malformed', () => parseEnvelope(canonicalJsonBytes({ ...json, extra: 1 })));
  });

  test('refuses an envelope without signatures', () =>
    expectCode('envelope-malformed', () =>
      parseEnvelope(encodeEnvelope({ payloadType: type, payload: utf8('x'), signatures: [] })),
    ));

  test('no single flipped bit of a signed envelope verifies', () => {
    const bytes = signed(alice, bob);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(() => verify(flipped, 2)).toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});
