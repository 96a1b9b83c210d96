import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { refusal, ServerError } from '../../error.js';

/** As for key files (docs/threat-model.md): 128 MiB and about half a second for each guess. */
const parameters = { N: 131_072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };
const name = 'scrypt-131072-8-1';
const hashBytes = 32;

export const minPasswordLength = 12;
export const maxPasswordLength = 200;

/** Each derivation holds 128 MiB: one at a time, and a caller who would wait for long is sent away. */
const maxWaiting = 16;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * What a person may choose: length counts, not kinds of characters (NIST SP 800-63B section 5.1.1.2).
 *
 * @throws ServerError `password-weak`
 */
export function requireGoodPassword(password: string, email: string): void {
  const { length } = Array.from(password);
  const weak = (got: string) =>
    refusal(
      'password-weak',
      { path: ['password'], expected: `${minPasswordLength} characters or more`, got },
      { hint: 'four random words are long and easy to keep' },
    );
  if (length < minPasswordLength || length > maxPasswordLength) throw weak(String(length));
  if (new Set(password).size < 5) throw weak('few different ones');
  const [local = ''] = email.split('@');
  if (local.length >= 4 && password.toLowerCase().includes(local)) throw weak('the e-mail address in it');
}

/** `scrypt-131072-8-1:<salt>:<hash>`, both base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${name}:${salt.toString('base64')}:${(await derive(password, salt)).toString('base64')}`;
}

/**
 * Whether it is the password behind `hash`. Without a hash (nobody of that address) the same time is spent.
 *
 * @throws ServerError `rate-limited` when too many wait
 */
export async function passwordMatches(password: string, hash: string | null): Promise<boolean> {
  const [kind, salt = '', expected = ''] = hash?.split(':') ?? [];
  const derived = await derive(password, Buffer.from(salt, 'base64'));
  const wanted = Buffer.from(expected, 'base64');
  return kind === name && wanted.length === hashBytes && timingSafeEqual(derived, wanted);
}

async function derive(password: string, salt: Uint8Array): Promise<Buffer> {
  if (waiting >= maxWaiting)
    throw new ServerError('rate-limited', `sign-in: expected at most ${maxWaiting} at once, got more`, {
      retryAfterSeconds: 10,
    });
  waiting++;
  const mine = last.then(() => scryptOnce(password, salt));
  last = mine.catch(() => undefined);
  try {
    return await mine;
  } finally {
    waiting--;
  }
}

function scryptOnce(password: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hashBytes, parameters, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
