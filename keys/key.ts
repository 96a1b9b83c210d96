import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import { decodeHex, encodeHex, sha256Hex, utf8 } from '../base/bytes.js';
import { KeyError } from './error.js';

/** Ed25519 signs and verifies; X25519 opens what is sealed to it. */
export type KeyKind = 'ed25519' | 'x25519';

export interface PublicKey {
  readonly kind: KeyKind;
  /** 64 hex digits: SHA-256 of the key's TUF canonical JSON (TUF specification 4.2), so nobody can choose it. */
  readonly keyid: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

export interface SecretKey {
  readonly kind: KeyKind;
  readonly publicKey: PublicKey;
  /** 32 bytes: the Ed25519 seed or the X25519 scalar. */
  readonly secret: Uint8Array;
}

/** A public key as it stands in TUF metadata, key files and `keys.json`. */
export interface PublicKeyJson {
  readonly keytype: KeyKind;
  readonly scheme: KeyKind;
  readonly keyval: { readonly public: string };
}

export const keyidPattern = /^[0-9a-f]{64}$/;

export const publicKeySchema = z
  .strictObject({
    keytype: z.enum(['ed25519', 'x25519']),
    scheme: z.enum(['ed25519', 'x25519']),
    keyval: z.strictObject({ public: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits') }),
  })
  .refine((key) => key.keytype === key.scheme, 'expected scheme to equal keytype');

export function publicKey(kind: KeyKind, bytes: Uint8Array): PublicKey {
  if (bytes.length !== 32)
    throw new KeyError('key-malformed', `${kind} public key: expected 32 bytes, got ${bytes.length}`);
  return { kind, bytes, keyid: sha256Hex(utf8(canonicalize(publicKeyJson(kind, bytes)))) };
}

function publicKeyJson(kind: KeyKind, bytes: Uint8Array): PublicKeyJson {
  return { keytype: kind, scheme: kind, keyval: { public: encodeHex(bytes) } };
}

export function encodePublicKey(key: PublicKey): PublicKeyJson {
  return publicKeyJson(key.kind, key.bytes);
}

/** @throws KeyError `key-malformed`; `key-kind` when `kind` is given and another came */
export function parsePublicKey(json: unknown, subject = 'public key', kind?: KeyKind): PublicKey {
  const parsed = publicKeySchema.safeParse(json);
  if (!parsed.success)
    throw new KeyError('key-malformed', `${subject}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`, {
      cause: parsed.error,
    });
  const key = publicKey(parsed.data.keytype, decodeHex(parsed.data.keyval.public, 32, subject));
  if (kind !== undefined && key.kind !== kind)
    throw new KeyError('key-kind', `${subject}: expected a key of kind ${kind}, got ${key.kind}`);
  return key;
}

/** The same keys with those of equal bytes once: what a threshold may count. */
export function distinctKeys(keys: readonly PublicKey[]): PublicKey[] {
  return [...new Map(keys.map((key) => [`${key.kind}:${encodeHex(key.bytes)}`, key])).values()];
}
