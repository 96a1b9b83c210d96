/** The roles that the server signs by itself, signed again before they run out. */
import { dayMs, hourMs, parseSeconds } from '../../base/clock.js';
import type { ServerDeps } from '../deps.js';
import { transact } from '../records/transaction.js';
import { publishAlone } from './publishing.js';
import {
  currentRole,
  loadRepository,
  onlineVersions,
  requireOnlineKey,
  signSnapshot,
  signTimestamp,
} from './repository.js';

type RefreshDeps = Pick<ServerDeps, 'records' | 'keys' | 'clock' | 'publishing'>;

/** Hourly. Nothing happens before the first commit. */
export async function refreshTimestamp(deps: RefreshDeps): Promise<void> {
  await publishAlone(deps, () => signTimestampAgain(deps));
}

async function signTimestampAgain({ records, keys, clock }: RefreshDeps): Promise<void> {
  const before = await onlineVersions(records);
  const root = await currentRole(records, 'root');
  const snapshot = await currentRole(records, 'snapshot');
  if (root === null || snapshot === null) return;
  requireOnlineKey(root.signed, 'timestamp', keys);
  await transact(records, async (trx) => signTimestamp(trx, { keys, clock, startsOver: false }, snapshot, before));
}

/** Daily: a new snapshot of the same release, and a timestamp of it. */
export async function refreshSnapshot(deps: RefreshDeps): Promise<void> {
  await publishAlone(deps, () => signSnapshotAgain(deps));
}

async function signSnapshotAgain({ records, keys, clock }: RefreshDeps): Promise<void> {
  const before = await onlineVersions(records);
  const repository = await loadRepository(records);
  if (repository !== null)
    await transact(records, async (trx) => signSnapshot(trx, { keys, clock, startsOver: false }, repository, before));
}

/** At start, after a time of standing still: signs again what has lived through half of its time. */
export async function refreshStale(deps: RefreshDeps): Promise<void> {
  const leftMs = async (kind: 'snapshot' | 'timestamp'): Promise<number> => {
    const held = await currentRole(deps.records, kind);
    return held === null ? Infinity : (parseSeconds(held.signed.expires)?.getTime() ?? 0) - deps.clock.now().getTime();
  };
  await publishAlone(deps, async () => {
    if ((await leftMs('snapshot')) < 3.5 * dayMs) await signSnapshotAgain(deps);
    else if ((await leftMs('timestamp')) < 12 * hourMs) await signTimestampAgain(deps);
  });
}
