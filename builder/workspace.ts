import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../base/clock.js';
import { CodedError, systemCode } from '../base/error.js';
import { readFileAtMost, unwritable, writeFileAtomic } from '../base/files.js';
import type { SecretKey } from '../keys/key.js';
import { encodePublicKeyFile, loadPublicKeyFile, type NamedPublicKey, saveKeyFile } from '../keys/keyfile.js';
import { parseMetadata } from '../keys/metadata.js';
import type { RootRole } from '../keys/roles.js';
import { verifySelfSigned } from '../keys/root.js';
import { newSigningKey } from '../keys/signing.js';
import { configFileName } from './config/config.js';
import { maxMetadataBytes } from './ceremony/ceremony.js';
import { BuilderError } from './error.js';
import { requireFeatureName } from './ceremony/targets.js';

/** A publisher's folder: `yms.yaml`, `secrets/` (release keys), `trust/` (root and what was seen), `out/` (packs). */
export interface Workspace {
  readonly folder: string;
  readonly configPath: string;
  readonly secrets: string;
  readonly out: string;
  readonly trust: string;
}

export function workspaceAt(configPath: string): Workspace {
  const folder = resolve(dirname(configPath));
  return {
    folder,
    configPath: resolve(configPath),
    secrets: join(folder, 'secrets'),
    out: join(folder, 'out'),
    trust: join(folder, 'trust'),
  };
}

export interface InitPlan {
  readonly folder: string;
  /** The root that people carried here, already compared with what they were told. */
  readonly rootBytes: Uint8Array;
  readonly features: readonly string[];
  readonly server: string | null;
  /** Null leaves the release keys unsealed. */
  readonly passphrase: string | null;
  readonly clock: Clock;
}

/**
 * Makes a workspace, whole or not at all: what an init that fails half-way has written is taken away again. A
 * `yms.yaml` that is there (of a cloned rule repository, say) is kept as it is.
 *
 * @throws BuilderError `workspace-exists`, `name-invalid`, `root-untrusted`; BaseError `disk-full`, `file-unwritable`
 */
export async function initWorkspace(plan: InitPlan): Promise<{ workspace: Workspace; keys: NamedPublicKey[] }> {
  const workspace = workspaceAt(join(plan.folder, configFileName));
  for (const feature of plan.features) requireFeatureName(feature);
  if (new Set(plan.features).size !== plan.features.length)
    throw new BuilderError('name-invalid', 'feature: expected each name once, got one twice');
  parseTrustedRoot(plan.rootBytes, 'root');
  const { configPath, secrets, out, trust } = workspace;
  for (const path of [secrets, trust, out])
    if (await exists(path)) throw workspaceExists(path, await exists(join(trust, 'root.json')));
  const ignore = join(workspace.folder, '.gitignore');
  const hasConfig = await exists(configPath);
  const hasIgnore = await exists(ignore);
  const keys: NamedPublicKey[] = [];
  try {
    await mkdir(plan.folder, { recursive: true });
    await mkdir(secrets, { mode: 0o700 });
    await mkdir(out);
    for (const feature of plan.features) keys.push(await saveNewKey(secrets, feature, newSigningKey(), plan));
    if (!hasIgnore) await writeFileAtomic(ignore, 'secrets/\nout/\n');
    if (!hasConfig) await writeFileAtomic(configPath, starterConfig(plan.features, plan.server));
    await writeFileAtomic(join(trust, 'root.json'), plan.rootBytes); // the last one: with it the workspace is whole
  } catch (cause) {
    const made = [secrets, trust, out, ...(hasConfig ? [] : [configPath]), ...(hasIgnore ? [] : [ignore])];
    for (const path of made) await rm(path, { recursive: true, force: true });
    if (cause instanceof CodedError || systemCode(cause) === undefined) throw cause;
    throw unwritable(plan.folder, cause);
  }
  return { workspace, keys };
}

function workspaceExists(path: string, isWhole: boolean): BuilderError {
  const got = isWhole ? 'a workspace' : 'what an interrupted init left';
  const hint = isWhole ? 'use another folder; nothing was changed' : 'look at it, take it away, and run yms init again';
  return new BuilderError('workspace-exists', `${path}: expected nothing there yet, got ${got}`, { hint });
}

/** `NAME.key` (mode 0600) and its public half `NAME.pub`; an existing file is never replaced. */
export async function saveNewKey(
  folder: string,
  name: string,
  key: SecretKey,
  options: { readonly passphrase: string | null; readonly clock: Clock },
): Promise<NamedPublicKey> {
  for (const path of [join(folder, `${name}.key`), join(folder, `${name}.pub`)])
    if (await exists(path))
      throw new BuilderError('key-exists', `${path}: expected no such file yet, got one`, {
        hint: 'a key is never overwritten; choose another name',
      });
  const label = { name, createdAt: options.clock.now() };
  await saveKeyFile(join(folder, `${name}.key`), key, { ...label, passphrase: options.passphrase });
  await writeFileAtomic(join(folder, `${name}.pub`), encodePublicKeyFile(key.publicKey, label));
  return await loadPublicKeyFile(join(folder, `${name}.pub`));
}

function starterConfig(features: readonly string[], server: string | null): string {
  const lines = ['# What this workspace builds and publishes. Every key: docs/yms-yaml.md', ''];
  lines.push(server === null ? '# server: https://rules.example.org' : `server: ${server}`, '', 'packs:');
  for (const feature of features)
    lines.push(`  ${feature}:`, `    feature: ${feature}`, '    sources:', `      - rules/${feature}`);
  return `${lines.join('\n')}\n`;
}

/** @throws BuilderError `workspace-missing` */
export async function loadTrustedRoot(workspace: Workspace): Promise<RootRole> {
  const path = join(workspace.trust, 'root.json');
  try {
    return parseTrustedRoot(await readFileAtMost(path, maxMetadataBytes), path);
  } catch (cause) {
    throw new BuilderError('workspace-missing', `${path}: expected the trusted root, got ${(cause as Error).message}`, {
      cause,
      hint: 'make a workspace with yms init --root FILE',
    });
  }
}

/** A root document that at least stands by itself. @throws BuilderError `root-untrusted` */
export function parseTrustedRoot(bytes: Uint8Array, subject: string): RootRole {
  try {
    return verifySelfSigned(parseMetadata('root', bytes, subject));
  } catch (cause) {
    throw new BuilderError(
      'root-untrusted',
      `${subject}: expected a root signed by its quorum, got ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

export interface KeyFileEntry extends NamedPublicKey {
  readonly path: string;
}

/** The secret key files of a folder, by name; their public halves need no passphrase. */
export async function listKeyFiles(folder: string): Promise<KeyFileEntry[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw cause;
  }
  const paths = names.filter((name) => name.endsWith('.key')).sort();
  return await Promise.all(
    paths.map(async (name) => ({ path: join(folder, name), ...(await loadPublicKeyFile(join(folder, name))) })),
  );
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
