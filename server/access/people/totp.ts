/** Time-based one-time passwords (RFC 6238): SHA-1, six digits, thirty seconds, what every authenticator app reads. */
import { Secret, TOTP } from 'otpauth';
import { secondMs } from '../../../base/clock.js';

const periodSeconds = 30;
/** Steps before and after now whose code counts: clocks of phones are seldom right. */
const window = 1;
const issuer = 'yms';

/** 160 random bits in base 32 (RFC 4226 section 4, R6). */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What the QR code of an invitation says. */
export function totpUri(secret: string, email: string): string {
  return totp(secret, email).toString();
}

/** The time step of a right code later than `lastStep`, or null: each code counts once. */
export function acceptedTotpStep(secret: string, code: string, now: Date, lastStep: number): number | null {
  const plain = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(plain)) return null;
  const delta = totp(secret, '').validate({ token: plain, timestamp: now.getTime(), window });
  if (delta === null) return null;
  const step = Math.floor(now.getTime() / (periodSeconds * secondMs)) + delta;
  return step > lastStep ? step : null;
}

function totp(secret: string, label: string): TOTP {
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret), period: periodSeconds });
}
