import type { PublicKey } from './key.js';

/**
 * What a room gets that may cause a signature without ever holding the secret: `packs` takes one, `keys/signing` makes
 * one, and a hardware token or a signing service can be another.
 */
export interface Signer {
  readonly key: PublicKey;
  /** A 64-byte Ed25519 signature. */
  sign(message: Uint8Array): Uint8Array;
}

/** The holder of an X25519 secret, for what was sealed to its public key. */
export interface Opener {
  readonly key: PublicKey;
  /** @throws KeyError `sealed-box` when it was sealed to another key or is damaged */
  open(sealed: Uint8Array): Uint8Array;
}
