import type { TargetsRole } from '../../../keys/roles.js';
import type { BlobStore } from '../../blobs/store.js';
import { ServerError } from '../../error.js';

export type TargetEntry = TargetsRole['targets'][string];

/** @throws ServerError `blob-missing`, `blob-length` */
export async function requireBlob(blobs: BlobStore, path: string, entry: TargetEntry): Promise<void> {
  const { sha256 } = entry.hashes;
  const length = await blobs.stat(sha256);
  if (length === null)
    throw new ServerError('blob-missing', `${path}: expected blob ${sha256} to be uploaded, got nothing`, {
      place: { file: path },
      hint: `upload it with PUT /v1/blobs/${sha256} first`,
    });
  if (length !== entry.length)
    throw new ServerError('blob-length', `${path}: expected ${entry.length} bytes as the role says, got ${length}`, {
      place: { file: path },
    });
}
