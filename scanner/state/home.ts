import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { utf8 } from '../../base/bytes.js';
import { CodedError } from '../../base/error.js';
import { readFileIfPresent, removeTemporaryFiles, writeFileAtomic } from '../../base/files.js';
import { withLock } from '../../base/lock.js';
import { canonicalJson, parseJson } from '../../base/json.js';
import { ScannerError } from '../error.js';

/** The state folder of an endpoint (docs/endpoint.md): absolute paths of what is in it. */
export interface Home {
  readonly path: string;
  readonly lock: string;
  /** Which server, license and host this is, with the host token; mode 0600. */
  readonly connection: string;
  /** What was asked for in the request file that went out last, until its answer comes back. */
  readonly activationRequest: string;
  /** The host's X25519 key; mode 0600. */
  readonly hostKey: string;
  /** Its public half, to give to whoever seals custom packs for this host. */
  readonly hostPublicKey: string;
  /** The root that people carried here. */
  readonly anchor: string;
  /** The last accepted license document. */
  readonly license: string;
  /** The pointer to the active set. */
  readonly pointer: string;
  /** What the last update came to. */
  readonly report: string;
  /** Folder of verified metadata, one file a role. */
  readonly metadata: string;
  /** Folder of packs, still encrypted, named by their SHA-256. */
  readonly packs: string;
  readonly customSignatures: string;
  readonly customSigners: string;
  /** Digests of the rules that local rules were written over. */
  readonly overrides: string;
}

/** `$YMS_HOME`, else the place that the platform keeps a service's state in. */
export function defaultHomePath(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const home = env['YMS_HOME'];
  if (home !== undefined && home !== '') return home;
  if (platform === 'win32') return join(env['ProgramData'] ?? 'C:\\ProgramData', 'yms');
  return platform === 'darwin' ? '/Library/Application Support/yms' : '/var/lib/yms';
}

export function openHome(path: string = defaultHomePath()): Home {
  const at = (name: string): string => join(resolve(path), name);
  return {
    path: resolve(path),
    lock: at('lock'),
    connection: at('endpoint.json'),
    activationRequest: at('activation-request.json'),
    hostKey: at('host.key'),
    hostPublicKey: at('host.pub'),
    anchor: at('trusted-root.json'),
    license: at('license.json'),
    pointer: at('active.json'),
    report: at('last-update.json'),
    metadata: at('metadata'),
    packs: at('packs'),
    customSignatures: at('custom-signatures'),
    customSigners: at('custom-signers.json'),
    overrides: at('overrides.json'),
  };
}

/**
 * Runs `work` as the only one that changes this state folder. Readers need no lock: every file is replaced whole.
 *
 * @throws BaseError `lock-held`, `file-unwritable`, `disk-full`
 */
export async function withHome<T>(home: Home, work: () => Promise<T>): Promise<T> {
  await mkdir(home.path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new ScannerError('state-missing', `${home.path}: expected a folder for the state, got none`, {
      cause,
      hint: 'set YMS_HOME to a folder that you may write',
    });
  });
  return withLock(home.lock, async () => {
    await removeTemporaryFiles(home.path);
    return work();
  });
}

export const stateMaxBytes = 16 * 1024 * 1024;

/**
 * A state document; null when it is not there.
 *
 * @throws ScannerError `state-malformed`
 */
export async function loadDocument<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const bytes = await readFileIfPresent(path, stateMaxBytes);
  return bytes === null ? null : parseDocument(path, schema, bytes);
}

function parseDocument<T>(path: string, schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(parseJson(bytes, path));
  } catch (cause) {
    if (!(cause instanceof CodedError) && !(cause instanceof z.ZodError)) throw cause;
    const got = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : cause.message;
    throw new ScannerError('state-malformed', `${path}: expected a state file of this version of yms, got ${got}`, {
      cause,
      place: { file: path },
    });
  }
}

/**
 * Replaces a state document. What could not be loaded again is refused before it takes the place of what can.
 *
 * @throws ScannerError `state-malformed`, and the old document stays; BaseError `disk-full`, `file-unwritable`
 */
export async function saveDocument<T>(path: string, schema: z.ZodType<T>, value: T, mode = 0o600): Promise<void> {
  const bytes = utf8(`${canonicalJson(value)}\n`);
  if (bytes.length > stateMaxBytes)
    throw new ScannerError(
      'state-malformed',
      `${path}: expected at most ${stateMaxBytes} bytes to save, got ${bytes.length}`,
    );
  parseDocument(path, schema, bytes);
  await writeFileAtomic(path, bytes, mode);
}

/** Removes everything in a folder but the named entries: what a killed command left, and what nothing points to. */
export async function keepOnly(folder: string, names: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  for (const entry of entries) {
    if (!names.has(entry)) await rm(join(folder, entry), { recursive: true, force: true }).catch(() => undefined);
  }
}
