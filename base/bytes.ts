import { createHash, timingSafeEqual } from 'node:crypto';
import { BaseError } from './error.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The same memory without Buffer's own methods and comparisons. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

export function utf8(text: string): Uint8Array {
  return plain(Buffer.from(text, 'utf8'));
}

/** @throws BaseError `utf8-invalid` */
export function decodeUtf8(bytes: Uint8Array, subject = 'text'): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new BaseError('utf8-invalid', `${subject}: expected UTF-8, got ${bytes.length} bytes that are not`, {
      cause,
    });
  }
}

export function encodeHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/**
 * Lower-case hexadecimal only, so that one value has one spelling.
 *
 * @throws BaseError `hex-invalid`
 */
export function decodeHex(text: string, lengthBytes?: number, subject = 'hex'): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text))
    throw new BaseError(
      'hex-invalid',
      `${subject}: expected lower-case hex digits in pairs, got ${text.length} characters that are not`,
    );
  const bytes = plain(Buffer.from(text, 'hex'));
  if (lengthBytes !== undefined && bytes.length !== lengthBytes)
    throw new BaseError('hex-invalid', `${subject}: expected ${lengthBytes} bytes of hex, got ${bytes.length}`);
  return bytes;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * Padded standard base64 (RFC 4648 section 4) with no other spelling of the same bytes: trailing bits must be zero.
 *
 * @throws BaseError `base64-invalid`
 */
export function decodeBase64(text: string, lengthBytes?: number, subject = 'base64'): Uint8Array {
  const bytes = plain(Buffer.from(text, 'base64'));
  if (encodeBase64(bytes) !== text)
    throw new BaseError(
      'base64-invalid',
      `${subject}: expected strict padded base64, got ${text.length} characters that are not`,
    );
  if (lengthBytes !== undefined && bytes.length !== lengthBytes)
    throw new BaseError('base64-invalid', `${subject}: expected ${lengthBytes} bytes of base64, got ${bytes.length}`);
  return bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return plain(Buffer.concat(parts));
}

/** Compares without telling by its time where the two differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The order of the formats: by UTF-8 bytes, which JavaScript's own string order is not beyond the basic plane. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return plain(hash.digest());
}

export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return encodeHex(sha256(...parts));
}
