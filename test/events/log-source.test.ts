import { expect, test } from 'vitest';
import { LogSource } from '../../events/log-source.js';

test('sources with the same names are one object, in any case and with one name or a list of it', () => {
  const sshd = LogSource.of({ product: 'linux', service: ['sshd', 'auth'], category: [] });
  expect(LogSource.of({ category: [], service: ['SSHD', 'Auth'], product: ['Linux'] })).toBe(sshd);
  expect(LogSource.of({ product: 'linux', service: ['sshd', 'auth'] })).not.toBe(sshd);
  expect(sshd.names).toEqual({ product: ['linux'], service: ['sshd', 'auth'], category: [] });
});

test('a log that makes up services without end is not kept', () => {
  const first = LogSource.of({ product: 'linux', service: 'made-up-0' });
  for (let number = 1; number < 10_000; number++) LogSource.of({ product: 'linux', service: `made-up-${number}` });
  const again = LogSource.of({ product: 'linux', service: 'made-up-0' });
  expect(again).not.toBe(first);
  expect(again.key).toBe(first.key);
});

test('says itself in the words of a rule', () => {
  expect(LogSource.of({ product: 'linux', service: ['sshd', 'auth'], category: [] }).toString()).toBe(
    'product=linux, service=sshd|auth',
  );
});
