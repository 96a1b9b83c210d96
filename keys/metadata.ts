import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import { decodeHex, encodeHex, utf8 } from '../base/bytes.js';
import { type Clock, parseSeconds } from '../base/clock.js';
import { CodedError } from '../base/error.js';
import { canonicalJsonBytes, type Json, parseJson } from '../base/json.js';
import { KeyError } from './error.js';
import { keyidPattern, parsePublicKey, type PublicKey, publicKeySchema } from './key.js';
import {
  type KeyTable,
  type RoleBodies,
  type RoleBody,
  type RoleKind,
  rootSchema,
  snapshotSchema,
  targetsSchema,
  timestampSchema,
} from './roles.js';
import { verifySignature } from './verify.js';

/** A TUF metadata file (TUF specification 4.2.1) whose signatures nobody has checked yet. */
export interface SignedMetadata<T extends RoleBody> {
  readonly signed: T;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  /** What the signatures cover, where `signed` leaves out members that came (a followed root); else that of `signed`. */
  readonly message?: Uint8Array;
}

/** What a role demands: `threshold` distinct keys of these. */
export interface RolePolicy {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

const bodySchemas = { root: rootSchema, targets: targetsSchema, snapshot: snapshotSchema, timestamp: timestampSchema };

/** An Ed25519 signature as TUF metadata spells it. */
const signaturePattern = /^[0-9a-f]{128}$/;

/** One of another algorithm may stand beside ours: {@link validSigners} passes it over. */
export const signaturesSchema = z
  .array(z.strictObject({ keyid: z.string().regex(keyidPattern), sig: z.string().max(20_000) }))
  .max(64)
  .refine((list) => new Set(list.map(({ keyid }) => keyid)).size === list.length, 'expected one signature a key');

/**
 * Strict where TUF libraries are lax: the form of `expires`, exactly one SHA-256, no duplicate members, no unknown
 * ones, and a key id is the hash of its key. What comes back is the JSON itself and no copy of it, so that signatures
 * are verified over everything that came.
 *
 * @throws KeyError `metadata-malformed`, `keyid-mismatch`
 */
export function parseMetadata<K extends RoleKind>(
  kind: K,
  bytes: Uint8Array,
  subject: string = kind,
): SignedMetadata<RoleBodies[K]> {
  const schema = z.strictObject({ signed: bodySchemas[kind], signatures: signaturesSchema });
  const json = parseMetadataJson(bytes, subject);
  checkMetadata(schema.safeParse(json), subject);
  const metadata = json as unknown as SignedMetadata<RoleBodies[K]>;
  for (const table of keyTables(metadata.signed)) refuseForeignKeyids(table, subject);
  return metadata;
}

/** @throws KeyError `metadata-malformed` */
export function parseMetadataJson(bytes: Uint8Array, subject: string): Json {
  try {
    return parseJson(bytes, subject);
  } catch (cause) {
    if (cause instanceof CodedError) throw new KeyError('metadata-malformed', cause.message, { cause });
    throw cause;
  }
}

/** @throws KeyError `metadata-malformed` */
export function checkMetadata<T>(parsed: z.ZodSafeParseResult<T>, subject: string): T {
  if (parsed.success) return parsed.data;
  throw new KeyError('metadata-malformed', `${subject}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`, {
    cause: parsed.error,
  });
}

function keyTables(body: RoleBody): KeyTable[] {
  if (body._type === 'root') return [body.keys];
  return body._type === 'targets' && body.delegations ? [body.delegations.keys] : [];
}

function refuseForeignKeyids(table: KeyTable, subject: string): void {
  for (const [keyid, json] of Object.entries(table)) {
    const key = parsePublicKey(json, `${subject} key`);
    if (key.keyid !== keyid)
      throw new KeyError('keyid-mismatch', `${subject}: expected key id ${key.keyid}, got ${keyid}`);
  }
}

/** The bytes on the wire. Their spelling is not what is signed (see {@link metadataMessage}), but it is always the same. */
export function encodeMetadata({ signed, signatures }: SignedMetadata<RoleBody>): Uint8Array {
  return canonicalJsonBytes({ signed, signatures });
}

/** What a TUF signature covers: the OLPC canonical JSON of `signed` (TUF specification 4.2). */
export function metadataMessage(signed: RoleBody): Uint8Array {
  return utf8(canonicalize(signed));
}

/**
 * The distinct role keys whose signature over `metadata` is valid. As TUF says (5.3.4), signatures of other keys are
 * passed over: a root in rotation carries those of the next one. So is what is no Ed25519 signature at all.
 */
export function validSigners(metadata: SignedMetadata<RoleBody>, policy: RolePolicy): PublicKey[] {
  const message = metadata.message ?? metadataMessage(metadata.signed);
  const signers = new Map<string, PublicKey>(); // by public key: two ids for one key are still one key
  for (const { keyid, sig } of metadata.signatures) {
    const key = policy.keys.find((candidate) => candidate.keyid === keyid);
    if (key && signaturePattern.test(sig) && verifySignature(key, message, decodeHex(sig, 64)))
      signers.set(encodeHex(key.bytes), key);
  }
  return [...signers.values()];
}

/** @throws KeyError `signature-threshold` */
export function verifyMetadata<T extends RoleBody>(
  metadata: SignedMetadata<T>,
  policy: RolePolicy,
  subject: string = metadata.signed._type,
): T {
  const signers = validSigners(metadata, policy);
  if (policy.threshold < 1 || signers.length < policy.threshold)
    throw new KeyError(
      'signature-threshold',
      `${subject}: expected valid signatures of ${policy.threshold} distinct keys, got ${signers.length}`,
    );
  return metadata.signed;
}

/** @throws KeyError `metadata-expired` */
export function verifyUnexpired<T extends RoleBody>(signed: T, clock: Clock, subject: string = signed._type): T {
  const expiresAt = parseSeconds(signed.expires);
  if (expiresAt === null || expiresAt <= clock.now())
    throw new KeyError('metadata-expired', `${subject}: expected an expiry after now, got ${signed.expires}`);
  return signed;
}

/**
 * The keys and threshold that `parent` (a root, or the `delegations` of a targets role) gives to a role.
 *
 * @throws KeyError `role-unknown` when it gives none, or names a key that it does not list
 */
export function rolePolicy(
  parent: RoleBodies['root'] | NonNullable<RoleBodies['targets']['delegations']>,
  role: string,
): RolePolicy {
  const entry = Array.isArray(parent.roles)
    ? parent.roles.find(({ name }) => name === role)
    : Object.entries(parent.roles).find(([name]) => name === role)?.[1];
  if (!entry)
    throw new KeyError('role-unknown', `role ${role}: expected a delegated role, got one that nobody delegates`);
  const keys = entry.keyids.map((keyid) => {
    const json = parent.keys[keyid];
    if (!json) throw new KeyError('role-unknown', `role ${role}: expected key ${keyid} to be listed, got no such key`);
    return parsePublicKey(publicKeySchema.parse(json), `role ${role} key`, 'ed25519');
  });
  return { keys, threshold: entry.threshold };
}

/**
 * Whether so many of a role's keys were replaced that those which stayed do not meet the threshold. Nobody who signed
 * for it before can have signed what is valid now, so its version starts over: a thief who ran it far ahead is left
 * behind (TUF specification 5.3.11 does the same for timestamp and snapshot).
 */
export function areKeysReplaced(before: RolePolicy, after: RolePolicy): boolean {
  const old = new Set(before.keys.map(({ keyid }) => keyid));
  return after.keys.filter(({ keyid }) => old.has(keyid)).length < after.threshold;
}
