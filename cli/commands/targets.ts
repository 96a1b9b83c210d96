import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { writeFileAtomic } from '../../base/files.js';
import {
  loadListedKeys,
  loadMetadataFile,
  loadNewest,
  metadataPath,
  requireNewest,
  saveMetadataFile,
} from '../../builder/ceremony/ceremony.js';
import { loadPublicKey } from '../../builder/ceremony/public-key-file.js';
import {
  delegateFeature,
  draftTargets,
  evictKeys,
  keptEpochs,
  missingTargetsSignatures,
  setKeysJson,
  signTargets,
} from '../../builder/ceremony/targets.js';
import { BuilderError } from '../../builder/error.js';
import { loadKeyFile } from '../../keys/keyfile.js';
import { keysJsonPath } from '../../keys/keys-json.js';
import type { SignedMetadata } from '../../keys/metadata.js';
import type { RootRole, TargetsRole } from '../../keys/roles.js';
import { signerOf } from '../../keys/signing.js';
import { collect, parseCount } from '../option.js';
import { note, print, printJson } from '../output.js';
import { askPassphrase } from '../passphrase.js';

interface FolderOptions {
  readonly dir: string;
  readonly root?: string;
  readonly reopen?: true;
  readonly json?: true;
}

interface DelegateOptions extends FolderOptions {
  readonly key: string[];
  readonly threshold: number;
  readonly replace?: true;
}

interface KeysOptions extends FolderOptions {
  readonly licenseKey: string[];
  readonly distributionKey: string[];
}

export function registerTargets(program: Command): void {
  const targets = program.command('targets').description('give features to release keys, offline');
  const edits = (command: Command): Command =>
    command
      .option('--dir <dir>', 'the folder of the ceremony, with N.root.json and N.targets.json', '.')
      .option('--root <file>', 'the root that lists the targets keys (the newest of --dir)')
      .option('--reopen', 'change a file that is not fully signed, dropping its signatures')
      .option('--json', 'report as JSON');
  edits(
    targets
      .command('delegate')
      .description('let release keys sign the packs of a feature')
      .argument('<feature>')
      .requiredOption('--key <file>', 'public release key; may be given several times', collect, [])
      .option('--threshold <n>', 'signatures that the feature needs', parseCount, 1)
      .option('--replace', 'the feature is delegated already: give it to these keys instead'),
  ).action((feature: string, options: DelegateOptions) => delegateAction(feature, options));
  edits(
    targets
      .command('evict')
      .description('a release key was stolen: other keys, and an epoch in which nothing counts that it signed')
      .argument('<feature>')
      .requiredOption('--key <file>', 'new public release key; may be given several times', collect, [])
      .option('--threshold <n>', 'signatures that the feature needs', parseCount, 1),
  ).action((feature: string, options: DelegateOptions) => evictAction(feature, options));
  edits(
    targets
      .command('keys')
      .description("write keys.json with the server's license and distribution keys")
      .requiredOption('--license-key <file>', 'license key, or public-keys.json; repeatable', collect, [])
      .requiredOption('--distribution-key <file>', 'distribution key, or public-keys.json; repeatable', collect, []),
  ).action((options: KeysOptions) => keysAction(options));
  edits(targets.command('renew').description('the next version with the same content, 90 days from now')).action(
    (options: FolderOptions) => edit(options, (signed) => Promise.resolve(signed)),
  );
  targets
    .command('sign')
    .description('add a signature to N.targets.json and say how many are missing')
    .argument('<file>')
    .requiredOption('--key <file>', 'secret targets key')
    .option('--root <file>', 'the root that lists the targets keys (the newest beside the file)')
    .option('--json', 'report as JSON')
    .action(signAction);
}

async function delegateAction(feature: string, options: DelegateOptions): Promise<void> {
  const keys = await Promise.all(options.key.map((file) => loadPublicKey(file, 'ed25519')));
  const policy = { keys, threshold: options.threshold };
  await edit(options, (signed) =>
    Promise.resolve(delegateFeature(signed, feature, policy, { replace: options.replace === true })),
  );
}

async function evictAction(feature: string, options: DelegateOptions): Promise<void> {
  const keys = await Promise.all(options.key.map((file) => loadPublicKey(file, 'ed25519')));
  const policy = { keys, threshold: options.threshold };
  await edit(options, async (signed) => {
    const listed = await loadListedKeys(options.dir, signed);
    if (listed === null)
      throw new BuilderError('keys-document', 'targets: expected it to list keys.json, got no such target', {
        hint: 'add it with yms targets keys',
      });
    const evicted = evictKeys(signed, listed, feature, policy);
    await writeFileAtomic(join(options.dir, keysJsonPath), evicted.keysJson);
    note(`${feature}: epoch ${evicted.epoch}; releases of earlier epochs count no more once this is committed`);
    return evicted.signed;
  });
}

async function keysAction(options: KeysOptions): Promise<void> {
  const licenseKeys = await Promise.all(options.licenseKey.map((file) => loadPublicKey(file, 'ed25519', 'license')));
  const distributionKeys = await Promise.all(
    options.distributionKey.map((file) => loadPublicKey(file, 'x25519', 'distribution')),
  );
  await edit(options, async (signed) => {
    const epochs = keptEpochs(signed, await loadListedKeys(options.dir, signed));
    const set = setKeysJson(signed, { licenseKeys, distributionKeys, epochs });
    await writeFileAtomic(join(options.dir, keysJsonPath), set.keysJson);
    return set.signed;
  });
}

/** Works on the unsigned newest file of the folder, or on the successor of a signed one. */
async function edit(options: FolderOptions, change: (signed: TargetsRole) => Promise<TargetsRole>): Promise<void> {
  const root = await rootOf(options.dir, options.root);
  const newest = await loadNewest('targets', options.dir);
  const draft = draftTargets(newest?.metadata ?? null, root, { reopen: options.reopen === true, clock: systemClock });
  const metadata = { signed: await change(draft.signed), signatures: [] };
  const file = metadataPath(options.dir, metadata);
  await saveMetadataFile(file, metadata);
  report(file, metadata, root, options.json);
}

async function rootOf(dir: string, given: string | undefined): Promise<RootRole> {
  const file = given === undefined ? await requireNewest('root', dir) : await loadMetadataFile('root', given);
  return file.metadata.signed;
}

async function signAction(file: string, options: { key: string; root?: string; json?: true }): Promise<void> {
  const root = await rootOf(dirname(file), options.root);
  const { metadata } = await loadMetadataFile('targets', file);
  const signer = signerOf(await loadKeyFile(options.key, () => askPassphrase(options.key)));
  const signed = signTargets(metadata, root, signer);
  await saveMetadataFile(file, signed);
  report(file, signed, root, options.json);
}

function report(file: string, metadata: SignedMetadata<TargetsRole>, root: RootRole, json?: true): void {
  const { version, expires, delegations } = metadata.signed;
  const missing = missingTargetsSignatures(metadata, root);
  const features = (delegations?.roles ?? []).map(({ name, threshold, keyids }) => ({ name, threshold, keyids }));
  if (json) {
    printJson({ file, version, expires, features, signatures: missing });
    return;
  }
  print(`${file}: targets ${version}, expires ${expires}`);
  for (const { name, threshold, keyids } of features) print(`  ${name}: ${threshold} of ${keyids.length} release keys`);
  const still = missing.missing > 0 ? `, ${missing.missing} missing` : '';
  print(`  ${missing.valid} of ${missing.threshold} signatures${still}`);
}
