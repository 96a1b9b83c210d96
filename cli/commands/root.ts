import { dirname, join } from 'node:path';
import { type Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { loadMetadataFile, metadataPath, saveMetadataFile } from '../../builder/ceremony/ceremony.js';
import { loadPublicKey, type ServerKeyName } from '../../builder/ceremony/public-key-file.js';
import {
  type MissingSignatures,
  missingRootSignatures,
  newRoot,
  type RootPlan,
  signRoot,
} from '../../builder/ceremony/root.js';
import { loadKeyFile } from '../../keys/keyfile.js';
import type { RolePolicy } from '../../keys/metadata.js';
import type { RootRole } from '../../keys/roles.js';
import { signerOf } from '../../keys/signing.js';
import { stat } from 'node:fs/promises';
import { BuilderError } from '../../builder/error.js';
import { parseCount } from '../option.js';
import { print, printJson } from '../output.js';
import { askPassphrase } from '../passphrase.js';

interface NewOptions {
  readonly rootKey?: string[];
  readonly targetsKey?: string[];
  readonly snapshotKey?: string;
  readonly timestampKey?: string;
  readonly threshold?: number;
  readonly previous?: string;
  readonly dir: string;
  readonly json?: true;
}

interface SignOptions {
  readonly key: string;
  readonly previous?: string;
  readonly json?: true;
}

export function registerRoot(program: Command): void {
  const root = program.command('root').description('make and sign the root of trust, offline');
  root
    .command('new')
    .description('write an unsigned N.root.json: the first one, or the successor of --previous')
    .option('--root-key <file...>', 'public keys of root')
    .option('--targets-key <file...>', 'public keys of targets')
    .option('--snapshot-key <file>', "snapshot key, or the server's public-keys.json")
    .option('--timestamp-key <file>', "timestamp key, or the server's public-keys.json")
    .option('--threshold <n>', 'signatures that root and targets need (2 for a first root)', parseCount)
    .option('--previous <file>', 'the root that this one follows; what is not given stays as it is there')
    .option('--dir <dir>', 'where the file is written', '.')
    .option('--json', 'report as JSON')
    .action(newAction);
  root
    .command('sign')
    .description('add a signature to N.root.json and say how many are missing')
    .argument('<file>')
    .requiredOption('--key <file>', 'secret key of root (of the old or the new one)')
    .option('--previous <file>', 'the root before this one, when it does not lie beside it')
    .option('--json', 'report as JSON')
    .action(signAction);
}

async function newAction(options: NewOptions): Promise<void> {
  const previous =
    options.previous === undefined ? null : (await loadMetadataFile('root', options.previous)).metadata.signed;
  const metadata = newRoot(await planOf(options, previous), previous, systemClock);
  const file = metadataPath(options.dir, metadata);
  if ((await stat(file).catch(() => null)) !== null)
    throw new BuilderError('metadata-signed', `${file}: expected no such file yet, got one`, {
      hint: 'a root may carry signatures already; move it away to start again',
    });
  await saveMetadataFile(file, metadata);
  report(file, metadata.signed, missingRootSignatures(metadata, previous), options.json);
}

async function planOf(options: NewOptions, previous: RootRole | null): Promise<RootPlan> {
  const quorum = async (role: 'root' | 'targets', files: string[] | undefined): Promise<RolePolicy | undefined> => {
    if (!files) return undefined;
    const keys = await Promise.all(files.map((file) => loadPublicKey(file, 'ed25519')));
    return { keys, threshold: options.threshold ?? previous?.roles[role].threshold ?? 2 };
  };
  const online = async (name: ServerKeyName, file: string | undefined): Promise<RolePolicy | undefined> =>
    file === undefined ? undefined : { keys: [await loadPublicKey(file, 'ed25519', name)], threshold: 1 };
  const [root, targets] = [await quorum('root', options.rootKey), await quorum('targets', options.targetsKey)];
  const snapshot = await online('snapshot', options.snapshotKey);
  const timestamp = await online('timestamp', options.timestampKey);
  return {
    ...(root && { root }),
    ...(targets && { targets }),
    ...(snapshot && { snapshot }),
    ...(timestamp && { timestamp }),
  };
}

async function signAction(file: string, options: SignOptions): Promise<void> {
  const { metadata } = await loadMetadataFile('root', file);
  const previous = await previousOf(file, metadata.signed.version, options.previous);
  const signer = signerOf(await loadKeyFile(options.key, () => askPassphrase(options.key)));
  const signed = signRoot(metadata, previous, signer);
  await saveMetadataFile(file, signed);
  report(file, signed.signed, missingRootSignatures(signed, previous), options.json);
}

async function previousOf(file: string, version: number, given: string | undefined): Promise<RootRole | null> {
  if (version === 1) return null;
  if (given !== undefined) return (await loadMetadataFile('root', given)).metadata.signed;
  const beside = join(dirname(file), `${version - 1}.root.json`);
  if ((await stat(beside).catch(() => null)) === null) return null;
  return (await loadMetadataFile('root', beside)).metadata.signed;
}

function report(file: string, { version, expires }: RootRole, missing: MissingSignatures[], json?: true): void {
  if (json) {
    printJson({ file, version, expires, signatures: missing });
    return;
  }
  print(`${file}: root ${version}, expires ${expires}`);
  for (const { under, valid, threshold, missing: count } of missing)
    print(`  ${under} keys: ${valid} of ${threshold} signatures${count > 0 ? `, ${count} missing` : ''}`);
}
