import { z } from 'zod';
import { CodedError } from '../base/error.js';
import { canonicalJsonBytes, parseCanonicalJson } from '../base/json.js';
import { KeyError } from './error.js';
import { encodePublicKey, parsePublicKey, type PublicKey } from './key.js';
import { namePattern } from './roles.js';

/** The target path of {@link KeysJson}, signed by the top-level targets role and served without a license. */
export const keysJsonPath = 'keys.json';
export const keysJsonMaxBytes = 65_536;

/** The keys that endpoints and builders take from nowhere else. */
export interface KeysJson {
  /** Ed25519: sign license documents. */
  readonly licenseKeys: readonly PublicKey[];
  /** X25519: recipients of every published pack. */
  readonly distributionKeys: readonly PublicKey[];
  /** Feature → its epoch; see {@link epochOf}. */
  readonly epochs?: ReadonlyMap<string, number>;
}

/** Evictions are rare acts of people: a number beyond this one is a mistake. */
const maxEpoch = 1_000_000;

/** 1, and one more for each time that a release key of the feature was evicted. */
export function epochOf({ epochs }: Pick<KeysJson, 'epochs'>, feature: string): number {
  return epochs?.get(feature) ?? 1;
}

const schema = z.strictObject({
  licenseKeys: z.array(z.unknown()).min(1).max(16),
  distributionKeys: z.array(z.unknown()).min(1).max(16),
  epochs: z
    .array(z.strictObject({ feature: z.string().regex(namePattern).max(64), epoch: z.int().min(1).max(maxEpoch) }))
    .max(256)
    .refine((list) => list.every(({ feature }, i) => i === 0 || (list[i - 1]?.feature ?? '') < feature), {
      error: 'expected each feature once, sorted',
    })
    .optional(),
});

export function encodeKeysJson(keys: KeysJson): Uint8Array {
  return canonicalJsonBytes({
    licenseKeys: keys.licenseKeys.map(encodePublicKey),
    distributionKeys: keys.distributionKeys.map(encodePublicKey),
    ...(keys.epochs !== undefined && keys.epochs.size > 0 && { epochs: encodeEpochs(keys.epochs) }),
  });
}

function encodeEpochs(epochs: ReadonlyMap<string, number>): { feature: string; epoch: number }[] {
  return [...epochs].map(([feature, epoch]) => ({ feature, epoch })).sort((a, b) => (a.feature < b.feature ? -1 : 1));
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
  const { epochs } = parsed.data;
  const keys: KeysJson = {
    ...(epochs && { epochs: new Map(epochs.map(({ feature, epoch }) => [feature, epoch])) }),
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
