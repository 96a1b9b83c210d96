/** RFC 9457 problem documents: one table from code to status and title, one function from an error to an answer. */
import { BaseError, type BaseErrorCode, CodedError, type Place } from '../../base/error.js';
import { KeyError } from '../../keys/error.js';
import { PackError } from '../../packs/error.js';
import { type MemberFault, sayFault, ServerError, type ServerErrorCode } from '../error.js';

export const problemMediaType = 'application/problem+json';

export interface Problem {
  /** `urn:yms:problem:<code>`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  readonly place?: Place;
  /** Each member that is wrong (the extension that RFC 9457 section 3 shows). */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly requestId: string;
}

const table: Readonly<Record<ServerErrorCode, readonly [status: number, title: string]>> = {
  'request-url': [400, 'The address is not well formed'],
  'request-body': [400, 'The body is not what this call takes'],
  'request-too-large': [413, 'The body is too large'],
  'request-truncated': [400, 'The body ended early'],
  'request-timeout': [408, 'The body took too long'],
  'request-media-type': [415, 'The body has another media type'],
  'request-cursor': [400, 'The cursor is not one of this list'],
  'method-not-allowed': [405, 'The method is not one of this address'],
  'not-found': [404, 'Nothing is there'],
  'range-not-satisfiable': [416, 'The range lies outside the file'],
  'rate-limited': [429, 'Too many requests of this license'],
  'not-ready': [503, 'The server is not ready'],
  internal: [500, 'The server failed'],
  'token-missing': [401, 'A token is needed'],
  'token-invalid': [401, 'The token is not known'],
  'token-expired': [401, 'The token has expired'],
  'scope-missing': [403, 'The token may not do this'],
  'feature-not-licensed': [403, 'The license does not have the feature'],
  'license-key-unknown': [401, 'The license key is not known'],
  'license-not-started': [403, 'The license has not started'],
  'license-expired': [403, 'The license has expired'],
  'license-suspended': [403, 'The license is suspended'],
  'license-revoked': [403, 'The license is revoked'],
  'seats-exhausted': [409, 'All seats of the license are taken'],
  'seats-in-use': [409, 'More seats are taken than would be left'],
  'reference-unknown': [422, 'The body refers to something that is not there'],
  'transition-refused': [409, 'The license is in another state'],
  'plan-archived': [409, 'The plan is no longer sold'],
  'plan-unfit': [422, 'The plan does not fit the license'],
  'feature-foreign': [422, 'The feature belongs to another customer'],
  'move-settled': [409, 'The move has taken effect or was cancelled'],
  'precondition-failed': [412, 'It was changed meanwhile'],
  'idempotency-key': [400, 'The Idempotency-Key is not one'],
  'idempotency-mismatch': [422, 'The Idempotency-Key was used for another request'],
  'idempotency-in-progress': [409, 'The first request with this Idempotency-Key has no answer yet'],
  'session-missing': [401, 'Nobody has signed in'],
  'sign-in-refused': [401, 'The sign-in is refused'],
  'code-wrong': [422, 'The one-time code is wrong'],
  'password-weak': [422, 'The password is too easy to guess'],
  'invitation-unknown': [404, 'The invitation is not open'],
  'form-foreign': [403, 'The form does not come from this site'],
  'form-stale': [409, 'The form was sent already'],
  'email-taken': [409, 'Somebody has this e-mail address'],
  'last-owner': [409, 'The last owner must stay'],
  'blob-hash': [422, 'The bytes do not have the hash of the address'],
  'blob-missing': [422, 'A target was not uploaded'],
  'blob-length': [422, 'A target has another length'],
  'upload-quota': [507, 'Too much was uploaded and not committed'],
  'disk-full': [507, 'The server has no room'],
  'commit-empty': [422, 'The commit holds no metadata'],
  'version-not-next': [409, 'The version is not the next one'],
  'expiry-too-far': [422, 'The metadata would live too long'],
  'root-online-keys': [422, 'The root does not name the keys of this server'],
  'keys-json': [422, 'keys.json does not fit this server'],
  'targets-paths': [422, 'The top-level targets role lists another path'],
  delegation: [422, 'A delegation is not as it must be'],
  'role-not-delegated': [422, 'The role is not delegated'],
  'role-dropped': [422, 'A published role must stay delegated'],
  'role-keys-stale': [422, 'A role must be published again with its new keys'],
  'target-path': [422, 'A target path is not one of the role'],
  'target-count': [422, 'The role has too many targets'],
  'target-pack': [422, 'A target is not the pack that its path says'],
  'target-custom': [422, 'A target says something else than its pack'],
  'target-feed': [422, 'A target is no feed that may be served'],
  'target-sequence': [409, 'A sequence does not rise, or rises too far'],
  'epoch-fell': [422, 'The epoch of a feature falls'],
  'folder-held': [500, 'The server failed'],
  'folder-not-empty': [500, 'The server failed'],
  'folder-not-initialised': [500, 'The server failed'],
  'option-invalid': [500, 'The server failed'],
  'records-unavailable': [503, 'The server cannot reach its records'],
  'records-key': [500, 'The server failed'],
  'records-version': [500, 'The server failed'],
  'audit-chain': [500, 'The server failed'],
  'audit-head': [500, 'The server failed'],
  'listen-failed': [500, 'The server failed'],
};

/** Every code that this server answers with by itself, for those who document it. */
export function problemCodes(): { readonly code: string; readonly status: number; readonly title: string }[] {
  return Object.entries({ ...table, ...baseStatus })
    .map(([code, [status, title]]) => ({ code, status, title }))
    .filter(({ status, code }) => status !== 500 || code === 'internal');
}

/** Errors of the lower rooms that are about what the caller sent. The rest of theirs is our failure. */
const baseStatus: Partial<Record<BaseErrorCode, readonly [status: number, title: string]>> = {
  'hex-invalid': table['request-body'],
  'base64-invalid': table['request-body'],
  'utf8-invalid': table['request-body'],
  'json-syntax': table['request-body'],
  'json-depth': table['request-body'],
  'json-duplicate-key': table['request-body'],
  'json-member-name': table['request-body'],
  'json-not-canonical': table['request-body'],
  'disk-full': table['disk-full'],
};

function statusAndTitle(error: CodedError): readonly [number, string] | null {
  if (error instanceof ServerError) return table[error.code];
  if (error instanceof BaseError) return baseStatus[error.code] ?? null;
  if (error instanceof KeyError || error instanceof PackError) return [422, 'The signed file is refused'];
  return null;
}

/** What the caller learns of an error: our own words for what he caused, nothing for what is our failure. */
export function problemOf(error: unknown, requestId: string): Problem {
  const coded = error instanceof CodedError ? (error as CodedError) : null;
  const known = coded && statusAndTitle(coded);
  if (coded === null || known === null || known[0] === 500) {
    const [status, title] = table.internal;
    const detail = 'request: expected an answer, got a failure of the server that its log tells of';
    return { type: 'urn:yms:problem:internal', title, status, code: 'internal', detail, requestId };
  }
  const [status, title] = known;
  return {
    type: `urn:yms:problem:${coded.code}`,
    title,
    status,
    code: coded.code,
    detail: detailOf(coded),
    ...(coded.hint === undefined ? {} : { hint: coded.hint }),
    ...(coded.place === undefined ? {} : { place: coded.place }),
    ...(faultsOf(coded).length > 0 && { errors: faultsOf(coded).map(memberError) }),
    requestId,
  };
}

function faultsOf(error: CodedError): readonly MemberFault[] {
  return error instanceof ServerError ? error.faults : [];
}

function memberError(fault: MemberFault): { readonly pointer: string; readonly detail: string } {
  return { pointer: `#${pointerOf(fault)}`, detail: sayFault(fault) };
}

/** RFC 6901. */
function pointerOf({ path }: MemberFault): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Refusals of what stands behind the question mark of an address; all others are of bodies. */
const queryCodes: readonly string[] = ['request-url', 'request-cursor'] satisfies ServerErrorCode[];

function detailOf(error: CodedError): string {
  const faults = faultsOf(error);
  if (faults.length === 0) return error.message;
  const subjectOf = (fault: MemberFault) => {
    if (queryCodes.includes(error.code)) return fault.path.length === 0 ? 'query' : `query ${fault.path.join('.')}`;
    return fault.path.length === 0 ? 'body' : `body at ${pointerOf(fault)}`;
  };
  return faults.map((fault) => `${subjectOf(fault)}: ${sayFault(fault)}`).join('; ');
}
