import { ScannerError } from '../error.js';
import { metadataMaxBytes } from '../refresh.js';
import { packMaxBytes } from '../install.js';
import { maxActivationBytes } from '../../packs/activation.js';
import { maxLicenseBytes } from '../../packs/license.js';

/** The first entry of each bundle: what it is, in one spelling. */
export const bundleMark = { name: 'bundle.json', content: '{"format":1,"kind":"yms-bundle"}' } as const;

/** Enough for every role, every pack of a licence in each form, and a licence document for each of ten thousand hosts. */
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
  { pattern: /^bundle\.json$/, maxBytes: bundleMark.content.length },
  { pattern: /^licenses\/[0-9a-f]{64}$/, maxBytes: envelopeMaxBytes(maxLicenseBytes) },
  { pattern: /^metadata\/timestamp\.json$/, maxBytes: metadataMaxBytes.timestamp },
  { pattern: /^metadata\/[1-9]\d{0,14}\.[a-z0-9-]{1,64}\.json$/, maxBytes: metadataMaxBytes.targets },
  { pattern: /^targets\/[0-9a-f]{64}$/, maxBytes: packMaxBytes },
];

/** The answer to a host's activation request, by the id of its key. */
export function activationEntry(hostKeyid: string): string {
  return `activations/${hostKeyid}`;
}

/** A host's licence document, by the id of its key. */
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
 * @throws ScannerError `bundle-entry` for a name that no bundle has
 */
export function entryMaxBytes(name: string): number {
  const kind = kinds.find(({ pattern }) => pattern.test(name));
  if (!kind)
    throw new ScannerError(
      'bundle-entry',
      `bundle entry ${JSON.stringify(name.slice(0, 200))}: expected the name of metadata, a target, a license or an activation`,
    );
  return kind.maxBytes;
}
