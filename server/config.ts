import { dayMs, minuteMs, secondMs } from '../base/clock.js';

/** What an operator may set; {@link defaultConfig} has the values that the documents name. */
export interface ServerConfig {
  /** At most this many bytes of a JSON body; commits have {@link ServerConfig.maxCommitBytes}. */
  readonly maxJsonBytes: number;
  readonly maxCommitBytes: number;
  readonly maxBlobBytes: number;
  /** A JSON body that is not whole after this time is given up. */
  readonly jsonBodyMs: number;
  /** An upload or download that does not move for this long is cut. */
  readonly idleMs: number;
  /** How long a license document is valid; it is issued anew after half of it. */
  readonly licenseDocumentMs: number;
  /** Target requests of a license: each seat adds this many an hour, and that many may come at once. */
  readonly targetsPerSeatHour: number;
  /** Bytes of one publisher's uploads that no commit has listed yet. */
  readonly maxPendingBytes: number;
  /** How long an upload waits for its commit. */
  readonly pendingMs: number;
  /** New hosts of a license within an hour, or as many as it has seats: removing and activating in a loop is no way to more seats. */
  readonly activationsPerHour: number;
}

export const defaultConfig: ServerConfig = {
  maxJsonBytes: 65_536,
  maxCommitBytes: 32 * 1_048_576,
  maxBlobBytes: 300 * 1_048_576,
  jsonBodyMs: 30 * secondMs,
  idleMs: 2 * minuteMs,
  licenseDocumentMs: 14 * dayMs,
  targetsPerSeatHour: 600,
  maxPendingBytes: 4 * 1024 * 1_048_576,
  pendingMs: 7 * dayMs,
  activationsPerHour: 20,
};
