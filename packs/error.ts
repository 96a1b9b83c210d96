import { CodedError } from '../base/error.js';

/** Codes and their meaning: docs/spec/pack.md and docs/spec/license.md, "Codes". */
export type PackErrorCode =
  | 'pack-truncated'
  | 'header-length'
  | 'header-malformed'
  | 'pack-identity'
  | 'payload-truncated'
  | 'payload-extended'
  | 'payload-hash'
  | 'payload-chunk'
  | 'payload-authentication'
  | 'payload-tag'
  | 'not-a-recipient'
  | 'key-commitment'
  | 'kind-unsupported'
  | 'compression'
  | 'archive-too-large'
  | 'archive-too-small'
  | 'archive-format'
  | 'archive-entry-type'
  | 'archive-path'
  | 'archive-name'
  | 'archive-duplicate'
  | 'archive-order'
  | 'archive-not-canonical'
  | 'manifest-malformed'
  | 'manifest-mismatch'
  | 'item-malformed'
  | 'item-duplicate'
  | 'item-order'
  | 'content-digest'
  | 'license-malformed'
  | 'activation-malformed';

export class PackError extends CodedError<PackErrorCode> {}
