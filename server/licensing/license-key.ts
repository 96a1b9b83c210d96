import { randomBytes } from 'node:crypto';
import { concatBytes, sha256, sha256Hex, utf8 } from '../../base/bytes.js';

/** Crockford's base 32: no I, L, O or U, so that a key can be read out and typed. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const secretBytes = 16;
const secretDigits = 26; // 130 bits, the last two of them zero
const checkDigits = 4; // 20 bits

/** A new key such as `YMS-4T8WK-…` (six groups of five: 16 random bytes, a checksum against typing errors), with what the records keep of it. */
export function newLicenseKeyWithDigest(): { readonly licenseKey: string; readonly keyDigest: string } {
  const secret = randomBytes(secretBytes);
  return { licenseKey: encodeLicenseKey(secret), keyDigest: licenseKeyDigest(secret) };
}

export function encodeLicenseKey(secret: Uint8Array): string {
  const digits = encodeDigits(secret, secretDigits) + checksum(secret);
  return `YMS-${(digits.match(/.{5}/g) ?? []).join('-')}`;
}

/** The 16 secret bytes, or null when it is no license key or was mistyped. Case, spaces, hyphens and O/0, I/L/1 do not count. */
export function parseLicenseKey(text: string): Uint8Array | null {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replace(/^YMS/, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  if (plain.length !== secretDigits + checkDigits) return null;
  const secret = decodeDigits(plain.slice(0, secretDigits), secretBytes);
  if (secret === null || encodeDigits(secret, secretDigits) + checksum(secret) !== plain) return null;
  return secret;
}

/** What the records keep of a key. 128 random bits need no salt and no slow hash. */
export function licenseKeyDigest(secret: Uint8Array): string {
  return sha256Hex(utf8('yms license key\n'), secret);
}

function checksum(secret: Uint8Array): string {
  return encodeDigits(sha256(concatBytes(utf8('yms license key checksum\n'), secret)).subarray(0, 3), 5).slice(
    0,
    checkDigits,
  );
}

/** Five bits a digit, most significant first, padded with zero bits. */
function encodeDigits(bytes: Uint8Array, count: number): string {
  let digits = '';
  for (let i = 0; i < count; i++) {
    const bit = i * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    digits += alphabet[(pair >> (11 - (bit & 7))) & 31] ?? '';
  }
  return digits;
}

function decodeDigits(digits: string, length: number): Uint8Array | null {
  let value = 0n;
  for (const digit of digits) {
    const at = alphabet.indexOf(digit);
    if (at < 0) return null;
    value = (value << 5n) | BigInt(at);
  }
  value >>= BigInt(digits.length * 5 - length * 8);
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}
