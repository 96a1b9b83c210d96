import { Worker } from 'node:worker_threads';
import { Mailbox } from '../scan/mailbox.js';
import type { Batch } from './batch.js';
import type { InspectionListener, InspectionPlan } from './inspector.js';
import type { ScanStatistics } from './statistics.js';
import type { BatchMessage, BatchOrder } from './element-worker.js';

interface Member {
  readonly worker: Worker;
  /** What it works on. */
  job: Job | null;
}

interface Job {
  readonly batch: Batch;
  readonly mailbox: Mailbox<BatchMessage>;
  member: Member | null;
}

/** Threads that share batches: each takes the next one when it is through with its own. */
export class Crew {
  readonly #threads: number;
  readonly #plan: InspectionPlan;
  /** None before there is work for them. */
  #members: readonly Member[] = [];
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
    const job: Job = { batch, mailbox: new Mailbox(), member: null };
    if (this.#error !== null || this.#signal.aborted) job.mailbox.close(this.#error);
    else this.#waiting.push(job);
    if (this.#members.length === 0) this.#recruit();
    for (const member of this.#members) if (member.job === null) this.#beginNext(member);
    return () => this.#deliver(job, statistics);
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  async #deliver(job: Job, statistics: ScanStatistics): Promise<void> {
    for (let message = await job.mailbox.take(); message !== null; message = await job.mailbox.take()) {
      if (message.kind === 'done') statistics.add(message.statistics);
      if (message.kind !== 'finding') continue;
      await this.#listener.finding(message.finding);
      if (job.member?.job === job) order(job.member, { kind: 'read' });
    }
  }

  #recruit(): void {
    const rules = this.#plan.rules.map((rule) => ({ ...rule, line: '' })); // an inspection never looks at it
    const workerData: InspectionPlan = { ...this.#plan, rules };
    this.#members = Array.from({ length: this.#threads }, () => {
      const member: Member = {
        worker: new Worker(new URL('./element-worker.js', import.meta.url), { workerData }),
        job: null,
      };
      member.worker.on('message', (message: BatchMessage) => this.#receive(member, message));
      member.worker.on('error', (error: Error) => this.#fail(error));
      return member;
    });
  }

  #receive(member: Member, message: BatchMessage): void {
    if (message.kind === 'read') {
      this.#listener.read(message.bytes);
      return;
    }
    member.job?.mailbox.put(message);
    if (message.kind !== 'done') return;
    member.job?.mailbox.close();
    member.job = null;
    this.#beginNext(member);
  }

  #beginNext(member: Member): void {
    const job = this.#signal.aborted ? undefined : this.#waiting.shift();
    if (job === undefined) return;
    member.job = job;
    job.member = member;
    order(member, { kind: 'batch', batch: job.batch });
  }

  /** What has been begun comes as far as it is; the rest does not. */
  readonly #stop = (): void => {
    for (const { mailbox } of this.#waiting.splice(0)) mailbox.close();
    for (const member of this.#members) order(member, { kind: 'stop' });
  };

  #fail(error: Error): void {
    this.#error ??= error;
    for (const { mailbox } of this.#waiting.splice(0)) mailbox.close(error);
    for (const { job } of this.#members) job?.mailbox.close(error);
  }
}

function order({ worker }: Member, message: BatchOrder): void {
  worker.postMessage(message);
}
