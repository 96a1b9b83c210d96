import { CodedError, type ErrorDetails } from '../base/error.js';

export type ServerErrorCode =
  // requests
  | 'request-url'
  | 'request-body'
  | 'request-too-large'
  | 'request-truncated'
  | 'request-timeout'
  | 'request-media-type'
  | 'request-cursor'
  | 'method-not-allowed'
  | 'not-found'
  | 'range-not-satisfiable'
  | 'rate-limited'
  | 'not-ready'
  | 'internal'
  // who may
  | 'token-missing'
  | 'token-invalid'
  | 'token-expired'
  | 'scope-missing'
  | 'feature-not-licensed'
  | 'license-key-unknown'
  | 'license-not-started'
  | 'license-expired'
  | 'license-suspended'
  | 'license-revoked'
  | 'seats-exhausted'
  | 'seats-in-use'
  | 'reference-unknown'
  | 'transition-refused'
  | 'plan-archived'
  | 'plan-unfit'
  | 'feature-foreign'
  | 'move-settled'
  | 'precondition-failed'
  | 'idempotency-key'
  | 'idempotency-mismatch'
  | 'idempotency-in-progress'
  // people
  | 'session-missing'
  | 'sign-in-refused'
  | 'code-wrong'
  | 'password-weak'
  | 'invitation-unknown'
  | 'form-foreign'
  | 'form-stale'
  | 'email-taken'
  | 'last-owner'
  // publishing
  | 'blob-hash'
  | 'blob-missing'
  | 'blob-length'
  | 'upload-quota'
  | 'disk-full'
  | 'commit-empty'
  | 'version-not-next'
  | 'expiry-too-far'
  | 'root-online-keys'
  | 'keys-json'
  | 'targets-paths'
  | 'delegation'
  | 'role-not-delegated'
  | 'role-dropped'
  | 'role-keys-stale'
  | 'target-path'
  | 'target-count'
  | 'target-pack'
  | 'target-custom'
  | 'target-feed'
  | 'target-sequence'
  // the server's own state
  | 'folder-not-empty'
  | 'folder-not-initialised'
  | 'option-invalid'
  | 'listen-failed'
  | 'records-version'
  | 'records-unavailable'
  | 'records-key'
  | 'audit-chain'
  | 'audit-head';

export interface ServerErrorDetails extends ErrorDetails {
  /** Whole seconds after which the caller may try again (HTTP Retry-After). */
  readonly retryAfterSeconds?: number;
}

export class ServerError extends CodedError<ServerErrorCode> {
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ServerErrorCode, message: string, details: ServerErrorDetails = {}) {
    super(code, message, details);
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}
