import { CodedError } from '../../base/error.js';

export type SigmaErrorCode = 'sigma-normal-form' | 'logsource-table';

/** What is wrong with data that should already be right: a normal form out of a pack, a log source table. */
export class SigmaError extends CodedError<SigmaErrorCode> {}
