import { createHash } from 'node:crypto';

/** Above every range that a public rule set has taken, below the greatest signed 32-bit number. */
const firstId = 2 ** 30;
const idCount = 2 ** 30 - 1;

/**
 * Numbers for Suricata and Snort rules (`sid`), made of what the rule looks for: a rule keeps its number from feed to
 * feed, so that thresholds and suppressions of a site go on to hold. Of two names with one number the later takes the next.
 */
export class SignatureIds {
  readonly #taken = new Set<number>();

  take(name: string): number {
    let id = firstId + (createHash('sha256').update(`yms sid\n${name}`).digest().readUInt32BE(0) % idCount);
    while (this.#taken.has(id)) id = id + 1 < firstId + idCount ? id + 1 : firstId;
    this.#taken.add(id);
    return id;
  }
}

/** A rule's `rev`, which must not fall. */
export function signatureRevision(sequence: number): number {
  return Math.min(sequence, 2 ** 31 - 1);
}
