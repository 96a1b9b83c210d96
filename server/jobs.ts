/** What the server does by the clock. Each job is a function of its dependencies; `node-cron` only calls them. */
import cron from 'node-cron';
import { dayMs, hourMs, minuteMs, parseSeconds } from '../base/clock.js';
import type { ServerDeps } from './deps.js';
import { publishAlone } from './repository/publishing.js';
import { forgetAnswers } from './http/idempotency.js';
import { forgetRates } from './limits/rates.js';
import { alone } from './records/lock.js';
import {
  currentRole,
  loadRepository,
  namesOnlineKey,
  onlineVersions,
  requireOnlineKey,
  signSnapshot,
  signTimestamp,
} from './repository/repository.js';
import { transact } from './records/transaction.js';
import { settleMoves } from './licensing/settle-moves.js';
import { dropUploads } from './repository/uploads.js';

type JobDeps = Pick<
  ServerDeps,
  'records' | 'blobs' | 'keys' | 'clock' | 'config' | 'publishing' | 'metrics' | 'log' | 'refusals'
>;

export interface Job {
  readonly name: string;
  /** In UTC. */
  readonly schedule: string;
  readonly everyMs: number;
  /** Whether one server does it for all on the same records. */
  readonly isShared: boolean;
  readonly level: 'info' | 'debug';
  readonly work: (deps: JobDeps) => Promise<void>;
}

/** Hourly. Nothing happens before the first commit. */
export async function refreshTimestamp(deps: JobDeps): Promise<void> {
  await publishAlone(deps, () => signTimestampAgain(deps));
}

async function signTimestampAgain({ records, keys, clock }: JobDeps): Promise<void> {
  const before = await onlineVersions(records);
  const root = await currentRole(records, 'root');
  const snapshot = await currentRole(records, 'snapshot');
  if (root === null || snapshot === null) return;
  requireOnlineKey(root.signed, 'timestamp', keys);
  await transact(records, async (trx) => signTimestamp(trx, keys, clock, snapshot, before));
}

/** Daily: a new snapshot of the same release, and a timestamp of it. */
export async function refreshSnapshot(deps: JobDeps): Promise<void> {
  await publishAlone(deps, () => signSnapshotAgain(deps));
}

async function signSnapshotAgain({ records, keys, clock }: JobDeps): Promise<void> {
  const before = await onlineVersions(records);
  const repository = await loadRepository(records);
  if (repository !== null) await transact(records, async (trx) => signSnapshot(trx, keys, clock, repository, before));
}

/** At start, after a time of standing still: signs again what has lived through half of its time. */
export async function refreshStale(deps: JobDeps): Promise<void> {
  const leftMs = async (kind: 'snapshot' | 'timestamp'): Promise<number> => {
    const held = await currentRole(deps.records, kind);
    return held === null ? Infinity : (parseSeconds(held.signed.expires)?.getTime() ?? 0) - deps.clock.now().getTime();
  };
  await publishAlone(deps, async () => {
    if ((await leftMs('snapshot')) < 3.5 * dayMs) await signSnapshotAgain(deps);
    else if ((await leftMs('timestamp')) < 12 * hourMs) await signTimestampAgain(deps);
  });
}

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

/** Daily: drops what nobody comes back for. */
async function keepHouse(deps: JobDeps): Promise<void> {
  await dropUploads(deps);
  await deps.blobs.dropUnfinished();
  await forgetAnswers(deps);
  await forgetRates(deps);
}

export const jobs = {
  timestamp: {
    name: 'timestamp',
    schedule: '7 * * * *',
    everyMs: hourMs,
    isShared: true,
    level: 'info',
    work: refreshTimestamp,
  },
  snapshot: {
    name: 'snapshot',
    schedule: '37 2 * * *',
    everyMs: dayMs,
    isShared: true,
    level: 'info',
    work: refreshSnapshot,
  },
  /** Moves of features take effect also when nobody asks. */
  moves: {
    name: 'feature moves',
    schedule: '* * * * *',
    everyMs: minuteMs,
    isShared: true,
    level: 'debug',
    work: settleMoves,
  },
  housekeeping: {
    name: 'housekeeping',
    schedule: '17 3 * * *',
    everyMs: dayMs,
    isShared: true,
    level: 'info',
    work: keepHouse,
  },
  /** What this server refused since; each has its own count. */
  refusals: {
    name: 'refusals',
    schedule: '* * * * *',
    everyMs: minuteMs,
    isShared: false,
    level: 'debug',
    work: ({ refusals, records }) => refusals.save(records),
  },
} as const satisfies Record<string, Job>;

/**
 * Does a job for the hour, day or minute that it is now. Of servers on the same records that come at the same time, one
 * does it and the others see that it is done; when it fails, the next one tries. A failure is logged and counted.
 */
export async function runJob(deps: JobDeps, job: Job): Promise<'done' | 'done-before' | 'failed'> {
  try {
    const outcome = job.isShared ? await onceEach(deps, job) : await job.work(deps).then(() => 'done' as const);
    deps.log[job.level]({ job: job.name, outcome }, 'job done');
    return outcome;
  } catch (error) {
    deps.metrics.jobFailures.inc({ job: job.name });
    deps.log.error({ job: job.name, err: error }, 'job failed');
    return 'failed';
  }
}

function onceEach(deps: JobDeps, { name, everyMs, work }: Job): Promise<'done' | 'done-before'> {
  const { records, clock } = deps;
  return alone(records, `job ${name}`, async () => {
    const slot = Math.floor(clock.now().getTime() / everyMs);
    const last = await records.selectFrom('jobs').select('slot').where('name', '=', name).executeTakeFirst();
    if (last && last.slot >= slot) return 'done-before';
    await work(deps);
    await records
      .insertInto('jobs')
      .values({ name, slot })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ slot }))
      .execute();
    return 'done';
  });
}

/** @returns a function that stops the schedule */
export function scheduleJobs(deps: JobDeps): () => Promise<void> {
  const tasks = Object.values(jobs).map((job) =>
    cron.schedule(job.schedule, () => runJob(deps, job), { name: job.name, noOverlap: true, timezone: 'UTC' }),
  );
  return async () => {
    for (const task of tasks) await task.destroy();
  };
}
