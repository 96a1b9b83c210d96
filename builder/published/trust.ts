import { join } from 'node:path';
import { z } from 'zod';
import { decodeBase64, encodeBase64 } from '../../base/bytes.js';
import type { Clock } from '../../base/clock.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { canonicalJsonBytes, parseJson } from '../../base/json.js';
import { BuilderError } from '../error.js';
import { type RepositoryReader, type VerifiedRepository, verifyRepository } from './repository.js';
import { httpReader } from './server-client.js';
import { loadTrustedRoot, type Workspace } from '../workspace.js';

const maxSeenBytes = 64 * 1024 * 1024;
const seenSchema = z.strictObject({
  metadata: z.record(z.string(), z.string()),
  targets: z.record(z.string(), z.string()),
});

const seenPath = (workspace: Workspace): string => join(workspace.trust, 'repository.json');

/**
 * The repository as the server has it now, verified from the workspace's root, with no version lower than seen before;
 * remembered in `trust/` for the next time.
 *
 * @throws BuilderError and KeyError of {@link verifyRepository}, `workspace-missing`; BaseError `http-…`
 */
export async function fetchRepository(workspace: Workspace, server: string, clock: Clock): Promise<VerifiedRepository> {
  const trustedRoot = await loadTrustedRoot(workspace);
  const seen = await loadSeenRepository(workspace, clock);
  const files = { metadata: {}, targets: {} };
  const reader = recording(httpReader(server), files);
  const repository = await verifyRepository(reader, { trustedRoot, seen, clock });
  if (repository.published !== null) await writeFileAtomic(seenPath(workspace), canonicalJsonBytes(files));
  return repository;
}

/**
 * What a release is to be made on: the repository of the configured server, or with `offline` the one last seen.
 *
 * @throws BuilderError `server-missing` and those of {@link fetchRepository}
 */
export async function currentRepository(
  workspace: Workspace,
  server: string | null,
  options: { readonly offline: boolean; readonly clock: Clock },
): Promise<VerifiedRepository> {
  if (!options.offline) return await fetchRepository(workspace, requireServer(server), options.clock);
  const seen = await loadSeenRepository(workspace, options.clock);
  return seen ?? { root: await loadTrustedRoot(workspace), published: null };
}

/** @throws BuilderError `server-missing` */
export function requireServer(server: string | null): string {
  if (server !== null) return server;
  throw new BuilderError('server-missing', 'yms.yaml: expected a server, got none', {
    hint: 'add server: https://…, or build on what was seen last with --offline',
  });
}

/**
 * The repository as it was last seen, verified again; null before the first time.
 *
 * @throws BuilderError `workspace-damaged` and those of {@link verifyRepository}
 */
export async function loadSeenRepository(workspace: Workspace, clock: Clock): Promise<VerifiedRepository | null> {
  const bytes = await readFileIfPresent(seenPath(workspace), maxSeenBytes);
  if (bytes === null) return null;
  const files = parseSeen(bytes, seenPath(workspace));
  const trustedRoot = await loadTrustedRoot(workspace);
  return await verifyRepository(storedReader(files), { trustedRoot, seen: null, allowStale: true, clock });
}

type SeenFiles = z.infer<typeof seenSchema>;

function parseSeen(bytes: Uint8Array, path: string): SeenFiles {
  try {
    return seenSchema.parse(parseJson(bytes, path));
  } catch (cause) {
    throw new BuilderError(
      'workspace-damaged',
      `${path}: expected the repository as it was last seen, got data of another form`,
      {
        cause,
        place: { file: path },
        hint: 'restore it from a copy; without it an older repository could not be told from the newest',
      },
    );
  }
}

function recording(reader: RepositoryReader, files: SeenFiles): RepositoryReader {
  const keep =
    (folder: Record<string, string>, read: RepositoryReader['metadata']): RepositoryReader['metadata'] =>
    async (name, maxBytes) => {
      const bytes = await read(name, maxBytes);
      if (bytes !== null) folder[name] = encodeBase64(bytes);
      return bytes;
    };
  return { metadata: keep(files.metadata, reader.metadata), target: keep(files.targets, reader.target) };
}

function storedReader(files: SeenFiles): RepositoryReader {
  const read =
    (folder: Record<string, string>): RepositoryReader['metadata'] =>
    (name) => {
      const text = folder[name];
      return Promise.resolve(text === undefined ? null : decodeBase64(text, undefined, name));
    };
  return { metadata: read(files.metadata), target: read(files.targets) };
}
