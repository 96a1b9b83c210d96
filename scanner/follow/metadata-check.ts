/** What the steps of TUF specification 5.3 to 5.6 have in common: the file that was named, its version, its end. */
import { sha256Hex } from '../../base/bytes.js';
import { formatSeconds, parseSeconds } from '../../base/clock.js';
import type { MetaFile } from '../../keys/roles.js';
import { ScannerError } from '../error.js';

/** @throws ScannerError `metadata-mismatch` */
export function requireFile(subject: string, bytes: Uint8Array, { length, hashes }: MetaFile): void {
  const sha256 = sha256Hex(bytes);
  if (bytes.length === length && sha256 === hashes.sha256) return;
  throw new ScannerError(
    'metadata-mismatch',
    `${subject}: expected ${length} bytes with sha256 ${hashes.sha256}, got ${bytes.length} with ${sha256}`,
  );
}

/** @throws ScannerError `metadata-mismatch` */
export function requireVersion(subject: string, version: number, file: MetaFile): void {
  if (version !== file.version)
    throw new ScannerError('metadata-mismatch', `${subject}: expected version ${file.version}, got ${version}`);
}

/** @throws ScannerError `version-rollback` */
export function requireNotLower(subject: string, version: number, trusted: number): void {
  if (version < trusted)
    throw new ScannerError('version-rollback', `${subject}: expected version ${trusted} or above, got ${version}`);
}

/** @throws ScannerError `metadata-expired` */
export function requireUnexpired(subject: string, expires: string, now: Date): void {
  if (isOver(expires, now))
    throw new ScannerError(
      'metadata-expired',
      `${subject}: expected an end after ${formatSeconds(now)}, got ${expires}`,
    );
}

/** A time that is none is over. */
export function isOver(time: string, now: Date): boolean {
  const end = parseSeconds(time);
  return end === null || end <= now;
}
