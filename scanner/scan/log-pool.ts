import { Worker } from 'node:worker_threads';
import { type DetectionPlan, Detectors, type RuleOf } from './detector.js';
import { standardInput } from '../input/logs.js';
import { Mailbox } from '../../base/mailbox.js';
import { matchPart, type Part, type PartMessage, sizeOf } from './part.js';
import type { StandardInput } from '../input/standard-input.js';
import type { WorkerOrder } from './log-worker.js';

export interface LogPoolOptions {
  /** 1: everything in this thread. */
  readonly threads: number;
  /** Ends the work; what has been found until then still comes. */
  readonly signal: AbortSignal;
  /** For this thread, which has the rules of the plan already. */
  readonly ruleOf: RuleOf;
  /** What `-` among the paths stands for. */
  readonly input: StandardInput;
  /** Bytes read, as they are, by whichever thread. */
  readonly onRead: (bytes: number) => void;
}

/** What came of a part, piece by piece. */
export type PartResult = Exclude<PartMessage, { readonly kind: 'read' }>;

/** Parts that may be begun before the first one is through, per thread: their matches wait for those of the first. */
const aheadPerThread = 4;

/**
 * Matches all parts and gives what they come to in the order of the parts, whichever thread is done first. The standard
 * input is read in this thread.
 */
export async function* matchParts(
  parts: readonly Part[],
  plan: DetectionPlan,
  options: LogPoolOptions,
): AsyncGenerator<PartResult> {
  const shared = options.threads === 1 ? [] : parts.filter(({ log }) => log.path !== standardInput);
  const pool = shared.length < 2 ? null : new LogPool(shared, plan, options);
  let own: Detectors | null = null;
  try {
    for (const part of parts) {
      const messages =
        pool && part.log.path !== standardInput
          ? pool.messagesOf(part)
          : matchHere(part, (own ??= new Detectors(plan, options.ruleOf)), options);
      for await (const message of messages) {
        if (message.kind !== 'read') yield message;
      }
    }
  } finally {
    await pool?.close();
  }
}

async function* matchHere(part: Part, detectors: Detectors, options: LogPoolOptions): AsyncGenerator<PartMessage> {
  if (options.signal.aborted) return;
  for await (const message of matchPart(part, detectors, options.signal, options.input)) {
    yield message;
    if (message.kind === 'read') options.onRead(message.bytes);
  }
}

interface PoolWorker {
  readonly thread: Worker;
  part: Part | null;
}

/** Threads that share the parts: each takes the next one when it is through with its own. */
class LogPool {
  readonly #parts: readonly Part[];
  readonly #mailboxes: ReadonlyMap<Part, Mailbox<PartMessage>>;
  readonly #workers: readonly PoolWorker[];
  readonly #options: LogPoolOptions;
  readonly #ahead: number;
  #begun = 0;
  #finished = 0;

  constructor(parts: readonly Part[], plan: DetectionPlan, options: LogPoolOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#mailboxes = new Map(parts.map((part) => [part, new Mailbox<PartMessage>()]));
    const count = Math.min(options.threads, parts.length);
    this.#ahead = count * aheadPerThread;
    this.#workers = Array.from({ length: count }, () => this.#start(plan));
    for (const worker of this.#workers) this.#beginNext(worker);
    options.signal.addEventListener('abort', this.#stop);
    if (options.signal.aborted) this.#stop();
  }

  /** What comes of a part; to be asked for in the order of the parts. */
  async *messagesOf(part: Part): AsyncGenerator<PartMessage> {
    const mailbox = this.#mailboxes.get(part);
    for (let message = await mailbox?.take(); message; message = await mailbox?.take()) {
      yield message;
      if (message.kind === 'done') break;
      const worker = this.#workers.find((candidate) => candidate.part === part);
      if (message.kind === 'matches' && worker) order(worker, { kind: 'read', matches: sizeOf(message.matches) });
    }
    this.#finished++;
    for (const worker of this.#workers) if (worker.part === null) this.#beginNext(worker);
  }

  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#stop);
    await Promise.all(this.#workers.map(({ thread }) => thread.terminate()));
  }

  #start(plan: DetectionPlan): PoolWorker {
    const thread = new Worker(new URL('./log-worker.js', import.meta.url), { workerData: plan });
    const worker: PoolWorker = { thread, part: null };
    thread.on('message', (message: PartMessage) => this.#receive(worker, message));
    thread.on('error', (error: Error) => this.#fail(error));
    return worker;
  }

  #receive(worker: PoolWorker, message: PartMessage): void {
    const mailbox = worker.part && this.#mailboxes.get(worker.part);
    if (message.kind === 'read') {
      this.#options.onRead(message.bytes);
      return;
    }
    mailbox?.put(message);
    if (message.kind !== 'done') return;
    mailbox?.close();
    worker.part = null;
    this.#beginNext(worker);
  }

  #beginNext(worker: PoolWorker): void {
    const part = this.#begun < this.#finished + this.#ahead ? this.#parts[this.#begun] : undefined;
    if (part === undefined || this.#options.signal.aborted) return;
    this.#begun++;
    worker.part = part;
    order(worker, { kind: 'part', part });
  }

  /** What has been begun comes as far as it is; the rest does not. */
  readonly #stop = (): void => {
    for (const part of this.#parts.slice(this.#begun)) this.#mailboxes.get(part)?.close();
    for (const worker of this.#workers) order(worker, { kind: 'stop' });
  };

  #fail(error: Error): void {
    for (const mailbox of this.#mailboxes.values()) mailbox.close(error);
  }
}

function order({ thread }: PoolWorker, message: WorkerOrder): void {
  thread.postMessage(message);
}
