/** Everything that makes a signature. The scanner must not reach this file, also not through others. */
import { encodeHex } from '../base/bytes.js';
import { encodeEnvelope, preAuthEncoding } from './envelope.js';
import { KeyError } from './error.js';
import { publicKey, type SecretKey } from './key.js';
import { metadataMessage, type SignedMetadata } from './metadata.js';
import type { RoleBody } from './roles.js';
import type { Signer } from './signer.js';
import { randomBytes, signDetached, signingPair } from './sodium.js';

/** A new Ed25519 key, or the one of a given 32-byte seed (for vectors). */
export function newSigningKey(seed: Uint8Array = randomBytes(32)): SecretKey {
  const pair = signingPair(seed);
  return { kind: 'ed25519', publicKey: publicKey('ed25519', pair.publicKey), secret: pair.secretKey };
}

/** @throws KeyError `key-kind` for a key that cannot sign */
export function signerOf(secret: SecretKey): Signer {
  if (secret.kind !== 'ed25519')
    throw new KeyError('key-kind', `signer: expected a key of kind ed25519, got ${secret.kind}`);
  return { key: secret.publicKey, sign: (message) => signDetached(message, secret.secret) };
}

/** DSSE: the bytes of an envelope over `payload`, signed by every signer. */
export function signEnvelope(payloadType: string, payload: Uint8Array, signers: readonly Signer[]): Uint8Array {
  const message = preAuthEncoding(payloadType, payload);
  const signatures = signers.map((signer) => ({ keyid: signer.key.keyid, sig: signer.sign(message) }));
  return encodeEnvelope({ payloadType, payload, signatures });
}

export function signMetadata<T extends RoleBody>(signed: T, signers: readonly Signer[]): SignedMetadata<T> {
  return signers.reduce<SignedMetadata<T>>(addSignature, { signed, signatures: [] });
}

/** The metadata with this signer's signature added, or made anew if it was there. */
export function addSignature<T extends RoleBody>(metadata: SignedMetadata<T>, signer: Signer): SignedMetadata<T> {
  const others = metadata.signatures.filter(({ keyid }) => keyid !== signer.key.keyid);
  const sig = encodeHex(signer.sign(metadataMessage(metadata.signed)));
  return { signed: metadata.signed, signatures: [...others, { keyid: signer.key.keyid, sig }] };
}
