import { z } from 'zod';
import { decodeBase64 } from '../base/bytes.js';
import { parseSeconds } from '../base/clock.js';
import { CodedError } from '../base/error.js';
import { keyidPattern } from '../keys/key.js';
import { sealedBoxOverheadBytes } from '../keys/sealing.js';

/** Members that the header, the manifest and the license document share (docs/spec/pack.md, "Conventions"). */

export const contentKeyBytes = 32;
export const sealedKeyBytes = contentKeyBytes + sealedBoxOverheadBytes;

export const packKind = z.enum(['full', 'delta']);
export type PackKind = z.infer<typeof packKind>;

export const name = z.string().regex(/^[a-z0-9-]{1,64}$/, 'expected 1 to 64 characters of a-z, 0-9 and -');

export const version = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/, 'expected 1 to 64 characters such as 2026.07.01');

export const sequence = z.int().min(1);

export const clientVersion = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){2}$/, 'expected a version of yms such as 1.2.3');

export const time = z
  .string()
  .refine((text) => parseSeconds(text) !== null, 'expected a time such as 2026-07-01T00:00:00Z');

export const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
export const keyid = z.string().regex(keyidPattern, 'expected a key id of 64 lower-case hex digits');

export const sealedKey = z
  .string()
  .refine((text) => isBase64Of(text, sealedKeyBytes), `expected base64 of ${sealedKeyBytes} bytes`);

function isBase64Of(text: string, length: number): boolean {
  try {
    return decodeBase64(text, length).length === length;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
}

/** What names one release of one pack: the part of the header that the key commitment covers. */
export interface PackRelease {
  readonly feature: string;
  readonly kind: PackKind;
  readonly pack: string;
  readonly sequence: number;
  readonly version: string;
}
