/** A thread that looks at one batch of files after the other. Started by element-pool.ts only. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Finding } from '../findings/finding.js';
import type { Batch } from './batch.js';
import { type InspectionPlan, Inspector } from './inspector.js';
import { ScanStatistics, type StatisticsRecord } from './statistics.js';

/** To the thread: a batch to look at, one finding that has been read, or to stop where it is. */
export type BatchOrder =
  { readonly kind: 'batch'; readonly batch: Batch } | { readonly kind: 'read' } | { readonly kind: 'stop' };

/** From the thread; `done` is the last of a batch. */
export type BatchMessage =
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'read'; readonly bytes: number }
  | { readonly kind: 'done'; readonly statistics: StatisticsRecord };

/** Findings that may wait for their reader, so that a list that hits everything costs time and no memory. */
const maxWaiting = 1000;

/** Progress is told in steps of so many bytes. */
const minToldBytes = 1024 * 1024;

const port = parentPort;
if (port === null) throw new Error('worker: expected to be started as a thread');

const statistics = new ScanStatistics();
const stopping = new AbortController();
let waiting = 0;
let goOn: (() => void) | null = null;
let readBytes = 0;
const tell = (message: BatchMessage): void => port.postMessage(message);
const tellRead = (): void => {
  tell({ kind: 'read', bytes: readBytes });
  readBytes = 0;
};
const inspector = new Inspector(
  workerData as InspectionPlan,
  statistics,
  {
    finding: async (finding) => {
      tell({ kind: 'finding', finding });
      waiting++;
      while (waiting > maxWaiting && !stopping.signal.aborted) await new Promise<void>((resolve) => (goOn = resolve));
    },
    read: (bytes) => {
      readBytes += bytes;
      if (readBytes >= minToldBytes) tellRead();
    },
  },
  { signal: stopping.signal, hashThreads: null },
);

async function work({ found }: Batch): Promise<void> {
  waiting = 0;
  for (const one of found) if (!stopping.signal.aborted) await inspector.inspect(one);
  tellRead();
  tell({ kind: 'done', statistics: statistics.take() });
}

port.on('message', (order: BatchOrder) => {
  if (order.kind === 'batch') {
    void work(order.batch);
    return;
  }
  if (order.kind === 'stop') stopping.abort();
  else waiting--;
  goOn?.();
});
