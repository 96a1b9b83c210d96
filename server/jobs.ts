/** What the server does by the clock. Each job is a function of its dependencies; `node-cron` only calls them. */
import cron from 'node-cron';
import { dayMs, hourMs, minuteMs } from '../base/clock.js';
import type { ServerDeps } from './deps.js';
import { forgetAnswers } from './http/idempotency.js';
import { forgetRates } from './limits/rates.js';
import { alone } from './records/lock.js';
import { refreshSnapshot, refreshTimestamp } from './repository/refresh.js';
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
