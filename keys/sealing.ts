import { KeyError } from './error.js';
import { publicKey, type PublicKey, type SecretKey } from './key.js';
import type { Opener } from './signer.js';
import { openSealedBox, randomBytes, sealBox, sealingPair } from './sodium.js';

/** How much longer a sealed box is than its message. */
export const sealedBoxOverheadBytes = 48;

/** A new X25519 key, or the one of a given 32-byte scalar (for vectors). */
export function newSealingKey(secret: Uint8Array = randomBytes(32)): SecretKey {
  const pair = sealingPair(secret);
  return { kind: 'x25519', publicKey: publicKey('x25519', pair.publicKey), secret: pair.secretKey };
}

/** @throws KeyError `key-kind` for a key that cannot open */
export function openerOf(secret: SecretKey): Opener {
  if (secret.kind !== 'x25519')
    throw new KeyError('key-kind', `opener: expected a key of kind x25519, got ${secret.kind}`);
  const pair = { publicKey: secret.publicKey.bytes, secretKey: secret.secret };
  return {
    key: secret.publicKey,
    open: (sealed) => {
      const message = openSealedBox(sealed, pair);
      if (message === null)
        throw new KeyError(
          'sealed-box',
          `sealed box: expected one sealed to key ${secret.publicKey.keyid}, got one that it does not open`,
        );
      return message;
    },
  };
}

/**
 * A libsodium sealed box (X25519, XSalsa20-Poly1305): only the recipient opens it, and it does not say who sealed it.
 *
 * @throws KeyError `key-kind` for a recipient that cannot open
 */
export function sealTo(recipient: PublicKey, message: Uint8Array): Uint8Array {
  if (recipient.kind !== 'x25519')
    throw new KeyError('key-kind', `recipient: expected a key of kind x25519, got ${recipient.kind}`);
  return sealBox(message, recipient.bytes);
}
