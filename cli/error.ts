import { CodedError } from '../base/error.js';

export type CliErrorCode =
  | 'usage'
  | 'passphrase-unavailable'
  | 'passphrase-mismatch'
  | 'triage-format'
  | 'triage-no-matrix'
  | 'triage-nothing-graded'
  | 'bundle-no-hosts'
  | 'rules-none';

export class CliError extends CodedError<CliErrorCode> {}
