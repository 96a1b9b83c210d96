import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeLicenseKey, newLicenseKeyWithDigest, parseLicenseKey } from '../../../server/licensing/license-key.js';

const secrets = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('a key survives being read out, typed small, with spaces, and with O, I and L for 0 and 1', () => {
  fc.assert(
    fc.property(secrets, (secret) => {
      const key = encodeLicenseKey(secret);
      expect(key).toMatch(/^YMS(-[0-9A-HJKMNP-TV-Z]{5}){6}$/);
      const typed = [key, key.toLowerCase(), key.replaceAll('-', ''), ` ${key.slice(4).replaceAll('-', ' ')} `];
      typed.push(`YMS${key.slice(3).replaceAll('0', 'O').replaceAll('1', 'l')}`);
      for (const text of typed) expect(parseLicenseKey(text)).toEqual(Buffer.from(secret));
    }),
  );
});

test('one wrong character is noticed in all but about one of a million cases', () => {
  const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const key = encodeLicenseKey(Buffer.from('0123456789abcdef'));
  let accepted = 0;
  for (let at = 4; at < key.length; at++)
    for (const digit of digits)
      if (key[at] !== '-' && key[at] !== digit && parseLicenseKey(key.slice(0, at) + digit + key.slice(at + 1)))
        accepted++;
  expect(accepted).toBe(0);
});

test('two swapped characters are noticed', () => {
  const key = newLicenseKeyWithDigest().licenseKey;
  for (let at = 4; at < key.length - 1; at++) {
    const [a = '', b = ''] = [key[at], key[at + 1]];
    if (a === b || a === '-' || b === '-') continue;
    expect(parseLicenseKey(key.slice(0, at) + b + a + key.slice(at + 2))).toBeNull();
  }
});

test('other texts are no keys', () => {
  for (const text of [
    '',
    'YMS',
    'YMS-',
    'U'.repeat(30),
    '0'.repeat(29),
    '0'.repeat(31),
    '0'.repeat(10_000),
    '\u0000'.repeat(30),
  ])
    expect(parseLicenseKey(text)).toBeNull();
});
