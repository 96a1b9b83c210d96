/** What the server does by the clock. Each job is a function of its dependencies; `node-cron` only calls them. */
import cron from 'node-cron';
import { dayMs, hourMs, parseSeconds } from '../base/clock.js';
import type { ServerDeps } from './deps.js';
import { currentRole, loadRepository, onlineVersions, signSnapshot, signTimestamp } from './repository.js';
import { settleMoves } from './settle-moves.js';
import { transact } from './records/transaction.js';

type JobDeps = Pick<ServerDeps, 'records' | 'keys' | 'clock' | 'publishing' | 'metrics' | 'log' | 'refusals'>;

/** Hourly. Nothing happens before the first commit. */
export async function refreshTimestamp({ records, keys, clock, publishing }: JobDeps): Promise<void> {
  await publishing.run(async () => {
    const before = await onlineVersions(records);
    const snapshot = await currentRole(records, 'snapshot');
    if (snapshot === null) return;
    await transact(records, async (trx) => signTimestamp(trx, keys, clock, snapshot, before));
  });
}

/** Daily: a new snapshot of the same release, and a timestamp of it. */
export async function refreshSnapshot({ records, keys, clock, publishing }: JobDeps): Promise<void> {
  await publishing.run(async () => {
    const before = await onlineVersions(records);
    const repository = await loadRepository(records);
    if (repository === null) return;
    await transact(records, async (trx) => signSnapshot(trx, keys, clock, repository, before));
  });
}

/** At start, after a time of standing still: signs again what has lived through half of its time. */
export async function refreshStale(deps: JobDeps): Promise<void> {
  const nowMs = deps.clock.now().getTime();
  const leftMs = async (kind: 'snapshot' | 'timestamp'): Promise<number> => {
    const held = await currentRole(deps.records, kind);
    return held === null ? Infinity : (parseSeconds(held.signed.expires)?.getTime() ?? 0) - nowMs;
  };
  if ((await leftMs('snapshot')) < 3.5 * dayMs) await refreshSnapshot(deps);
  else if ((await leftMs('timestamp')) < 12 * hourMs) await refreshTimestamp(deps);
}

/** Every minute: moves of features take effect also when nobody asks. */
export async function refreshMoves(deps: Pick<ServerDeps, 'records' | 'clock'>): Promise<void> {
  await settleMoves(deps);
}

/** Each minute: what was refused since. */
export async function saveRefusals({ records, refusals }: Pick<ServerDeps, 'records' | 'refusals'>): Promise<void> {
  await refusals.save(records);
}

/** Brings the expiry gauge up to date: an operator is warned before a role runs out, not by his endpoints after. */
export async function observeExpiry({ records, metrics }: Pick<ServerDeps, 'records' | 'metrics'>): Promise<void> {
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
}

/** @returns a function that stops the schedule */
export function scheduleJobs(deps: JobDeps): () => Promise<void> {
  const run =
    (job: string, work: (deps: JobDeps) => Promise<void>, level: 'info' | 'debug' = 'info') =>
    async () => {
      try {
        await work(deps);
        deps.log[level]({ job }, 'job done');
      } catch (error) {
        deps.metrics.jobFailures.inc({ job });
        deps.log.error({ job, err: error }, 'job failed');
      }
    };
  const tasks = [
    cron.schedule('7 * * * *', run('timestamp', refreshTimestamp), { noOverlap: true }),
    cron.schedule('* * * * *', run('feature moves', refreshMoves, 'debug'), { noOverlap: true }),
    cron.schedule('* * * * *', run('refusals', saveRefusals, 'debug'), { noOverlap: true }),
    cron.schedule('37 2 * * *', run('snapshot', refreshSnapshot), { noOverlap: true }),
  ];
  return async () => {
    for (const task of tasks) await task.destroy();
  };
}
