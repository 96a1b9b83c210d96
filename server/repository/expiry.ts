import { parseSeconds } from '../../base/clock.js';
import type { ServerDeps } from '../deps.js';
import { currentRole, loadRepository, namesOnlineKey } from './repository.js';

/**
 * Brings the gauges of the repository up to date: an operator is warned before a role runs out, or when the server's keys
 * count no more, and not by his endpoints after.
 */
export async function observeExpiry(deps: Pick<ServerDeps, 'records' | 'metrics' | 'keys'>): Promise<void> {
  const { records, metrics, keys } = deps;
  const repository = await loadRepository(records);
  const timestamp = await currentRole(records, 'timestamp');
  const snapshot = await currentRole(records, 'snapshot');
  if (repository === null || timestamp === null || snapshot === null) return;
  const held = [
    ['root', repository.root],
    ['targets', repository.targets],
    ['snapshot', snapshot],
    ['timestamp', timestamp],
    ...repository.roles,
  ] as const;
  for (const [role, { signed }] of held)
    metrics.expiry.set({ role }, (parseSeconds(signed.expires)?.getTime() ?? 0) / 1000);
  for (const role of ['snapshot', 'timestamp'] as const)
    metrics.onlineKeyTrusted.set({ role }, namesOnlineKey(repository.root.signed, role, keys) ? 1 : 0);
}
