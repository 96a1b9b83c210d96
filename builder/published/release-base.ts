import { sha256Hex } from '../../base/bytes.js';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { readFileAtMost } from '../../base/files.js';
import { canonicalJson } from '../../base/json.js';
import { epochOf, type KeysJson, keysJsonMaxBytes, keysJsonPath } from '../../keys/keys-json.js';
import { parseMetadata, type RolePolicy, rolePolicy, verifyMetadata, verifyUnexpired } from '../../keys/metadata.js';
import type { DelegatedRole, RootRole, TargetsRole } from '../../keys/roles.js';
import { verifyRootSuccessor } from '../../keys/root.js';
import { isFastForwardRecovery } from '../../keys/versions.js';
import { listVersions, maxMetadataBytes } from '../ceremony/ceremony.js';
import { BuilderError } from '../error.js';
import { verifyKeysJson, type VerifiedRepository } from './repository.js';

/** What a release is made on: who may sign which feature, who receives the content keys, and what came before. */
export interface ReleaseBase {
  readonly root: RootRole;
  readonly targets: TargetsRole;
  readonly keys: KeysJson;
  readonly roles: ReadonlyMap<string, TargetsRole>;
  /** Features that are in other hands than the published ones, and their delegations of before. */
  readonly rekeyed: ReadonlySet<string>;
  readonly delegatedBefore: readonly DelegatedRole[];
  /** Those of `rekeyed` whose epoch rises: nothing that is published of them counts. */
  readonly evicted: ReadonlySet<string>;
  /** Whether the new root makes clients forget all versions, see `isFastForwardRecovery`. */
  readonly startsOver: boolean;
  /** Ceremony files that the server does not have yet. */
  readonly upload: CeremonyUpload;
}

export interface CeremonyUpload {
  readonly roots: readonly Uint8Array[];
  readonly targets: Uint8Array | null;
  readonly keysJson: Uint8Array | null;
}

/**
 * The verified repository, with the newer root and targets of a ceremony folder on top where one is given.
 *
 * @throws BuilderError `metadata-missing`, `metadata-version`, `metadata-mismatch`, `root-chain`, `keys-document`;
 * KeyError `signature-threshold`, `metadata-expired`
 */
export async function releaseBase(
  repository: VerifiedRepository,
  ceremony: string | null,
  clock: Clock,
): Promise<ReleaseBase> {
  const published = repository.published;
  const { root, roots } =
    ceremony === null ? { root: repository.root, roots: [] } : await overlayRoots(ceremony, repository);
  const overlay = ceremony === null ? null : await overlayTargets(ceremony, root, published?.targets.version ?? 0);
  const targets = overlay?.targets ?? published?.targets;
  if (!targets)
    throw new BuilderError('metadata-missing', 'repository: expected published targets, got an empty repository', {
      hint: 'bring the files of the ceremony with --ceremony DIR',
    });
  verifyUnexpired(root, clock, `root ${root.version}`);
  verifyUnexpired(verifyStill(targets, overlay !== null, root, repository), clock, `targets ${targets.version}`);
  const keysJson = overlay === null ? null : await loadKeysJson(ceremony ?? '.', targets, published?.targets ?? null);
  const keys = keysJson === null ? published?.keys : verifyKeysJson(keysJson, targets);
  if (!keys)
    throw new BuilderError('keys-document', 'targets: expected a keys.json with the distribution keys, got none', {
      hint: 'add it with yms targets keys, and sign targets again',
    });
  const delegatedBefore = published?.targets.delegations?.roles ?? [];
  const roles = published?.roles ?? new Map<string, TargetsRole>();
  return {
    root,
    targets,
    keys,
    roles,
    rekeyed: new Set([...roles.keys()].filter((feature) => isRekeyed(feature, delegatedBefore, targets))),
    delegatedBefore,
    evicted: new Set(
      [...roles.keys()].filter((feature) => epochOf(keys, feature) > epochOf(published?.keys ?? {}, feature)),
    ),
    startsOver: published !== null && isFastForwardRecovery(repository.root, root),
    upload: { roots, targets: overlay?.bytes ?? null, keysJson },
  };
}

function isRekeyed(feature: string, before: readonly DelegatedRole[], { delegations }: TargetsRole): boolean {
  const held = (roles: readonly DelegatedRole[]): string =>
    canonicalJson(roles.find(({ name }) => name === feature) ?? null);
  return held(before) !== held(delegations?.roles ?? []);
}

/** The role that the next release of a feature follows; null for the first one of an epoch. */
export function roleBefore({ roles, evicted }: ReleaseBase, feature: string): TargetsRole | null {
  return evicted.has(feature) ? null : (roles.get(feature) ?? null);
}

/** The release keys of a feature. @throws BuilderError `feature-unknown` */
export function featurePolicy(base: Pick<ReleaseBase, 'targets'>, feature: string): RolePolicy {
  const delegations = base.targets.delegations;
  const delegated = delegations?.roles.map(({ name }) => name).join(', ') ?? 'none yet';
  if (!delegations?.roles.some(({ name }) => name === feature))
    throw new BuilderError(
      'feature-unknown',
      `feature: expected one that targets delegates (${delegated}), got ${feature}`,
      {
        hint: `delegate it with yms targets delegate ${feature} --key FILE`,
      },
    );
  return rolePolicy(delegations, feature);
}

async function overlayRoots(
  folder: string,
  repository: VerifiedRepository,
): Promise<{ root: RootRole; roots: Uint8Array[] }> {
  let root = repository.root;
  const roots: Uint8Array[] = [];
  for (const version of await listVersions(folder, 'root')) {
    const isNew = version > root.version;
    if (!isNew && repository.published !== null) continue;
    const path = join(folder, `${version}.root.json`);
    const bytes = await readFileAtMost(path, maxMetadataBytes);
    const metadata = parseMetadata('root', bytes, path);
    if (isNew) root = verifyRootSuccessor(root, metadata);
    else if (version === root.version && canonicalJson(metadata.signed) !== canonicalJson(root))
      throw new BuilderError(
        'root-chain',
        `${path}: expected the root that this workspace trusts as version ${version}, got one of sha256 ${sha256Hex(bytes)}`,
      );
    roots.push(bytes);
  }
  return { root, roots };
}

/** The newest targets of the folder when it is the next version; null when the server has it already. */
async function overlayTargets(
  folder: string,
  root: RootRole,
  current: number,
): Promise<{ targets: TargetsRole; bytes: Uint8Array } | null> {
  const version = (await listVersions(folder, 'targets')).at(-1) ?? 0;
  if (version <= current) return null;
  if (version !== current + 1)
    throw new BuilderError(
      'metadata-version',
      `${folder}: expected ${current + 1}.targets.json as the newest, got ${version}.targets.json`,
    );
  const path = join(folder, `${version}.targets.json`);
  const bytes = await readFileAtMost(path, maxMetadataBytes);
  const targets = verifyMetadata(parseMetadata('targets', bytes, path), rolePolicy(root, 'targets'), path);
  return { targets, bytes };
}

/** Published targets were verified under the published root; a newer root may have given the role to other keys. */
function verifyStill(
  targets: TargetsRole,
  isNew: boolean,
  root: RootRole,
  repository: VerifiedRepository,
): TargetsRole {
  if (isNew || root.version === repository.root.version) return targets;
  if (canonicalJson(root.roles.targets) !== canonicalJson(repository.root.roles.targets))
    throw new BuilderError(
      'metadata-mismatch',
      `root ${root.version}: expected targets signed by its new keys, got none`,
      {
        hint: 'renew targets with yms targets renew, and sign it with the new keys',
      },
    );
  return targets;
}

/** The bytes of keys.json where the new targets changed them; null where they are the published ones. */
async function loadKeysJson(
  folder: string,
  targets: TargetsRole,
  before: TargetsRole | null,
): Promise<Uint8Array | null> {
  const target = targets.targets[keysJsonPath];
  if (!target || target.hashes.sha256 === before?.targets[keysJsonPath]?.hashes.sha256) return null;
  return await readFileAtMost(join(folder, keysJsonPath), keysJsonMaxBytes);
}
