import { decodeBase64, decodeHex, encodeBase64, encodeHex, equalBytes, utf8 } from '../base/bytes.js';
import { canonicalJson } from '../base/json.js';
import type { PublicKey } from '../keys/key.js';
import { sealTo } from '../keys/sealing.js';
import type { Opener } from '../keys/signer.js';
import { blake2b256, randomBytes } from '../keys/sodium.js';
import { PackError } from './error.js';
import { contentKeyBytes, type PackRelease, sealedKeyBytes } from './field.js';

/** A content key as it is handed to one holder of an X25519 key. */
export interface Recipient {
  readonly keyid: string;
  /** Base64 of 80 bytes. */
  readonly sealed: string;
}

/** A fresh key for one file; a second file under it would let an observer compare the two. */
export function newContentKey(): Uint8Array {
  return randomBytes(contentKeyBytes);
}

/** Binds a content key to one release (docs/spec/pack.md, "Content key"): 64 hex digits, also the key's id. */
export function keyCommitment(contentKey: Uint8Array, release: PackRelease): string {
  const { feature, kind, pack, sequence, version } = release;
  const context = canonicalJson({ feature, kind, pack, sequence, version });
  return encodeHex(blake2b256(contentKey, utf8(`yms1 key\n${context}`)));
}

/**
 * The content key, if it is the one that the release's signer committed to.
 *
 * @throws PackError `key-commitment`
 */
export function checkContentKey(
  contentKey: Uint8Array,
  release: PackRelease & { readonly keyCommitment: string },
): Uint8Array {
  const subject = `${release.feature}/${release.pack} ${release.version}: content key`;
  if (contentKey.length !== contentKeyBytes)
    throw new PackError('key-commitment', `${subject}: expected ${contentKeyBytes} bytes, got ${contentKey.length}`);
  const commitment = decodeHex(keyCommitment(contentKey, release), 32);
  if (!equalBytes(commitment, decodeHex(release.keyCommitment, 32)))
    throw new PackError(
      'key-commitment',
      `${subject}: expected one of commitment ${release.keyCommitment}, got one of ${encodeHex(commitment)}`,
    );
  return contentKey;
}

/** @throws KeyError `key-kind` for a key that cannot open */
export function sealContentKey(contentKey: Uint8Array, recipient: PublicKey): Recipient {
  return { keyid: recipient.keyid, sealed: encodeBase64(sealTo(recipient, contentKey)) };
}

/**
 * The content key of a pack, for one of its recipients; `header` is that of a verified pack.
 *
 * @throws PackError `not-a-recipient`, `key-commitment`
 * @throws KeyError `sealed-box`
 */
export function openContentKey(
  header: PackRelease & { readonly keyCommitment: string; readonly recipients: readonly Recipient[] },
  opener: Opener,
): Uint8Array {
  const recipient = header.recipients.find(({ keyid }) => keyid === opener.key.keyid);
  if (!recipient)
    throw new PackError(
      'not-a-recipient',
      `${header.feature}/${header.pack} ${header.version}: expected key ${opener.key.keyid} among the recipients, got ${header.recipients.map(({ keyid }) => keyid).join(', ')}`,
    );
  return checkContentKey(opener.open(decodeBase64(recipient.sealed, sealedKeyBytes, 'sealed content key')), header);
}
