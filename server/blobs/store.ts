import type { Readable } from 'node:stream';

/** Bytes by their SHA-256 (64 hex digits). What is there is whole and has that hash. */
export interface BlobStore {
  /** The length in bytes, or null when there is no such blob. */
  stat(sha256: string): Promise<number | null>;
  /**
   * Takes a stream whole or not at all.
   *
   * @returns false when the blob was there already
   * @throws ServerError `blob-hash` for other bytes, `request-too-large` beyond `maxBytes`; BaseError `disk-full`
   */
  put(sha256: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<boolean>;
  /** The bytes from `start` up to and including `end`; the caller has asked {@link BlobStore.stat} before. */
  read(sha256: string, range?: { readonly start: number; readonly end: number }): Readable;
  /** The whole blob, for checking it. */
  load(sha256: string): Promise<Uint8Array>;
  /** For a blob that nothing refers to; one that is not there is no failure. */
  remove(sha256: string): Promise<void>;
  /** Drops what processes that died left of their uploads. */
  dropUnfinished(): Promise<void>;
}
