import { canonicalJson } from '../../../base/json.js';
import type { RolePolicy } from '../../../keys/metadata.js';
import type { PackHeader } from '../../../packs/header.js';
import { openContentKey, readPack, verifyPack } from '../../../packs/pack.js';
import type { BlobStore } from '../../blobs/store.js';
import type { ServerKeys } from '../../deps.js';
import { ServerError } from '../../error.js';
import { openerFor } from '../content-key.js';
import type { PackRow } from '../../records/tables.js';
import { requireBlob, type TargetEntry } from './blob.js';
import type { PackPath } from './target-path.js';

/**
 * A pack that may be published at `path`: whole, signed by the role's quorum, saying what path and role entry say, and
 * sealed to this server with the very key that its header commits to.
 *
 * @throws ServerError `blob-missing`, `blob-length`, `target-pack`, `target-custom`; KeyError, PackError
 */
export async function acceptPack(
  path: string,
  target: PackPath,
  entry: TargetEntry,
  policy: RolePolicy,
  { blobs, keys }: { readonly blobs: BlobStore; readonly keys: Pick<ServerKeys, 'distribution'> },
): Promise<Omit<PackRow, 'epoch'>> {
  await requireBlob(blobs, path, entry);
  const unverified = readPack(await blobs.load(entry.hashes.sha256), path);
  if (unverified === null)
    throw new ServerError('target-pack', `${path}: expected a yms pack, got a file without its first bytes`, {
      place: { file: path },
    });
  const { feature, pack, channel } = target;
  const { header } = verifyPack(unverified, { ...policy, expect: { feature, pack, channel } });
  const kind = target.part === 'delta' ? 'delta' : 'full';
  if (header.kind !== kind)
    throw new ServerError('target-pack', `${path}: expected a ${kind} pack, got a ${header.kind} one`, {
      place: { file: path },
    });
  requireCustom(path, entry, header);
  openContentKey(header, openerFor(header, keys.distribution, path));
  return {
    path,
    sha256: entry.hashes.sha256,
    feature,
    pack,
    channel,
    kind,
    version: header.version,
    sequence: header.sequence,
    keyCommitment: header.keyCommitment,
    header: canonicalJson(header),
    refusedAt: null,
  };
}

function requireCustom(path: string, entry: TargetEntry, header: PackHeader): void {
  const expected = canonicalJson({
    kind: header.kind,
    version: header.version,
    sequence: header.sequence,
    ...(header.from === undefined ? {} : { from: { version: header.from.version } }),
  });
  const actual = entry.custom === undefined ? 'nothing' : canonicalJson(entry.custom);
  if (actual !== expected)
    throw new ServerError('target-custom', `${path}: expected custom ${expected} as in its header, got ${actual}`, {
      place: { file: path },
    });
}
