import { CodedError } from '../base/error.js';

export type RulesErrorCode = 'indicator-invalid' | 'pool-invalid' | 'folder-missing' | 'folder-too-large';

/** What ends the work; what is wrong in one file of rules is a `Fault` beside the others of that file. */
export class RulesError extends CodedError<RulesErrorCode> {}
