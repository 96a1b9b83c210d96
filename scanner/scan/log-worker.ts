/** A thread of a scan: takes one part after the other and posts what `matchPart` says. Started by log-pool.ts only. */
import { parentPort, workerData } from 'node:worker_threads';
import { type DetectionPlan, Detectors } from './detector.js';
import { matchPart, type Part, sizeOf } from './part.js';

/** To the thread: a part to match, how many of its matches have been read, or to stop where it is. */
export type WorkerOrder =
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'read'; readonly matches: number }
  | { readonly kind: 'stop' };

/** Matches that may wait for their reader, so that a rule that fires on everything costs time and no memory. */
const maxWaiting = 20_000;

const port = parentPort;
if (port === null) throw new Error('worker: expected to be started as a thread');

const detectors = new Detectors(workerData as DetectionPlan);
const stopping = new AbortController();
let waiting = 0;
let goOn: (() => void) | null = null;

async function work(part: Part): Promise<void> {
  waiting = 0;
  for await (const message of matchPart(part, detectors, stopping.signal)) {
    port?.postMessage(message);
    if (message.kind !== 'matches') continue;
    waiting += sizeOf(message.matches);
    while (waiting > maxWaiting && !stopping.signal.aborted) await new Promise<void>((resolve) => (goOn = resolve));
  }
}

port.on('message', (order: WorkerOrder) => {
  if (order.kind === 'part') {
    void work(order.part);
    return;
  }
  if (order.kind === 'stop') stopping.abort();
  else waiting -= order.matches;
  goOn?.();
});
