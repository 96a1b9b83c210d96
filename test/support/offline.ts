import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack, type Header } from 'tar-stream';
import { expect } from 'vitest';
import { encodeBase64, utf8 } from '../../base/bytes.js';
import { formatSeconds } from '../../base/clock.js';
import { parsePublicKey } from '../../keys/key.js';
import { sealTo } from '../../keys/sealing.js';
import { signEnvelope, signerOf } from '../../keys/signing.js';
import {
  activationPayloadType,
  encodeActivation,
  type OfflineActivation,
  parseActivationRequest,
} from '../../packs/activation.js';
import type { RepositorySource } from '../../scanner/follow/fetcher.js';
import { consistentName } from '../../scanner/follow/fetcher.js';
import { loadMetadata } from '../../scanner/follow/metadata-folder.js';
import { Bundle } from '../../scanner/offline/bundle.js';
import { collectRepository } from '../../scanner/offline/collect.js';
import { exportBundle, type ExportReport, writeAnswer } from '../../scanner/offline/export-bundle.js';
import type { Endpoint } from '../../scanner/update/update.js';
import type { TestDistribution, TestLicense } from './distribution.js';
import type { TestRepository } from './repository.js';

/** A repository without a server in between. */
export function sourceOf(repository: TestRepository): RepositorySource {
  return {
    metadata: (name) => Promise.resolve(repository.files.get(`metadata/${name}`) ?? null),
    target: ({ path, sha256 }) => {
      const bytes = repository.files.get(`targets/${consistentName(path, sha256)}`);
      return bytes ? Promise.resolve(bytes) : Promise.reject(new Error(`no target ${path}`));
    },
  };
}

/** A folder for files that people carry. */
export async function newStick(): Promise<{ at: (name: string) => string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'yms-stick-'));
  return { at: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What `yms bundle export` does, for every host of a license. */
export async function exportAll(
  distribution: TestDistribution,
  license: TestLicense,
  path: string,
): Promise<ExportReport> {
  const { repository } = distribution;
  return exportBundle(path, {
    source: sourceOf(repository),
    pack: (target) => sourceOf(repository).target(target),
    firstTrust: null,
    now: repository.clock.now(),
    issue: () =>
      Promise.resolve(
        license.hosts.map((host) => ({
          hostId: host.id,
          keyid: host.key.keyid,
          envelope: distribution.issue(license, host),
        })),
      ),
  });
}

/** What a server and `yms admin activate` do with a request. */
export async function answerRequest(
  distribution: TestDistribution,
  license: TestLicense,
  request: Uint8Array,
  path: string,
  alter: (activation: OfflineActivation) => OfflineActivation = (activation) => activation,
): Promise<void> {
  const { repository } = distribution;
  const { hostKey, nonce } = parseActivationRequest(request);
  const key = parsePublicKey(hostKey);
  let host = license.hosts.find((candidate) => candidate.key.keyid === key.keyid);
  if (!host) {
    const id = `hst_${license.id}_${license.hosts.length + 1}`;
    host = { id, key, token: `token-${id}`, serial: 0, issued: null };
    license.hosts.push(host);
  }
  const activation = alter({
    document: encodeBase64(distribution.issue(license, host)),
    host: { id: host.id, keyid: key.keyid },
    issuedAt: formatSeconds(repository.clock.now()),
    license: license.id,
    nonce,
    sealedToken: encodeBase64(sealTo(key, utf8(host.token))),
  });
  const envelope = signEnvelope(activationPayloadType, encodeActivation(activation), [signerOf(repository.licenseKey)]);
  const collected = await collectRepository(sourceOf(repository), [], repository.clock.now(), null);
  await writeAnswer(path, key.keyid, envelope, collected);
}

export type TarEntry = Partial<Header> & {
  readonly name: string;
  readonly body?: Uint8Array | string;
  /** Records of an extension in front of the entry. */
  readonly pax?: Readonly<Record<string, string>>;
};

/** A tar as anybody may write one. */
export async function writeTar(path: string, entries: readonly TarEntry[]): Promise<void> {
  const tar = pack();
  for (const { body = '', ...header } of entries)
    tar.entry({ mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file', ...header }, Buffer.from(body));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  await writeFile(path, Buffer.concat(chunks));
}

/** The entries of a bundle, to write them again with a change. */
export async function readTar(path: string): Promise<TarEntry[]> {
  const bundle = await Bundle.open(path);
  try {
    const entries: TarEntry[] = [];
    for (const name of bundle.names()) entries.push({ name, body: (await bundle.read(name)) ?? '' });
    return entries;
  } finally {
    await bundle.close();
  }
}

/**
 * Every file of the state as one hash a file, but the note of the last update, and the metadata, which is kept as soon as
 * it was verified, whatever is refused after it.
 */
export async function stateOf({ home }: Endpoint): Promise<Record<string, string>> {
  const files = await readdir(home.path, { recursive: true, withFileTypes: true });
  const state: Record<string, string> = {};
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && path !== home.report && file.parentPath !== home.metadata)
      state[path.slice(home.path.length)] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
  }
  return state;
}

/** The version of each metadata file that an endpoint keeps; a refusal never lowers one. */
export async function keptVersions({ home }: Endpoint): Promise<Record<string, number>> {
  const versions: Record<string, number> = {};
  for (const [role, bytes] of await loadMetadata(home)) {
    const { signed } = JSON.parse(Buffer.from(bytes).toString()) as { signed?: { version: number } };
    if (signed) versions[role] = signed.version;
  }
  return versions;
}

export function expectNoneLower(after: Record<string, number>, before: Record<string, number>): void {
  for (const [role, version] of Object.entries(before)) expect(after[role], role).toBeGreaterThanOrEqual(version);
}
