import { CodedError } from '../base/error.js';

export type KeyErrorCode =
  | 'key-malformed'
  | 'key-kind'
  | 'keyid-mismatch'
  | 'key-duplicate'
  | 'key-file-malformed'
  | 'key-file-parameters'
  | 'key-file-permissions'
  | 'passphrase-needed'
  | 'passphrase-wrong'
  | 'envelope-malformed'
  | 'payload-type'
  | 'signature-unknown-key'
  | 'signature-duplicate'
  | 'signature-invalid'
  | 'signature-threshold'
  | 'sealed-box'
  | 'metadata-malformed'
  | 'metadata-expired'
  | 'role-unknown'
  | 'root-version';

export class KeyError extends CodedError<KeyErrorCode> {}
