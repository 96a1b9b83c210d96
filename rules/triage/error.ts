import { CodedError } from '../../base/error.js';

export type TriageErrorCode = 'triage-invalid';

export class TriageError extends CodedError<TriageErrorCode> {}
