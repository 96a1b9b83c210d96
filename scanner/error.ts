import { CodedError } from '../base/error.js';

export type ScannerErrorCode =
  // the state folder
  | 'not-activated'
  | 'state-malformed'
  | 'state-missing'
  // trust: TUF metadata and targets
  | 'clock-ahead'
  | 'root-missing'
  | 'root-digest'
  | 'root-mismatch'
  | 'root-rotations'
  | 'metadata-expired'
  | 'metadata-mismatch'
  | 'metadata-missing'
  | 'role-dropped'
  | 'version-rollback'
  | 'target-missing'
  | 'target-mismatch'
  // the server's answers
  | 'answer-malformed'
  | 'answer-unexpected'
  | 'license-key-unknown'
  | 'not-entitled'
  | 'rate-limited'
  | 'request-refused'
  | 'seats-exhausted'
  | 'token-refused'
  // the license document and its grants
  | 'license-expired'
  | 'license-host'
  | 'license-issued-ahead'
  | 'license-missing'
  | 'license-not-yet-valid'
  | 'license-revoked'
  | 'license-rollback'
  | 'license-suspended'
  | 'grant-missing'
  | 'grant-mismatch'
  // a pack on its way into the active set
  | 'client-too-old'
  | 'pack-mismatch'
  | 'pack-unloadable'
  | 'release-newer'
  | 'sequence-rollback'
  // without a network
  | 'answer-mismatch'
  | 'no-server'
  | 'request-missing'
  // local rules
  | 'custom-signers'
  | 'custom-unreadable'
  | 'rule-unknown';

export class ScannerError extends CodedError<ScannerErrorCode> {}

/** A refusal, whatever room it comes from; anything else is a fault of ours and goes on up. */
export function refusedOrThrow(error: unknown): CodedError {
  if (error instanceof CodedError) return error as CodedError;
  throw error;
}

/** What `check` answers, or null when it refuses: for what is as good as absent when it does not verify. */
export function unlessRefused<T>(check: () => T): T | null {
  try {
    return check();
  } catch (error) {
    refusedOrThrow(error);
    return null;
  }
}
