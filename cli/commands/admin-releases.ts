import type { Command } from 'commander';
import { encodeBase64, sha256Hex } from '../../base/bytes.js';
import { readFileAtMost } from '../../base/files.js';
import { CliError } from '../error.js';
import { adminAccess, adminCommand, type AdminOptions, callServer, printObject, uploadBlob } from './admin-client.js';
import { filterOf, listCommand } from './admin-list.js';

interface CommitOptions extends AdminOptions {
  readonly root: readonly string[];
  readonly targets?: string;
  readonly blob: readonly string[];
}

const maxMetadataBytes = 5_000_000;
const maxBlobBytes = 300 * 1_048_576;
const columns = ['path', 'version', 'epoch', 'sequence', 'length', 'committedAt', 'expiresAt'];

export function registerReleases(admin: Command): void {
  const releases = admin.command('releases').description('what the repository serves');
  listCommand(releases, 'list the packs that are served now', {
    path: '/v1/releases',
    columns,
    filters: {
      feature: filterOf.feature,
      pack: ['pack', '<name>', 'only those of a pack'],
      channel: ['channel', '<name>', 'only those of a channel'],
    },
    sorts: ['committedAt'],
  });
  adminCommand(releases, 'commit', 'bring the files of a ceremony to the server: all or nothing')
    .option('--root <files...>', 'new root files, in any order', [])
    .option('--targets <file>', 'a new top-level targets file')
    .option('--blob <files...>', 'files that targets lists: keys.json', [])
    .action(async (options: CommitOptions) => {
      printObject(await commit(options), options);
    });
}

async function commit(options: CommitOptions): Promise<Awaited<ReturnType<typeof callServer>>> {
  const { root, targets, blob } = options;
  if (root.length === 0 && targets === undefined)
    throw new CliError('usage', 'yms admin releases commit: expected --root or --targets, got neither');
  const access = adminAccess(options);
  const roots = await Promise.all(root.map((path) => readFileAtMost(path, maxMetadataBytes)));
  const targetsFile = targets === undefined ? null : await readFileAtMost(targets, maxMetadataBytes);
  for (const path of blob) {
    const bytes = await readFileAtMost(path, maxBlobBytes);
    await uploadBlob(access, sha256Hex(bytes), bytes);
  }
  return callServer(access, 'POST', '/v1/commits', {
    ...(roots.length === 0 ? {} : { roots: sortRoots(root, roots).map(encodeBase64) }),
    ...(targetsFile === null ? {} : { targets: encodeBase64(targetsFile) }),
  });
}

/** By the version in their names, `N.root.json`; the server checks what stands inside. */
function sortRoots(paths: readonly string[], files: readonly Uint8Array[]): Uint8Array[] {
  const versionOf = (path: string): number => Number(/(\d+)\.root\.json$/.exec(path)?.[1] ?? 0);
  return paths
    .map((path, i) => ({ version: versionOf(path), bytes: files[i] ?? new Uint8Array() }))
    .sort((a, b) => a.version - b.version)
    .map(({ bytes }) => bytes);
}
