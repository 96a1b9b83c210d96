import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.js';

export type IdPrefix = 'cus' | 'lic' | 'hst' | 'tok' | 'pln' | 'grp' | 'mov' | 'per';

export const idPattern = /^(?:cus|lic|hst|tok|pln|grp|mov|per)-[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let last = 0;

/**
 * `<prefix>-<48 bits of milliseconds>-<4 bits counter, 12 random>-<48 random bits>`: sorts by the time it was made, so that lists are
 * in order and a list's cursor is simply its last id.
 */
export function newId(prefix: IdPrefix, clock: Clock): string {
  last = Math.max(last + 1, clock.now().getTime() * 0x10); // sixteen ids a millisecond before the counter runs ahead
  const digits = last.toString(16).padStart(13, '0');
  const tail = randomBytes(8).toString('hex');
  return `${prefix}-${digits.slice(0, 12)}-${digits.slice(12)}${tail.slice(0, 3)}-${tail.slice(4)}`;
}
