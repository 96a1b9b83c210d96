/**
 * The one file that touches libsodium. Its calls fail in three ways (return false, return undefined, throw), and here
 * they fail in one: `null` when the bytes are not authentic, a throw only for misuse by our own code.
 */
import sodium from 'libsodium-wrappers';

await sodium.ready;

export interface RawKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export function randomBytes(length: number): Uint8Array {
  return sodium.randombytes_buf(length);
}

/** Overwrites a secret that is no longer needed. */
export function wipe(secret: Uint8Array): void {
  sodium.memzero(secret);
}

/** Ed25519 (RFC 8032). The secret is the 32-byte seed, not libsodium's 64-byte form. */
export function signingPair(seed: Uint8Array): RawKeyPair {
  const pair = sodium.crypto_sign_seed_keypair(seed);
  return { publicKey: pair.publicKey, secretKey: seed };
}

/** A 64-byte detached Ed25519 signature. */
export function signDetached(message: Uint8Array, seed: Uint8Array): Uint8Array {
  const { privateKey } = sodium.crypto_sign_seed_keypair(seed);
  try {
    return sodium.crypto_sign_detached(message, privateKey);
  } finally {
    sodium.memzero(privateKey);
  }
}

export function verifyDetached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return sodium.crypto_sign_verify_detached(signature, message, publicKey);
  } catch {
    return false;
  }
}

/** X25519 (RFC 7748). The secret is the 32-byte scalar. */
export function sealingPair(secretKey: Uint8Array): RawKeyPair {
  return { publicKey: sodium.crypto_scalarmult_base(secretKey), secretKey };
}

/** crypto_box_seal: 48 bytes longer than the message; whoever made it stays unknown. */
export function sealBox(message: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return sodium.crypto_box_seal(message, publicKey);
}

export function openSealedBox(sealed: Uint8Array, pair: RawKeyPair): Uint8Array | null {
  try {
    return sodium.crypto_box_seal_open(sealed, pair.publicKey, pair.secretKey);
  } catch {
    return null;
  }
}

export const aeadNonceBytes = sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;

export function aeadEncrypt(
  message: Uint8Array,
  associated: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(message, associated, null, nonce, key);
}

export function aeadDecrypt(
  ciphertext: Uint8Array,
  associated: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array | null {
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, associated, nonce, key);
  } catch {
    return null;
  }
}

/** BLAKE2b with a 32-byte digest, keyed (RFC 7693). */
export function blake2b256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return sodium.crypto_generichash(32, message, key);
}

export const streamKeyBytes = sodium.crypto_secretstream_xchacha20poly1305_KEYBYTES;
export const streamHeaderBytes = sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES;
export const streamOverheadBytes = sodium.crypto_secretstream_xchacha20poly1305_ABYTES;
export const streamTagMessage = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
export const streamTagFinal = sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL;

export interface StreamPush {
  readonly header: Uint8Array;
  push(chunk: Uint8Array, tag: number): Uint8Array;
}

export function startPush(key: Uint8Array): StreamPush {
  const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key);
  return {
    header,
    push: (chunk, tag) => sodium.crypto_secretstream_xchacha20poly1305_push(state, chunk, null, tag),
  };
}

export interface StreamPull {
  /** Null when the chunk is not authentic at this place of the stream. */
  pull(chunk: Uint8Array): { readonly message: Uint8Array; readonly tag: number } | null;
}

/** @throws RangeError unless header and key have their exact lengths */
export function startPull(header: Uint8Array, key: Uint8Array): StreamPull {
  if (header.length !== streamHeaderBytes || key.length !== streamKeyBytes)
    throw new RangeError(`secretstream: expected ${streamHeaderBytes} and ${streamKeyBytes} bytes of header and key`);
  const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);
  return {
    pull: (chunk) => {
      if (chunk.length < streamOverheadBytes) return null;
      return sodium.crypto_secretstream_xchacha20poly1305_pull(state, chunk, null) || null;
    },
  };
}
