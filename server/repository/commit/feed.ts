import { maxFeedBytes } from '../../../packs/feed.js';
import type { BlobStore } from '../../blobs/store.js';
import { ServerError } from '../../error.js';
import { requireBlob, type TargetEntry } from './blob.js';

/** For the audit log. */
export interface AcceptedFeed {
  readonly path: string;
  readonly sha256: string;
}

/**
 * A feed that may be published at `path`: the bytes that the role's quorum signed, and not empty, for a device would take
 * an empty list as "nothing is bad". What it says is the builder's affair.
 *
 * @throws ServerError `blob-missing`, `blob-length`, `target-custom`, `target-feed`
 */
export async function acceptFeed(path: string, entry: TargetEntry, blobs: BlobStore): Promise<AcceptedFeed> {
  const place = { file: path };
  if (entry.custom !== undefined)
    throw new ServerError('target-custom', `${path}: expected a feed without custom, got one with it`, { place });
  if (entry.length < 1 || entry.length > maxFeedBytes)
    throw new ServerError('target-feed', `${path}: expected 1 to ${maxFeedBytes} bytes, got ${entry.length}`, {
      place,
    });
  await requireBlob(blobs, path, entry);
  return { path, sha256: entry.hashes.sha256 };
}
