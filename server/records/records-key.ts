import { decodeBase64, decodeUtf8, encodeBase64, utf8, concatBytes } from '../../base/bytes.js';
import type { SecretKey } from '../../keys/key.js';
import { aeadDecrypt, aeadEncrypt, aeadNonceBytes, blake2b256, randomBytes } from '../../keys/sodium.js';
import { ServerError } from '../error.js';

const prefix = 'sealed:';

export function secondFactorPlace(personId: string): string {
  return `people/${personId}/totpSecret`;
}

/**
 * Seals single values of the records (XChaCha20-Poly1305), so that a copy of the database does not give them away, and
 * whoever writes to it cannot put one in another's place. The key stands in a file of the server's folder.
 */
export class RecordsKey {
  readonly keyid: string;
  readonly #key: Uint8Array;

  constructor({ publicKey, secret }: SecretKey) {
    this.keyid = publicKey.keyid;
    this.#key = blake2b256(secret, utf8('yms records\n'));
  }

  static isSealed(text: string): boolean {
    return text.startsWith(prefix);
  }

  /** @param place where the value stands, such as `people/<id>/totpSecret`; it opens there only */
  seal(place: string, text: string): string {
    const nonce = randomBytes(aeadNonceBytes);
    return prefix + encodeBase64(concatBytes(nonce, aeadEncrypt(utf8(text), utf8(place), nonce, this.#key)));
  }

  /** @throws ServerError `records-key` for what was sealed with another key, or for another place */
  open(place: string, sealed: string): string {
    const bytes = RecordsKey.isSealed(sealed) ? decodeBase64(sealed.slice(prefix.length)) : new Uint8Array();
    const nonce = bytes.subarray(0, aeadNonceBytes);
    const opened =
      nonce.length === aeadNonceBytes
        ? aeadDecrypt(bytes.subarray(aeadNonceBytes), utf8(place), nonce, this.#key)
        : null;
    if (opened === null)
      throw new ServerError(
        'records-key',
        `${place}: expected a value sealed with key ${this.keyid} for this place, got one that does not open`,
      );
    return decodeUtf8(opened);
  }
}
