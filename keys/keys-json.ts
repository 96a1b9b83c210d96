import { z } from 'zod';
import { CodedError } from '../base/error.js';
import { canonicalJsonBytes, parseCanonicalJson } from '../base/json.js';
import { KeyError } from './error.js';
import { encodePublicKey, parsePublicKey, type PublicKey } from './key.js';

/** The target path of {@link KeysJson}, signed by the top-level targets role and served without a license. */
export const keysJsonPath = 'keys.json';
export const keysJsonMaxBytes = 65_536;

/** The keys that endpoints and builders take from nowhere else. */
export interface KeysJson {
  /** Ed25519: sign license documents. */
  readonly licenseKeys: readonly PublicKey[];
  /** X25519: recipients of every published pack. */
  readonly distributionKeys: readonly PublicKey[];
}

const schema = z.strictObject({
  licenseKeys: z.array(z.unknown()).min(1).max(16),
  distributionKeys: z.array(z.unknown()).min(1).max(16),
});

export function encodeKeysJson(keys: KeysJson): Uint8Array {
  return canonicalJsonBytes({
    licenseKeys: keys.licenseKeys.map(encodePublicKey),
    distributionKeys: keys.distributionKeys.map(encodePublicKey),
  });
}

/** @throws KeyError `key-malformed`, `key-kind`, `key-duplicate` */
export function parseKeysJson(bytes: Uint8Array, subject: string = keysJsonPath): KeysJson {
  let json: unknown;
  try {
    json = parseCanonicalJson(bytes, subject);
  } catch (cause) {
    if (cause instanceof CodedError) throw new KeyError('key-malformed', cause.message, { cause });
    throw cause;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw new KeyError('key-malformed', `${subject}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`, {
      cause: parsed.error,
    });
  const keys = {
    licenseKeys: parsed.data.licenseKeys.map((key, i) =>
      parsePublicKey(key, `${subject} licenseKeys[${i}]`, 'ed25519'),
    ),
    distributionKeys: parsed.data.distributionKeys.map((key, i) =>
      parsePublicKey(key, `${subject} distributionKeys[${i}]`, 'x25519'),
    ),
  };
  const ids = [...keys.licenseKeys, ...keys.distributionKeys].map(({ keyid }) => keyid);
  const twice = ids.find((keyid, i) => ids.indexOf(keyid) !== i);
  if (twice !== undefined)
    throw new KeyError('key-duplicate', `${subject}: expected each key once, got ${twice} twice`);
  return keys;
}
