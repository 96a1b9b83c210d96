/** What makes one release of a pack newer than another (docs/spec/repository.md, "Epochs"). */
export interface ReleaseOrder {
  /** Of the feature, in `keys.json` when the release was accepted: 1, and one more each time a release key is evicted. */
  readonly epoch: number;
  /** Rises within an epoch. */
  readonly sequence: number;
}

/** How far the sequence of a pack may go above the one before it, within an epoch; and above 0 for its first. */
export const maxSequenceStep = 1_000_000;

/** Greater than 0 when `a` is the newer one, 0 for the same. The epoch decides, then the sequence. */
export function compareReleases(a: ReleaseOrder, b: ReleaseOrder): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

/** `42`, or `epoch 2 sequence 42` where there has been an eviction: for people. */
export function releaseWords({ epoch, sequence }: ReleaseOrder): string {
  return epoch === 1 ? String(sequence) : `epoch ${epoch} sequence ${sequence}`;
}
