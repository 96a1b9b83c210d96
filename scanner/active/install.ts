import { join } from 'node:path';
import { shownBytes } from '../../base/shown.js';
import { sha256Hex } from '../../base/bytes.js';
import { formatSeconds } from '../../base/clock.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { compareVersions } from '../../base/version.js';
import { encodePublicKey, parsePublicKey } from '../../keys/key.js';
import { namePattern } from '../../keys/roles.js';
import type { Opener } from '../../keys/signer.js';
import { maxPackBytes, type PackHeader } from '../../packs/header.js';
import { type Grant, type License, openGrant } from '../../packs/license.js';
import { type OpenedPack, openPack, readPack, verifyPack } from '../../packs/pack.js';
import { compareReleases, type ReleaseOrder, releaseWords } from '../../packs/release-order.js';
import { decodeItems, type DecodedItem } from './decode.js';
import { ScannerError } from '../error.js';
import { type Progress, type RepositorySource, verifyTarget } from '../follow/fetcher.js';
import type { Home } from '../state/home.js';
import { type AcceptedPack, packFileName, packKey } from '../state/pointer.js';
import type { TrustedTarget } from '../follow/trusted-metadata.js';

export interface InstallOrder {
  readonly home: Home;
  readonly source: RepositorySource;
  readonly target: TrustedTarget;
  readonly name: { readonly feature: string; readonly pack: string; readonly channel: string };
  readonly license: License;
  readonly host: Opener;
  /** The release of that name that is in use, or was when it was withdrawn. */
  readonly before: ReleaseOrder | undefined;
  /** Of its feature, now. */
  readonly epoch: number;
  /** This program's version, `x.y.z`. */
  readonly client: string;
  readonly now: Date;
  readonly onProgress?: Progress;
}

/**
 * Fetches a pack and takes it through every check of docs/spec/pack.md, in order: role, signatures, identity, sequence,
 * grant, decryption, archive, digest, and at last its rules. Only then the file, still encrypted, is saved beside the
 * others; the active set is not touched.
 *
 * @throws KeyError, PackError, RuleError, BaseError; ScannerError `target-…`, `pack-mismatch`, `sequence-rollback`,
 * `client-too-old`, `grant-missing`, `grant-mismatch`, `release-newer`, `pack-unloadable`
 */
export async function obtainPack(order: InstallOrder): Promise<AcceptedPack> {
  const { home, target, name, epoch, now } = order;
  requireName(name);
  requireNewer(order);
  const bytes = await storedOrFetched(order);

  const unverified = readPack(bytes, target.path);
  if (unverified === null)
    throw new ScannerError('pack-mismatch', `${target.path}: expected a pack (yms1), got ${shownBytes(bytes)}`);
  const verified = verifyPack(unverified, { ...target.policy, expect: name });
  requireAgreement(target, verified.header);
  requireClient(verified.header, order.client);
  const grant = findGrant(order.license, verified.header);
  const opened = await openPack(verified, openGrant(grant, order.host));
  decodeItems(opened.items, packKey(name));

  await writeFileAtomic(join(home.packs, packFileName(target)), bytes);
  return {
    ...name,
    version: opened.header.version,
    epoch,
    sequence: opened.header.sequence,
    sha256: target.sha256,
    contentDigest: opened.manifest.contentDigest,
    acceptedAt: formatSeconds(now),
    signers: { keys: target.policy.keys.map(encodePublicKey), threshold: target.policy.threshold },
    signedBy: [...verified.keyids],
    grant: { kind: grant.kind, sealed: grant.sealed, keyCommitment: grant.keyCommitment },
  };
}

/**
 * Sees to it that the file of a pack in use is whole on this disk, and fetches it again when it is not.
 *
 * @throws ScannerError `target-…`; BaseError `http-…`, `disk-full`, `file-…`
 */
export async function repairPack(home: Home, source: RepositorySource, target: TrustedTarget): Promise<void> {
  const path = join(home.packs, packFileName(target));
  const stored = await readFileIfPresent(path, maxPackBytes);
  if (stored === null || sha256Hex(stored) !== target.sha256)
    await writeFileAtomic(path, await fetchPack(source, target));
}

/** Packs and documents allow hyphens anywhere in a name; the repository's own names, and the pointer's, are stricter. */
function requireName(name: InstallOrder['name']): void {
  for (const part of ['feature', 'pack', 'channel'] as const)
    if (!namePattern.test(name[part]))
      throw new ScannerError(
        'pack-mismatch',
        `${packKey(name)}: expected a ${part} with single inner hyphens, got ${name[part]}`,
      );
}

/** (epoch, sequence) rises strictly: equal content under an equal number is not installed either, it is there already. */
function requireNewer({ target, before, epoch }: InstallOrder): void {
  if (target.custom === undefined)
    throw new ScannerError('pack-mismatch', `${target.path}: expected its role to say kind and sequence, got neither`);
  if (target.custom.kind !== 'full')
    throw new ScannerError('pack-mismatch', `${target.path}: expected a full pack, got kind ${target.custom.kind}`);
  const release = { epoch, sequence: target.custom.sequence };
  if (before && compareReleases(release, before) <= 0)
    throw new ScannerError(
      'sequence-rollback',
      `${target.path}: expected a sequence above ${releaseWords(before)}, got ${releaseWords(release)}`,
    );
}

/** A file that an interrupted update had saved already is not fetched twice. */
async function storedOrFetched({ home, source, target, onProgress }: InstallOrder): Promise<Uint8Array> {
  const stored = await readFileIfPresent(join(home.packs, packFileName(target)), maxPackBytes);
  if (stored !== null && sha256Hex(stored) === target.sha256) return verifyTarget(target, stored);
  return fetchPack(source, target, onProgress);
}

function fetchPack(source: RepositorySource, target: TrustedTarget, onProgress?: Progress): Promise<Uint8Array> {
  if (target.length > maxPackBytes)
    throw new ScannerError(
      'target-mismatch',
      `${target.path}: expected at most ${maxPackBytes} bytes, got ${target.length}`,
    );
  return source.target(target, onProgress);
}

/** What the role says of its target and what the header says of itself must be the same release. */
function requireAgreement({ path, custom, role }: TrustedTarget, header: PackHeader): void {
  const inRole = `${role} ${custom?.kind ?? ''} ${custom?.version ?? ''} #${custom?.sequence ?? 0}`;
  const inHeader = `${header.feature} ${header.kind} ${header.version} #${header.sequence}`;
  if (inRole !== inHeader)
    throw new ScannerError('pack-mismatch', `${path}: expected ${inRole} as its role says, got ${inHeader}`);
}

/** @throws ScannerError `client-too-old` for a pack that this version cannot apply */
export function requireClient({ minimumClient }: PackHeader, client: string): void {
  if (compareVersions(client, minimumClient) < 0)
    throw new ScannerError('client-too-old', `pack: expected yms ${minimumClient} or newer, got ${client}`, {
      hint: 'install a newer yms; detection goes on with the last good set',
    });
}

/** The grant for exactly this release, whose commitment is the header's. */
function findGrant({ grants }: License, header: PackHeader): Grant {
  const subject = `${packKey(header)} ${header.version}`;
  const ofPack = grants.filter((grant) => packKey(grant) === packKey(header) && grant.kind === header.kind);
  const grant = ofPack.find(({ sequence }) => sequence === header.sequence);
  if (grant === undefined) {
    const newest = Math.max(0, ...ofPack.map(({ sequence }) => sequence));
    const code = newest > header.sequence ? 'release-newer' : 'grant-missing';
    throw new ScannerError(
      code,
      `${subject}: expected a grant for sequence ${header.sequence}, got ${newest || 'none'}`,
    );
  }
  if (grant.version !== header.version || grant.keyCommitment !== header.keyCommitment)
    throw new ScannerError('grant-mismatch', `${subject}: expected a grant for its content key, got one for another`);
  return grant;
}

export interface LoadedPack {
  readonly accepted: AcceptedPack;
  readonly opened: OpenedPack;
  readonly rules: readonly DecodedItem[];
}

/**
 * An accepted pack from the disk, into memory only: verified under the keys and opened with the grant that were stored
 * when it was accepted.
 *
 * @throws BaseError, KeyError, PackError, RuleError; ScannerError `pack-unloadable`
 */
export async function loadPack(home: Home, accepted: AcceptedPack, host: Opener): Promise<LoadedPack> {
  const { feature, pack, channel, version, sequence, signers } = accepted;
  const path = join(home.packs, packFileName(accepted));
  const bytes = await readFileIfPresent(path, maxPackBytes);
  const sha256 = bytes === null ? 'no file' : sha256Hex(bytes);
  const unverified = bytes === null ? null : readPack(bytes, path);
  if (sha256 !== accepted.sha256 || unverified === null)
    throw new ScannerError('pack-unloadable', `${path}: expected sha256 ${accepted.sha256}, got ${sha256}`);
  const keys = signers.keys.map((key) => parsePublicKey(key, 'stored release key', 'ed25519'));
  const expect = { feature, pack, channel };
  const verified = verifyPack(unverified, { keys, threshold: signers.threshold, expect });
  const opened = await openPack(verified, openGrant({ ...expect, version, sequence, ...accepted.grant }, host));
  return { accepted, opened, rules: decodeItems(opened.items, packKey(accepted)) };
}
