import { CodedError } from '../base/error.js';

export type CliErrorCode = 'usage' | 'passphrase-unavailable' | 'passphrase-mismatch';

export class CliError extends CodedError<CliErrorCode> {}
