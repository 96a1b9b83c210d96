/** A thread that hashes one large file after the other by one algorithm. Started by hash-threads.ts only. */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { HashType } from './digests.js';

/** To the thread: to begin anew, a piece, or to tell the digest. */
export type HashOrder = 'begin' | 'digest' | Uint8Array;

/** From the thread: a piece has been taken; or the digest in hex. */
export type HashAnswer = 'taken' | { readonly digest: string };

const port = parentPort;
if (port === null) throw new Error('hash worker: expected to be started as a thread');

const algorithm = workerData as HashType;
let hash = createHash(algorithm);
const answer = (said: HashAnswer): void => port.postMessage(said);

port.on('message', (order: HashOrder) => {
  if (order === 'begin') hash = createHash(algorithm);
  else if (order === 'digest') answer({ digest: hash.digest('hex') });
  else {
    hash.update(order);
    answer('taken');
  }
});
