import { canonicalJson } from '../../../base/json.js';
import { epochOf } from '../../../keys/keys-json.js';
import { parseMetadata, rolePolicy, verifyMetadata } from '../../../keys/metadata.js';
import type { RootRole, TargetsRole } from '../../../keys/roles.js';
import { isFastForwardRecovery } from '../../../keys/versions.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import type { PackRow } from '../../records/tables.js';
import type { Held, Repository } from '../repository.js';
import { loadKeysJson, requireEpochs } from './epoch.js';
import { type AcceptedFeed, acceptFeed } from './feed.js';
import { acceptPack } from './pack.js';
import { acceptRole } from './role.js';
import { acceptRoots } from './root.js';
import { requireTargetPath } from './target-path.js';
import { acceptTargets, requireKeysJson } from './targets.js';

/** Metadata files, exact bytes. */
export interface CommitFiles {
  readonly roots: readonly Uint8Array[];
  readonly targets: Uint8Array | null;
  readonly roles: ReadonlyMap<string, Uint8Array>;
}

export interface AcceptedCommit {
  readonly roots: readonly Held<RootRole>[];
  /** Null when the current one stays. */
  readonly targets: Held<TargetsRole> | null;
  readonly roles: ReadonlyMap<string, Held<TargetsRole>>;
  /** The packs, and the feeds, of every role that was looked at. */
  readonly packs: readonly PackRow[];
  readonly feeds: readonly AcceptedFeed[];
  /** What is served when the commit is saved. */
  readonly repository: Repository;
  /** Whether its root makes clients forget the versions that they have seen (TUF 5.3.11). */
  readonly startsOver: boolean;
}

/** Reads like the policy: roots, then targets under the last root, then roles under targets, then each role's packs and feeds. */
export async function acceptCommit(
  deps: Pick<ServerDeps, 'blobs' | 'keys' | 'clock'>,
  files: CommitFiles,
  current: Repository | null,
): Promise<AcceptedCommit> {
  const { clock, keys, blobs } = deps;
  if (current === null && files.roots.length === 0)
    throw new ServerError('version-not-next', 'root: expected version 1 in the first commit, got none');
  const roots = acceptRoots(current?.root.signed ?? null, files.roots, keys, clock);
  const root = roots.at(-1) ?? current?.root;
  if (root === undefined) throw new ServerError('version-not-next', 'root: expected version 1, got none');
  const targets = acceptTargets(files.targets, current, root.signed, clock);
  const served = current && (await loadKeysJson(current.targets.signed, blobs));
  const keysJson =
    files.targets === null && served !== null ? served : await requireKeysJson(targets.signed, blobs, keys);
  if (current && served) requireEpochs(served, keysJson, current.roles.keys(), files.roles);
  const startsOver = current !== null && isFastForwardRecovery(current.root.signed, root.signed);

  const { delegations } = targets.signed;
  const roles = new Map<string, Held<TargetsRole>>();
  for (const [name, file] of files.roles) {
    if (!delegations?.roles.some((role) => role.name === name))
      throw new ServerError(
        'role-not-delegated',
        `role ${name}: expected a role that targets delegates, got one that it does not`,
      );
    const before = current?.roles.get(name) ?? null;
    roles.set(name, acceptRole(name, file, before, { policy: rolePolicy(delegations, name), startsOver, clock }));
  }
  const packs: PackRow[] = [];
  const feeds: AcceptedFeed[] = [];
  const next = new Map([...(current?.roles ?? []), ...roles]);
  for (const [name, role] of next) {
    if (!delegations) continue;
    const policy = rolePolicy(delegations, name);
    if (!roles.has(name)) {
      if (!isRekeyed(name, current?.targets.signed, targets.signed)) continue;
      requireStillSigned(name, role, delegations);
    }
    for (const [path, entry] of Object.entries(role.signed.targets)) {
      const target = requireTargetPath(path, name);
      if ('part' in target)
        packs.push({ ...(await acceptPack(path, target, entry, policy, deps)), epoch: epochOf(keysJson, name) });
      else feeds.push(await acceptFeed(path, entry, blobs));
    }
  }
  return {
    roots,
    targets: files.targets === null ? null : targets,
    roles,
    packs,
    feeds,
    repository: { root, targets, roles: next },
    startsOver,
  };
}

function isRekeyed(name: string, before: TargetsRole | undefined, after: TargetsRole): boolean {
  const of = (targets: TargetsRole | undefined) => targets?.delegations?.roles.find((role) => role.name === name);
  return canonicalJson(of(before) ?? null) !== canonicalJson(of(after) ?? null);
}

/** A delegation to other keys needs the role published with them in the same commit, unless its old file still fits. */
function requireStillSigned(
  name: string,
  role: Held<TargetsRole>,
  delegations: NonNullable<TargetsRole['delegations']>,
): void {
  try {
    verifyMetadata(parseMetadata('targets', role.bytes), rolePolicy(delegations, name), `role ${name}`);
  } catch (cause) {
    throw new ServerError(
      'role-keys-stale',
      `role ${name}: expected version ${role.signed.version + 1} with its new keys, got none`,
      { cause },
    );
  }
}
