import { equalBytes, utf8 } from '../../../base/bytes.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { publishAlone } from '../publishing.js';
import type { Records } from '../../records/database.js';
import { currentRole, loadRepository, onlineVersions, type OnlineVersions, type Repository } from '../repository.js';
import { acceptCommit, type CommitFiles } from './accept.js';
import { saveCommit } from './save.js';

type CommitDeps = Pick<ServerDeps, 'records' | 'blobs' | 'keys' | 'clock' | 'publishing' | 'metrics'>;

/**
 * Checks every file of a commit against what is published, then saves all of it in one transaction together with a new
 * snapshot and, last, a new timestamp. Files that are byte for byte the current ones (or a root that was committed
 * before) change nothing, so a commit whose answer was lost may be repeated.
 *
 * @returns the versions then served, and whether anything changed
 * @throws ServerError, KeyError, PackError: see docs/spec/repository.md
 */
export async function commit(
  deps: CommitDeps,
  files: CommitFiles,
  actor: string,
): Promise<OnlineVersions & { changed: boolean }> {
  return publishAlone(deps, async () => {
    try {
      const before = await onlineVersions(deps.records);
      const current = await loadRepository(deps.records);
      const fresh = withoutCurrent(files, current, await heldRoots(deps.records));
      if (fresh.roots.length === 0 && fresh.targets === null && fresh.roles.size === 0)
        return { ...(await servedVersions(deps, files)), changed: false };
      const accepted = await acceptCommit(deps, fresh, current);
      const versions = await saveCommit(deps, accepted, before, actor);
      deps.metrics.commits.inc({ outcome: 'accepted' });
      return { ...versions, changed: true };
    } catch (error) {
      deps.metrics.commits.inc({ outcome: 'refused' });
      throw error;
    }
  });
}

async function heldRoots(records: Records): Promise<Uint8Array[]> {
  const rows = await records.selectFrom('metadata').select('body').where('role', '=', 'root').execute();
  return rows.map(({ body }) => utf8(body));
}

function withoutCurrent(
  files: CommitFiles,
  current: Repository | null,
  earlierRoots: readonly Uint8Array[],
): CommitFiles {
  if (current === null) return files;
  const { roots, targets, roles } = files;
  return {
    roots: roots.filter((bytes) => !earlierRoots.some((held) => equalBytes(bytes, held))),
    targets: targets !== null && equalBytes(targets, current.targets.bytes) ? null : targets,
    roles: new Map(
      [...roles].filter(([name, bytes]) => {
        const held = current.roles.get(name);
        return held === undefined || !equalBytes(bytes, held.bytes);
      }),
    ),
  };
}

async function servedVersions({ records }: CommitDeps, files: CommitFiles): Promise<OnlineVersions> {
  if (files.roots.length === 0 && files.targets === null && files.roles.size === 0)
    throw new ServerError('commit-empty', 'commit: expected roots, targets or roles, got none');
  const snapshot = await currentRole(records, 'snapshot');
  const timestamp = await currentRole(records, 'timestamp');
  return { snapshot: snapshot?.signed.version ?? 0, timestamp: timestamp?.signed.version ?? 0 };
}
