import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Level } from '../../rules/sigma/metadata.js';
import { type Failure, standardInput } from '../input/logs.js';
import { type ArchiveLimits, defaultArchiveLimits } from '../input/archive-budget.js';
import { type Batch, batchesOf } from './batch.js';
import { connectionsOf } from './connections.js';
import { ElementPool } from './element-pool.js';
import type { ElementRule } from './element-rule.js';
import { HashThreads, minThreadedBytes } from './hash-threads.js';
import { hostPlaces } from './host.js';
import { type InspectionListener, type InspectionPlan, Inspector } from './inspector.js';
import { processesOf } from './processes.js';
import { ScanStatistics, type StatisticsRecord } from './statistics.js';
import { walk } from './walk.js';

export interface ElementScan {
  readonly rules: readonly ElementRule[];
  readonly paths: readonly string[];
  /** The root of the host whose own elements are looked at too; null for paths alone. */
  readonly hostRoot: string | null;
  readonly minLevel: Level;
  readonly maxFileBytes: number;
  readonly archiveLimits?: ArchiveLimits;
  readonly now: Date;
  /** All cores without it, as far as there is work for them. */
  readonly threads?: number;
  /** What `-` among the paths stands for. */
  readonly input?: AsyncIterable<Buffer>;
  readonly signal: AbortSignal;
}

export interface ElementListener extends InspectionListener {
  fail(failure: Failure): void;
}

/** What was looked at, besides findings. */
export interface ElementSummary extends Omit<StatisticsRecord, 'failures'> {
  /** Indicators and pools in use: those whose time is not over. */
  readonly rules: number;
}

export const defaultMaxFileBytes = 512 * 1024 * 1024;

/** Threads start from files of JavaScript. More than these would cost more memory than they save time. */
const maxThreads = import.meta.url.endsWith('.js') ? 8 : 1;

/** Each thread has tables of its own, which of more rules take longer to make and more memory than the thread is worth. */
const maxSharedRules = 100_000;

/** Files that are looked at before other threads are asked to help: so many bytes, or so many batches. */
const soloBytes = 32 * 1024 * 1024;
const soloBatches = 10;

/** Batches that may be begun before the first one is through, per thread: their findings wait for those of the first. */
const aheadPerThread = 4;

/**
 * Looks for indicators and pools in everything below the paths, and in this host's own places and processes. Findings come in
 * the order of the paths, the same for any number of threads.
 */
export async function scanElements(request: ElementScan, listener: ElementListener): Promise<ElementSummary> {
  const { rules, paths, hostRoot, minLevel, maxFileBytes, now, signal } = request;
  const threads = Math.min(request.threads ?? availableParallelism(), maxThreads);
  const archiveLimits = request.archiveLimits ?? defaultArchiveLimits;
  const plan: InspectionPlan = { rules, minLevel, maxFileBytes, archiveLimits, now };
  const statistics = new ScanStatistics();
  const hashThreads = threads > 1 ? new HashThreads() : null;
  const inspector = new Inspector(plan, statistics, listener, { signal, hashThreads });
  const isShared = threads > 1 && rules.length <= maxSharedRules;
  const pool = isShared ? new ElementPool(threads, plan, listener, signal) : null;

  let bytes = 0;
  let batches = 0;
  const begin = (batch: Batch): (() => Promise<void>) => {
    const isSolo = bytes < soloBytes && batches < soloBatches;
    bytes += batch.bytes;
    batches++;
    if (pool !== null && !isSolo && !batch.isLarge) return pool.begin(batch, statistics);
    return async () => {
      for (const found of batch.found) if (!signal.aborted) await inspector.inspect(found);
    };
  };
  try {
    if (paths.includes(standardInput) && request.input) await inspector.inspectStream(standardInput, request.input);
    const own = hostRoot === null ? [] : await hostPlaces(hostRoot);
    const found = walk([...paths.filter((path) => path !== standardInput), ...own]);
    const ahead = pool === null ? 0 : threads * aheadPerThread;
    const begun: (() => Promise<void>)[] = [];
    for await (const batch of batchesOf(found, minThreadedBytes)) {
      await setImmediate(); // Ctrl-C, and what the threads say, get their turn
      if (signal.aborted) break;
      begun.push(begin(batch));
      if (begun.length > ahead) await begun.shift()?.();
    }
    for (const finish of begun) await finish();
    if (hostRoot !== null) {
      const proc = join(hostRoot, 'proc');
      const { diagnostics } = statistics;
      const { hashTypes } = inspector.judge;
      for await (const observation of processesOf(proc, { hashTypes, maxFileBytes, diagnostics }))
        if (!signal.aborted) await inspector.observe(observation);
      for await (const observation of connectionsOf(proc)) if (!signal.aborted) await inspector.observe(observation);
    }
  } finally {
    await Promise.all([pool?.close(), hashThreads?.close()]);
  }
  const { failures, ...counted } = statistics.take();
  for (const failure of failures) listener.fail(failure);
  return { rules: inspector.judge.size, ...counted };
}
