import { ElementError } from './diagnostic.js';

export interface ArchiveLimits {
  /** Bytes that may come out of one file, however deep its archives nest. */
  readonly maxBytes: number;
  /** As often as large as the file itself may be what comes out of it, where that is more than {@link freeBytes}. */
  readonly maxRatio: number;
  readonly freeBytes: number;
  readonly maxMembers: number;
  /** Archives inside archives. */
  readonly maxDepth: number;
  /** Of one member that has to be held in memory: a ZIP, 7z, RAR, CAB, cpio or ar inside another archive. */
  readonly maxHeldBytes: number;
  /** The same of a file on a disk, a ZIP apart, which is read where it lies. */
  readonly maxHeldFileBytes: number;
}

export const defaultArchiveLimits: ArchiveLimits = {
  maxBytes: 2 * 1024 * 1024 * 1024,
  maxRatio: 250,
  freeBytes: 64 * 1024 * 1024,
  maxMembers: 100_000,
  maxDepth: 6,
  maxHeldBytes: 64 * 1024 * 1024,
  maxHeldFileBytes: 512 * 1024 * 1024,
};

/** What one file may still unpack to. A bomb empties it, and ends the looking into that file. */
export class ArchiveBudget {
  readonly limits: ArchiveLimits;
  readonly #maxBytes: number;
  #bytes = 0;
  #members = 0;

  /** @param fileBytes null where nobody knows before the end */
  constructor(limits: ArchiveLimits, fileBytes: number | null) {
    this.limits = limits;
    const byRatio = fileBytes === null ? Infinity : Math.max(limits.freeBytes, fileBytes * limits.maxRatio);
    this.#maxBytes = Math.min(limits.maxBytes, byRatio);
  }

  /** @throws ElementError `archive-too-large` */
  takeBytes(bytes: number, path: string): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes)
      throw new ElementError(
        'archive-too-large',
        `${path}: expected at most ${this.#maxBytes} bytes unpacked, got more`,
      );
  }

  /** @throws ElementError `archive-members` */
  takeMember(path: string): void {
    if (++this.#members > this.limits.maxMembers)
      throw new ElementError(
        'archive-members',
        `${path}: expected at most ${this.limits.maxMembers} members, got more`,
      );
  }
}

/** Whether the diagnostic ends all of the outermost archive, not only the one that it was met in. */
export function isBomb(error: unknown): error is ElementError {
  return error instanceof ElementError && (error.code === 'archive-too-large' || error.code === 'archive-members');
}
