import { z } from 'zod';
import { decodeBase64 } from '../base/bytes.js';
import type { PublicKey } from '../keys/key.js';
import type { Opener } from '../keys/signer.js';
import { checkContentKey, sealContentKey } from './content-key.js';
import { type DocumentKind, encodeDocument, isSortedOnce, parseDocument } from './document.js';
import {
  hash,
  keyid,
  name,
  packKind,
  type PackRelease,
  sealedKey,
  sealedKeyBytes,
  sequence,
  time,
  version,
} from './field.js';

export const licensePayloadType = 'application/vnd.yms.license+json';

export const maxLicenseBytes = 2_097_152;

/** Computed by the server from status, plan and clock when it issues the document. */
export const licenseStates = ['trial', 'active', 'grace', 'expired', 'suspended', 'revoked'] as const;
export type LicenseState = (typeof licenseStates)[number];

export const serverId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 characters of A-Z, a-z, 0-9, _ and -');

/** Counted here: what a library takes for the length of a text differs between its versions. */
export const displayName = z
  .string()
  .refine((text) => text !== '' && Array.from(text).length <= 200, 'expected 1 to 200 code points')
  .regex(/^\P{Cc}*$/u, 'expected no control characters');

const grantSchema = z.strictObject({
  feature: name,
  pack: name,
  channel: name,
  kind: packKind,
  version,
  sequence,
  keyCommitment: hash,
  sealed: sealedKey,
});

/** A content key sealed to one host, for one release. */
export type Grant = Readonly<z.infer<typeof grantSchema>>;

const packNameSchema = z.strictObject({ feature: name, pack: name, channel: name });

/** What an entitlement is about: the newest release of this pack in this channel. */
export type LicensedPack = Readonly<z.infer<typeof packNameSchema>>;

const schema = z
  .strictObject({
    license: serverId,
    customer: z.strictObject({ id: serverId, name: displayName }),
    host: z.strictObject({ id: serverId, keyid }),
    features: z.array(name).max(256).refine(isSortedOnce, 'expected each feature once, sorted'),
    packs: z
      .array(packNameSchema)
      .max(1024)
      .refine((packs) => isSortedOnce(packs.map(packKey)), 'expected each pack once, sorted'),
    state: z.enum(licenseStates),
    notBefore: time,
    expiresAt: time,
    licenseExpiresAt: time,
    issuedAt: time,
    serial: sequence,
    grants: z
      .array(grantSchema)
      .max(3072)
      .refine((grants) => isSortedOnce(grants.map(grantKey)), 'expected each grant once, sorted'),
  })
  .refine((document) => document.notBefore < document.expiresAt, {
    error: 'expected a time after notBefore',
    path: ['expiresAt'],
  })
  .refine((document) => document.issuedAt < document.expiresAt, {
    error: 'expected a time after issuedAt',
    path: ['expiresAt'],
  })
  .refine(({ features, packs }) => packs.every(({ feature }) => features.includes(feature)), {
    error: 'expected packs of the licensed features only',
    path: ['packs'],
  })
  .refine(
    ({ packs, grants }) => {
      const licensed = new Set(packs.map(packKey));
      return grants.every((grant) => licensed.has(packKey(grant)));
    },
    { error: 'expected grants for the licensed packs only', path: ['grants'] },
  );

/** What the license key signs for one host (docs/spec/license.md). */
export type License = Readonly<z.infer<typeof schema>>;

const licenseDocument: DocumentKind<License> = { schema, maxBytes: maxLicenseBytes, code: 'license-malformed' };

/**
 * The payload of a license envelope that was verified.
 *
 * @throws PackError `license-malformed`
 */
export function parseLicense(payload: Uint8Array, subject = 'license'): License {
  return parseDocument(licenseDocument, payload, subject);
}

/**
 * The payload to sign, with features, packs and grants put in order: equal content gives equal bytes.
 *
 * @throws PackError `license-malformed`
 */
export function encodeLicense(license: License, subject = 'license'): Uint8Array {
  const sorted: License = {
    ...license,
    features: license.features.toSorted(),
    packs: sortedBy(license.packs, packKey),
    grants: sortedBy(license.grants, grantKey),
  };
  return encodeDocument(licenseDocument, sorted, subject);
}

/** Seals a content key to a host; `contentKey` must be the release's (`openContentKey` has checked it). */
export function sealGrant(
  release: PackRelease & { readonly channel: string; readonly keyCommitment: string },
  contentKey: Uint8Array,
  host: PublicKey,
): Grant {
  checkContentKey(contentKey, release);
  const { feature, pack, channel, kind, version, sequence, keyCommitment } = release;
  const { sealed } = sealContentKey(contentKey, host);
  return { feature, pack, channel, kind, version, sequence, keyCommitment, sealed };
}

/**
 * The content key of a grant, for the host that it was made for.
 *
 * @throws KeyError `sealed-box`
 * @throws PackError `key-commitment`
 */
export function openGrant(grant: Grant, opener: Opener): Uint8Array {
  return checkContentKey(opener.open(decodeBase64(grant.sealed, sealedKeyBytes, 'grant')), grant);
}

/** A space is less than every character of a name, so this sorts as feature, then pack, then channel. */
function packKey({ feature, pack, channel }: LicensedPack): string {
  return [feature, pack, channel].join(' ');
}

/** By sequence as a number (2^53 − 1 has 16 digits), then by kind. */
function grantKey(grant: Grant): string {
  return `${packKey(grant)} ${String(grant.sequence).padStart(16, '0')} ${grant.kind}`;
}

function sortedBy<T>(list: readonly T[], key: (entry: T) => string): T[] {
  return list.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
