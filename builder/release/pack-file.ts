import { readFileAtMost } from '../../base/files.js';
import { shownBytes, shownSecret } from '../../base/shown.js';
import { rolePolicy, type RolePolicy, verifyMetadata } from '../../keys/metadata.js';
import { verifySelfSigned } from '../../keys/root.js';
import type { Opener } from '../../keys/signer.js';
import { parseArchive } from '../../packs/archive.js';
import { maxPackBytes, type PackHeader, parseHeader } from '../../packs/header.js';
import type { Manifest } from '../../packs/manifest.js';
import {
  openContentKey,
  openArchive,
  openPack,
  readPack,
  type UnverifiedPack,
  verifyPack,
  type VerifiedPack,
} from '../../packs/pack.js';
import { loadMetadataFile } from '../ceremony/ceremony.js';
import { BuilderError } from '../error.js';
import { loadPublicKey } from '../ceremony/public-key-file.js';
import { featurePolicy } from '../published/release-base.js';

/** A pack on disk, its outer structure read. @throws BuilderError `pack-foreign`; PackError, KeyError, BaseError */
export async function loadPackFile(path: string): Promise<UnverifiedPack> {
  const bytes = await readFileAtMost(path, maxPackBytes);
  const pack = readPack(bytes, path);
  if (pack !== null) return pack;
  throw new BuilderError('pack-foreign', `${path}: expected a yms pack, got ${shownBytes(bytes)}`, {
    hint: 'THOR Util gives its encrypted Sigma files the same suffix; they are another format',
  });
}

/** The header and the ids that its signatures name; nothing is verified. */
export async function inspectPack(path: string): Promise<{ header: PackHeader; keyids: string[] }> {
  const { envelope } = await loadPackFile(path);
  return {
    header: parseHeader(envelope.payload, `${path} header`),
    keyids: envelope.signatures.map(({ keyid }) => keyid),
  };
}

/** Where the right to sign a pack comes from: keys that were carried here, or a root and the targets under it. */
export interface Trust {
  /** Files of public keys. */
  readonly keys: readonly string[];
  readonly threshold: number;
  readonly root?: string | undefined;
  readonly targets?: string | undefined;
}

/**
 * Verifies a pack's signatures and payload.
 *
 * @throws BuilderError `option-invalid` without anything to verify by; PackError, KeyError for each check
 */
export async function verifyPackFile(path: string, trust: Trust): Promise<VerifiedPack> {
  const pack = await loadPackFile(path);
  const { feature } = parseHeader(pack.envelope.payload, `${path} header`);
  return verifyPack(pack, { ...(await policyOf(trust, feature)), expect: { feature } });
}

async function policyOf({ keys, threshold, root, targets }: Trust, feature: string): Promise<RolePolicy> {
  if (keys.length > 0 && root === undefined && targets === undefined)
    return { keys: await Promise.all(keys.map((file) => loadPublicKey(file, 'ed25519'))), threshold };
  if (keys.length > 0 || root === undefined || targets === undefined)
    throw new BuilderError(
      'option-invalid',
      'trust: expected either release keys, or root and targets, got neither or both',
    );
  const trustedRoot = verifySelfSigned((await loadMetadataFile('root', root)).metadata);
  const { metadata } = await loadMetadataFile('targets', targets);
  const signed = verifyMetadata(metadata, rolePolicy(trustedRoot, 'targets'), targets);
  return featurePolicy({ targets: signed }, feature);
}

export interface PlainPack {
  readonly manifest: Manifest;
  /** The files of the archive, `manifest.json` first. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * The whole content of a verified pack, every check made, by a recipient's key or by the content key itself.
 *
 * @throws PackError `not-a-recipient`, `key-commitment`, and every code of the payload and archive
 */
export async function openPackFile(pack: VerifiedPack, key: Opener | Uint8Array): Promise<PlainPack> {
  const contentKey = key instanceof Uint8Array ? key : openContentKey(pack.header, key);
  const { manifest } = await openPack(pack, contentKey);
  return { manifest, files: await parseArchive(await openArchive(pack, contentKey)) };
}

/** 64 hex digits in a file, with or without a line feed. @throws BuilderError `option-invalid` */
export async function loadContentKey(path: string): Promise<Uint8Array> {
  const text = Buffer.from(await readFileAtMost(path, 256))
    .toString('latin1')
    .trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new BuilderError(
      'option-invalid',
      `${path}: expected a content key of 64 lower-case hex digits, got ${shownSecret(text)}`,
    );
  return Buffer.from(text, 'hex');
}
