import { Worker } from 'node:worker_threads';
import { Mailbox } from '../../base/mailbox.js';
import type { Batch } from './batch.js';
import type { InspectionListener, InspectionPlan } from './inspector.js';
import type { ScanStatistics } from './statistics.js';
import type { BatchMessage, BatchOrder } from './element-worker.js';

interface PoolWorker {
  readonly thread: Worker;
  /** What it works on. */
  job: Job | null;
}

interface Job {
  readonly batch: Batch;
  readonly mailbox: Mailbox<BatchMessage>;
  worker: PoolWorker | null;
}

/** Threads that share batches: each takes the next one when it is through with its own. */
export class ElementPool {
  readonly #threads: number;
  readonly #plan: InspectionPlan;
  /** None before there is work for them. */
  #workers: readonly PoolWorker[] = [];
  readonly #listener: InspectionListener;
  readonly #signal: AbortSignal;
  /** Begun by nobody yet, in their order. */
  readonly #waiting: Job[] = [];
  #error: Error | null = null;

  constructor(threads: number, plan: InspectionPlan, listener: InspectionListener, signal: AbortSignal) {
    this.#threads = threads;
    this.#plan = plan;
    this.#listener = listener;
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop);
  }

  /**
   * Takes a batch on. The answer gives the listener and the statistics what came of it, and is to be called in the order of the
   * batches: then both learn all in the order in which one thread would have told it.
   */
  begin(batch: Batch, statistics: ScanStatistics): () => Promise<void> {
    const job: Job = { batch, mailbox: new Mailbox(), worker: null };
    if (this.#error !== null || this.#signal.aborted) job.mailbox.close(this.#error);
    else this.#waiting.push(job);
    if (this.#workers.length === 0) this.#start();
    for (const worker of this.#workers) if (worker.job === null) this.#beginNext(worker);
    return () => this.#deliver(job, statistics);
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    await Promise.all(this.#workers.map(({ thread }) => thread.terminate()));
  }

  async #deliver(job: Job, statistics: ScanStatistics): Promise<void> {
    for (let message = await job.mailbox.take(); message !== null; message = await job.mailbox.take()) {
      if (message.kind === 'done') statistics.add(message.statistics);
      if (message.kind !== 'finding') continue;
      await this.#listener.finding(message.finding);
      if (job.worker?.job === job) order(job.worker, { kind: 'read' });
    }
  }

  #start(): void {
    const rules = this.#plan.rules.map((rule) => ({ ...rule, line: '' })); // an inspection never looks at it
    const workerData: InspectionPlan = { ...this.#plan, rules };
    this.#workers = Array.from({ length: this.#threads }, () => {
      const worker: PoolWorker = {
        thread: new Worker(new URL('./element-worker.js', import.meta.url), { workerData }),
        job: null,
      };
      worker.thread.on('message', (message: BatchMessage) => this.#receive(worker, message));
      worker.thread.on('error', (error: Error) => this.#fail(error));
      return worker;
    });
  }

  #receive(worker: PoolWorker, message: BatchMessage): void {
    if (message.kind === 'read') {
      this.#listener.read(message.bytes);
      return;
    }
    worker.job?.mailbox.put(message);
    if (message.kind !== 'done') return;
    worker.job?.mailbox.close();
    worker.job = null;
    this.#beginNext(worker);
  }

  #beginNext(worker: PoolWorker): void {
    const job = this.#signal.aborted ? undefined : this.#waiting.shift();
    if (job === undefined) return;
    worker.job = job;
    job.worker = worker;
    order(worker, { kind: 'batch', batch: job.batch });
  }

  /** What has been begun comes as far as it is; the rest does not. */
  readonly #stop = (): void => {
    for (const { mailbox } of this.#waiting.splice(0)) mailbox.close();
    for (const worker of this.#workers) order(worker, { kind: 'stop' });
  };

  #fail(error: Error): void {
    this.#error ??= error;
    for (const { mailbox } of this.#waiting.splice(0)) mailbox.close(error);
    for (const { job } of this.#workers) job?.mailbox.close(error);
  }
}

function order({ thread }: PoolWorker, message: BatchOrder): void {
  thread.postMessage(message);
}
