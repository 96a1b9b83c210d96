/** Versions of metadata after somebody drove them up: the fast-forward recovery of the TUF specification, 5.3.11. */
import { type Clock, secondMs } from '../base/clock.js';
import { canonicalJson } from '../base/json.js';
import type { RootRole } from './roles.js';

/** Counting by one, nobody gets here: who did jumped. */
const drivenUpFrom = 2 ** 40;

/**
 * Whether clients that go from one root to the other forget the timestamp and snapshot that they trust, and with them
 * every version: both roles have other keys. Nothing else lets the version of a role go down.
 */
export function isFastForwardRecovery(before: RootRole, after: RootRole): boolean {
  return (['snapshot', 'timestamp'] as const).every(
    (role) => canonicalJson(before.roles[role].keyids) !== canonicalJson(after.roles[role].keyids),
  );
}

/**
 * The version after `current`. In a fast-forward recovery one that was driven up starts over, at the seconds since 1970:
 * honest versions are far below, so that no file of this name was ever served, and no cache has one.
 */
export function nextVersion(current: number, { startsOver, clock }: { startsOver: boolean; clock: Clock }): number {
  return startsOver && current >= drivenUpFrom ? Math.floor(clock.now().getTime() / secondMs) : current + 1;
}
