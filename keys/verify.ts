import type { PublicKey } from './key.js';
import { verifyDetached } from './sodium.js';

/** The only function here that answers with a boolean: whether this Ed25519 key made this signature. */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return key.kind === 'ed25519' && signature.length === 64 && verifyDetached(signature, message, key.bytes);
}
