/** Where a fault stands. Lines and columns count from 1. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ErrorDetails {
  /** What the reader can do about it, in one sentence. */
  readonly hint?: string;
  readonly place?: Place;
  readonly cause?: unknown;
}

/**
 * The one error shape of this code base: each room extends it with a closed union of kebab-case codes.
 *
 * The message says subject, expectation and what came (`pack header: expected at most 1048576 bytes, got 2097152`), in
 * lower case, without a full stop, and never holds a secret.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  readonly place: Place | undefined;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.place = details.place;
  }
}

export type BaseErrorCode =
  | 'hex-invalid'
  | 'base64-invalid'
  | 'utf8-invalid'
  | 'json-syntax'
  | 'json-depth'
  | 'json-duplicate-key'
  | 'json-member-name'
  | 'json-not-canonical'
  | 'file-missing'
  | 'file-too-large'
  | 'file-unreadable'
  | 'file-unwritable'
  | 'disk-full'
  | 'lock-held'
  | 'http-url'
  | 'http-unreachable'
  | 'http-timeout'
  | 'http-truncated'
  | 'http-too-large'
  | 'http-redirect';

export class BaseError extends CodedError<BaseErrorCode> {}

/** `file:line:column` with the parts that are known, for the front of a message; empty when nothing is. */
export function formatPlace(place: Place | undefined): string {
  if (place === undefined) return '';
  const parts: (string | number)[] = [];
  if (place.file !== undefined) parts.push(place.file);
  if (place.line !== undefined) parts.push(place.line);
  if (place.line !== undefined && place.column !== undefined) parts.push(place.column);
  return parts.join(':');
}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`, …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
