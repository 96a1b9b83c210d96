import { CodedError } from '../base/error.js';

/**
 * What ends the reading of a file: called .evtx, or with its magic, it holds neither a file header nor a chunk; a journal has
 * no header, or is larger than any that journald writes.
 */
export type FileFaultCode = 'evtx-header' | 'journal-header' | 'journal-too-large';

/** What is left out of a file, counted and named, while the rest of it is read. */
export type SkipCode =
  | 'header-magic'
  | 'header-checksum'
  | 'chunk-magic'
  | 'chunk-checksum'
  | 'chunk-truncated'
  | 'record-magic'
  | 'record-size'
  | 'record-too-large'
  | 'binxml-truncated'
  | 'binxml-token'
  | 'binxml-depth'
  | 'binxml-name'
  | 'template-offset'
  | 'template-budget'
  | 'template-index'
  | 'value-type'
  | 'value-size'
  | 'json-syntax'
  | 'json-too-long'
  | 'json-depth'
  | 'json-not-object'
  | 'json-too-many-fields'
  | 'json-name'
  | 'utf8-invalid'
  | 'line-too-long'
  | 'line-syntax'
  | 'csv-header'
  | 'csv-quote'
  | 'csv-columns'
  | 'w3c-fields'
  | 'w3c-columns'
  | 'zeek-columns'
  | 'xml-syntax'
  | 'journal-field'
  | 'journal-object'
  | 'journal-compressed'
  | 'file-shrunk';

export type EventsErrorCode = FileFaultCode | SkipCode | 'field-map' | 'time-zone';

export class EventsError extends CodedError<EventsErrorCode> {}
