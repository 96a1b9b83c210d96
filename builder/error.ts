import { CodedError, type ErrorDetails } from '../base/error.js';
import type { Fault } from '../rules/fault.js';

export type BuilderErrorCode =
  | 'config-invalid'
  | 'workspace-exists'
  | 'workspace-missing'
  | 'workspace-damaged'
  | 'name-invalid'
  | 'key-exists'
  | 'key-kind'
  | 'key-missing'
  | 'key-repeated'
  | 'key-unknown'
  | 'threshold-invalid'
  | 'root-untrusted'
  | 'root-chain'
  | 'metadata-missing'
  | 'metadata-signed'
  | 'metadata-version'
  | 'metadata-expired'
  | 'metadata-mismatch'
  | 'feature-delegated'
  | 'feature-unknown'
  | 'keys-document'
  | 'source-missing'
  | 'rules-faulty'
  | 'duplicate-id'
  | 'pack-empty'
  | 'pack-unknown'
  | 'pack-foreign'
  | 'pack-unsigned'
  | 'sequence-invalid'
  | 'samples-failed'
  | 'samples-invalid'
  | 'server-missing'
  | 'server-refused'
  | 'publish-conflict'
  | 'publish-interrupted'
  | 'feed-format'
  | 'feed-too-large'
  | 'feed-missing'
  | 'feed-stale'
  | 'option-invalid';

/** `faults` holds everything that was wrong at once, where the code stands for several. */
export class BuilderError extends CodedError<BuilderErrorCode> {
  readonly faults: readonly Fault[];

  constructor(code: BuilderErrorCode, message: string, details: ErrorDetails & { faults?: readonly Fault[] } = {}) {
    super(code, message, details);
    this.faults = details.faults ?? [];
  }
}
