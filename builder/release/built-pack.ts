import { join } from 'node:path';
import { shownBytes } from '../../base/shown.js';
import { sha256Hex } from '../../base/bytes.js';
import { readFileIfPresent } from '../../base/files.js';
import { maxPackBytes, type PackHeader } from '../../packs/header.js';
import { readPack, verifyPack } from '../../packs/pack.js';
import type { PackConfig } from '../config/pack-config.js';
import { BuilderError } from '../error.js';
import { type BuiltFeed, loadFeeds } from '../feeds/release.js';
import { featurePolicy, type ReleaseBase } from '../published/release-base.js';
import { targetPath } from './build.js';

/** A built pack, verified under the release keys of its feature and ready for its target path. */
export interface BuiltPack {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly header: PackHeader;
  readonly feeds: readonly BuiltFeed[];
}

/**
 * The pack in `out/`, verified as server and endpoints will, with its feeds, or null when it has not been built.
 *
 * @throws BuilderError `pack-foreign`, `feature-unknown`, `keys-document`, `feed-missing`, `feed-stale`; PackError, KeyError
 */
export async function loadBuiltPack(out: string, config: PackConfig, base: ReleaseBase): Promise<BuiltPack | null> {
  const path = targetPath(config);
  const file = join(out, path);
  const bytes = await readFileIfPresent(file, maxPackBytes);
  if (bytes === null) return null;
  const unverified = readPack(bytes, file);
  if (unverified === null)
    throw new BuilderError('pack-foreign', `${file}: expected a yms pack, got ${shownBytes(bytes)}`);
  const { feature, pack, channel } = config;
  const { header } = verifyPack(unverified, { ...featurePolicy(base, feature), expect: { feature, pack, channel } });
  const missing = base.keys.distributionKeys.find(({ keyid }) => !header.recipients.some((one) => one.keyid === keyid));
  if (missing)
    throw new BuilderError(
      'keys-document',
      `${file}: expected it sealed to distribution key ${missing.keyid}, got ${header.recipients.map(({ keyid }) => keyid).join(', ')}`,
      {
        hint: 'the distribution keys have changed: run yms build again',
      },
    );
  const sha256 = sha256Hex(bytes);
  return { path, bytes, sha256, header, feeds: await loadFeeds(out, config, sha256) };
}
