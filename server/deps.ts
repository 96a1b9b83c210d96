import type { Logger } from 'pino';
import type { Clock } from '../base/clock.js';
import type { Opener, Signer } from '../keys/signer.js';
import type { BlobStore } from './blobs/store.js';
import type { ServerConfig } from './config.js';
import type { Metrics } from './metrics.js';
import type { Queue } from '../base/queue.js';
import type { RateLimit } from './limits/rate-limit.js';
import type { Refusals } from './limits/refusals.js';
import type { Records } from './records/database.js';
import type { RecordsKey } from './records/records-key.js';

export interface ServerKeys {
  readonly snapshot: Signer;
  readonly timestamp: Signer;
  readonly license: Signer;
  /** Opens the content keys in headers; more than one while a key is being replaced. */
  readonly distribution: readonly Opener[];
  /** Seals second factors in the records. */
  readonly records: RecordsKey;
}

/** What it takes to look after people. */
export type PeopleDeps = Pick<ServerParts, 'records' | 'clock'> & { readonly keys: Pick<ServerKeys, 'records'> };

/** What a caller of `createApp` brings. */
export interface ServerParts {
  readonly records: Records;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly keys: ServerKeys;
  readonly log: Logger;
  readonly config: ServerConfig;
}

/** The parts, and what one running server keeps in memory. */
export interface ServerDeps extends ServerParts {
  /** Commits and re-signing, one at a time. */
  readonly publishing: Queue;
  readonly targetLimit: RateLimit;
  readonly metrics: Metrics;
  readonly refusals: Refusals;
}
