/** The four TUF roles as strict plain data (TUF specification 1.0.31, section 4). Unknown members are refused. */
import { z } from 'zod';
import { parseSeconds } from '../base/clock.js';
import { keyidPattern, publicKeySchema, type PublicKeyJson } from './key.js';

export const specVersion = '1.0.31';

/** What a reader takes at most, in bytes. Length and hash of the parent bound all but root and timestamp more tightly. */
export const metadataMaxBytes = { root: 512_000, timestamp: 16_384, snapshot: 2_000_000, targets: 5_000_000 } as const;

/** Names of features, packs, channels and roles: no dots, since dots separate the parts of a file name. */
export const namePattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Feature names that mean something else in the repository or on the endpoint. */
export const reservedNames: readonly string[] = ['root', 'targets', 'snapshot', 'timestamp', 'keys', 'custom'];

const version = z.int().min(1);
const expires = z.string().refine((text) => parseSeconds(text) !== null, 'expected a date as YYYY-MM-DDTHH:MM:SSZ');
export const keyidSchema = z.string().regex(keyidPattern, 'expected 64 lower-case hex digits');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
const hashes = z.strictObject({ sha256 });
const keyids = z.array(keyidSchema).refine((ids) => new Set(ids).size === ids.length, 'expected each key id once');
const keys = z.record(keyidSchema, publicKeySchema);
const length = z.int().min(0);

const specVersionSchema = z.string().regex(/^1\.0\.\d+$/, 'expected version 1.0 of the specification');

const roleKeys = z
  .strictObject({ keyids, threshold: z.int().min(1) })
  .refine((role) => role.threshold <= role.keyids.length, 'expected a threshold of at most the number of keys');

/** What every root says first, whoever reads it. */
export const rootHead = {
  _type: z.literal('root'),
  spec_version: specVersionSchema,
  version,
  expires,
  consistent_snapshot: z.literal(true),
};

export const rootSchema = z.strictObject({
  ...rootHead,
  keys,
  roles: z.strictObject({ root: roleKeys, targets: roleKeys, snapshot: roleKeys, timestamp: roleKeys }),
});

/** `custom` of a pack's target: what it is, for an endpoint that has not opened it yet. */
const targetCustom = z.strictObject({
  kind: z.enum(['full', 'delta']),
  version: z.string().min(1).max(64),
  sequence: z.int().min(1),
  from: z.strictObject({ version: z.string().min(1).max(64) }).optional(),
});

/** `<feature>/<pack>/<file>` with a file of dot-separated names, or a file at the top such as `keys.json`. */
const targetPath = z
  .string()
  .max(300)
  .regex(
    /^(?:[a-z0-9-]+\/[a-z0-9-]+\/)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/,
    'expected a target path such as sigma/core/stable.yms',
  );

/** The one path pattern that a feature's role may sign: every pack of the feature and nothing else. */
export function featurePaths(feature: string): string {
  return `${feature}/*/*`;
}

const delegatedRole = z
  .strictObject({
    name: z.string().regex(namePattern, 'expected a role name of a-z, 0-9 and -'),
    keyids,
    threshold: z.int().min(1),
    terminating: z.literal(true),
    paths: z.array(z.string()).length(1),
  })
  .refine((role) => role.paths[0] === featurePaths(role.name), 'expected the one path <role>/*/*')
  .refine((role) => !reservedNames.includes(role.name), 'expected a role name that has no other meaning')
  .refine((role) => role.threshold <= role.keyids.length, 'expected a threshold of at most the number of keys');

export const targetsSchema = z.strictObject({
  _type: z.literal('targets'),
  spec_version: specVersionSchema,
  version,
  expires,
  targets: z.record(targetPath, z.strictObject({ length, hashes, custom: targetCustom.optional() })),
  delegations: z
    .strictObject({
      keys,
      roles: z
        .array(delegatedRole)
        .refine((roles) => new Set(roles.map(({ name }) => name)).size === roles.length, 'expected each role once'),
    })
    .optional(),
});

const metaFile = z.strictObject({ version, length: z.int().min(1), hashes });

export const snapshotSchema = z.strictObject({
  _type: z.literal('snapshot'),
  spec_version: specVersionSchema,
  version,
  expires,
  meta: z.record(z.string().regex(/^[a-z0-9-]+\.json$/), metaFile),
});

export const timestampSchema = z.strictObject({
  _type: z.literal('timestamp'),
  spec_version: specVersionSchema,
  version,
  expires,
  meta: z.strictObject({ 'snapshot.json': metaFile }),
});

export type RootRole = z.infer<typeof rootSchema>;
export type TargetsRole = z.infer<typeof targetsSchema>;
export type SnapshotRole = z.infer<typeof snapshotSchema>;
export type TimestampRole = z.infer<typeof timestampSchema>;
export type TargetCustom = z.infer<typeof targetCustom>;
export type DelegatedRole = z.infer<typeof delegatedRole>;
export type MetaFile = z.infer<typeof metaFile>;
export type KeyTable = Readonly<Record<string, PublicKeyJson>>;

export interface RoleBodies {
  readonly root: RootRole;
  readonly targets: TargetsRole;
  readonly snapshot: SnapshotRole;
  readonly timestamp: TimestampRole;
}
export type RoleKind = keyof RoleBodies;
export type RoleBody = RoleBodies[RoleKind];

/** How long a signature of each role may stand (docs/spec/repository.md), in days. */
export const lifetimeDays = { root: 365, targets: 90, release: 30, snapshot: 7, timestamp: 1 } as const;
