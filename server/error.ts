import { CodedError, type ErrorDetails } from '../base/error.js';
import { shown } from '../base/shown.js';

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
  | 'epoch-fell'
  // the server's own state
  | 'folder-held'
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
  readonly faults?: readonly MemberFault[];
}

/** What is wrong with one member of what was sent. Whoever tells it says where it stands: in a body, a form, an option. */
export interface MemberFault {
  /** From the outermost member inwards; empty for all that was sent. */
  readonly path: readonly (string | number)[];
  readonly expected: string;
  /** The value (see `shown`), or what is wrong with it where it must not be repeated. */
  readonly got: string;
}

export class ServerError extends CodedError<ServerErrorCode> {
  readonly retryAfterSeconds: number | undefined;
  /** Empty unless the refusal is about members of what was sent. */
  readonly faults: readonly MemberFault[];

  constructor(code: ServerErrorCode, message: string, details: ServerErrorDetails = {}) {
    super(code, message, details);
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.faults = details.faults ?? [];
  }
}

/** A refusal that is about one member or several of what was sent. */
export function refusal(
  code: ServerErrorCode,
  faults: MemberFault | readonly MemberFault[],
  details: ServerErrorDetails = {},
): ServerError {
  const all = 'path' in faults ? [faults] : faults;
  const message = all.map((fault) => `${fault.path.join('.') || 'input'}: ${sayFault(fault)}`).join('; ');
  return new ServerError(code, message, { ...details, faults: all });
}

/** A fault without its place. */
export function sayFault({ expected, got }: Pick<MemberFault, 'expected' | 'got'>): string {
  return `expected ${expected}, got ${got}`;
}

/** An id that a body names. Also for what the caller may not know of, so that nobody learns what is there. */
export function unknownReference(member: string, given: string, details: ServerErrorDetails = {}): ServerError {
  return refusal('reference-unknown', { path: [member], expected: 'a known id', got: shown(given) }, details);
}

/** Also for what the caller may not know of, so that nobody learns what is there. */
export function unknownId(subject: string, given: string): ServerError {
  return new ServerError('not-found', `${subject}: expected a known id, got ${shown(given)}`);
}
