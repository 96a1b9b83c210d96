import { Worker } from 'node:worker_threads';
import type { HashType, StreamHash } from './digests.js';
import type { HashAnswer, HashOrder } from './hash-worker.js';

/** In a smaller file it takes longer to start the threads, or to wake them, than to hash. */
export const minThreadedBytes = 16 * 1024 * 1024;

/** Chunks on their way to a thread, so that a slow algorithm costs time and no memory. */
const maxWaiting = 4;

/** A thread for each algorithm, so that a large file is hashed while it is searched. One file at a time. */
export class HashThreads {
  readonly #threads = new Map<HashType, HashThread>();

  /** Null for a file that is hashed where it is read. */
  forFile(bytes: number | null): ((type: HashType) => StreamHash) | null {
    return bytes === null || bytes < minThreadedBytes ? null : this.#begin;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#threads.values()].map((thread) => thread.close()));
  }

  readonly #begin = (type: HashType): StreamHash => {
    let thread = this.#threads.get(type);
    if (thread === undefined) this.#threads.set(type, (thread = new HashThread(type)));
    thread.begin();
    return thread;
  };
}

interface Waiter {
  resolve(digest: string): void;
  reject(error: Error): void;
}

class HashThread implements StreamHash {
  readonly #worker: Worker;
  #waiting = 0;
  /** Who waits for the thread to take a piece, or to tell the digest: the one reader of the file. */
  #waiter: Waiter | null = null;
  #error: Error | null = null;

  constructor(type: HashType) {
    this.#worker = new Worker(new URL('./hash-worker.js', import.meta.url), { workerData: type });
    this.#worker.on('message', (answer: HashAnswer) => this.#receive(answer));
    this.#worker.on('error', (error: Error) => {
      this.#error = error;
      this.#waiter?.reject(error);
    });
  }

  begin(): void {
    this.#order('begin');
  }

  update(chunk: Buffer): Promise<void> | undefined {
    this.#order(chunk);
    return ++this.#waiting < maxWaiting ? undefined : this.#wait().then(() => undefined);
  }

  async digest(): Promise<string> {
    while (this.#waiting > 0) await this.#wait();
    this.#order('digest');
    return this.#wait();
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #wait(): Promise<string> {
    if (this.#error !== null) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => (this.#waiter = { resolve, reject }));
  }

  #order(order: HashOrder): void {
    this.#worker.postMessage(order);
  }

  #receive(answer: HashAnswer): void {
    if (answer === 'taken') this.#waiting--;
    this.#waiter?.resolve(answer === 'taken' ? '' : answer.digest);
    this.#waiter = null;
  }
}
