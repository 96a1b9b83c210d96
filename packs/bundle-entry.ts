/** What a bundle holds: names, limits, and the entries of a repository (docs/spec/offline.md, "The bundle"). */
import { sha256Hex } from '../base/bytes.js';
import { metadataMaxBytes } from '../keys/roles.js';
import { maxActivationBytes } from './activation.js';
import { PackError } from './error.js';
import { maxPackBytes } from './header.js';
import { maxLicenseBytes } from './license.js';

export interface BundleEntry {
  readonly name: string;
  readonly read: () => Promise<Uint8Array>;
}

/** The public part of a repository: enough to trust the license keys, without a pack. */
export interface CarriedRepository {
  /** By name on the wire: every root from the first on, timestamp, snapshot, targets, and roles if any. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /** The exact bytes that `targets` lists. */
  readonly keysJson: Uint8Array;
}

/** The first entry of each bundle: what it is, in one spelling. */
export const bundleMark = { name: 'bundle.json', content: '{"format":1,"kind":"yms-bundle"}' } as const;

/** Enough for every role, every pack of a license in each form, and a license document for each of ten thousand hosts. */
export const maxBundleEntries = 16_384;

export const maxBundleBytes = 16 * 1024 ** 3;

/** An envelope is its payload in base64, with signatures. */
const envelopeMaxBytes = (payloadBytes: number): number => Math.ceil(payloadBytes * 1.34) + 16_384;

interface EntryKind {
  readonly pattern: RegExp;
  readonly maxBytes: number;
}

/** Every name that a bundle may have, and the most bytes under it. At most 100 characters: no tar extension is needed. */
const kinds: readonly EntryKind[] = [
  { pattern: /^activations\/[0-9a-f]{64}$/, maxBytes: envelopeMaxBytes(maxActivationBytes) },
  { pattern: /^bundle\.json$/, maxBytes: 1024 }, // room for that of a later format, to tell what it is
  { pattern: /^licenses\/[0-9a-f]{64}$/, maxBytes: envelopeMaxBytes(maxLicenseBytes) },
  { pattern: /^metadata\/timestamp\.json$/, maxBytes: metadataMaxBytes.timestamp },
  { pattern: /^metadata\/[1-9]\d{0,14}\.[a-z0-9-]{1,64}\.json$/, maxBytes: metadataMaxBytes.targets },
  { pattern: /^targets\/[0-9a-f]{64}$/, maxBytes: maxPackBytes },
];

/** The answer to a host's activation request, by the id of its key. */
export function activationEntry(hostKeyid: string): string {
  return `activations/${hostKeyid}`;
}

/** The whole answer: the signed activation, and metadata under which the `keys.json` beside it verifies. */
export function answerEntries(
  repository: CarriedRepository,
  hostKeyid: string,
  activation: Uint8Array,
): readonly BundleEntry[] {
  return [...repositoryEntries(repository), bundleEntry(activationEntry(hostKeyid), activation)];
}

export function repositoryEntries({ metadata, keysJson }: CarriedRepository): readonly BundleEntry[] {
  return [
    ...[...metadata].map(([name, bytes]) => bundleEntry(metadataEntry(name), bytes)),
    bundleEntry(targetEntry(sha256Hex(keysJson)), keysJson),
  ];
}

export function bundleEntry(name: string, bytes: Uint8Array): BundleEntry {
  return { name, read: () => Promise.resolve(bytes) };
}

/** A host's license document, by the id of its key. */
export function licenseEntry(hostKeyid: string): string {
  return `licenses/${hostKeyid}`;
}

/** A metadata file by its name on the wire. */
export function metadataEntry(name: string): string {
  return `metadata/${name}`;
}

/** A target by its content: whatever path its role gives it. */
export function targetEntry(sha256: string): string {
  return `targets/${sha256}`;
}

/**
 * The most bytes that may stand under a name.
 *
 * @throws PackError `bundle-entry` for a name that no bundle has
 */
export function entryMaxBytes(name: string): number {
  const kind = kinds.find(({ pattern }) => pattern.test(name));
  if (!kind)
    throw new PackError(
      'bundle-entry',
      `bundle entry ${JSON.stringify(name.slice(0, 200))}: expected the name of metadata, a target, a license or an activation`,
    );
  return kind.maxBytes;
}
