import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../base/clock.js';
import { BuilderError } from '../../builder/error.js';
import { keyKinds, newKeyOf, nextKeyName, requireKeyName } from '../../builder/ceremony/key-names.js';
import { listKeyFiles, saveNewKey } from '../../builder/workspace.js';
import { encodePublicKey } from '../../keys/key.js';
import { loadPublicKeyFile, type NamedPublicKey } from '../../keys/keyfile.js';
import { print, printJson, table } from '../output.js';
import { askNewPassphrase } from '../passphrase.js';

interface KeyOptions {
  readonly dir: string;
  readonly passphrase: boolean;
  readonly json?: true;
}

export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('make and list key files');
  keys
    .command('new')
    .description('make NAME.key (secret) and NAME.pub')
    .argument('<name>')
    .requiredOption('--kind <kind>', `what it is for: ${Object.keys(keyKinds).join(', ')}`, parseKind)
    .option('--dir <dir>', 'where the files are written', '.')
    .option('--no-passphrase', 'leave the secret unsealed')
    .option('--json', 'report as JSON')
    .action(newAction);
  keys
    .command('list')
    .description('the secret keys of a folder')
    .option('--dir <dir>', 'the folder', 'secrets')
    .option('--json', 'report as JSON')
    .action(listAction);
  keys
    .command('show')
    .description('the public half of a key file; asks for no passphrase')
    .argument('<file>')
    .option('--json', 'report as JSON')
    .action(showAction);
  keys
    .command('rotate')
    .description('make a successor of NAME.key beside it; the old key stays until targets delegates to the new one')
    .argument('<name>')
    .option('--dir <dir>', 'the folder', 'secrets')
    .option('--no-passphrase', 'leave the secret unsealed')
    .option('--json', 'report as JSON')
    .action(rotateAction);
}

function parseKind(kind: string): string {
  if (!Object.hasOwn(keyKinds, kind))
    throw new InvalidArgumentError(`expected one of ${Object.keys(keyKinds).join(', ')}, got "${kind}"`);
  return kind;
}

async function newAction(name: string, options: KeyOptions & { kind: keyof typeof keyKinds }): Promise<void> {
  requireKeyName(name);
  const passphrase = options.passphrase ? await askNewPassphrase(`new key ${name}`) : null;
  const key = newKeyOf(keyKinds[options.kind]);
  report(await saveNewKey(options.dir, name, key, { passphrase, clock: systemClock }), options);
}

async function listAction(options: { dir: string; json?: true }): Promise<void> {
  const found = await listKeyFiles(options.dir);
  if (options.json) {
    printJson(found.map(({ path, ...named }) => ({ file: path, ...described(named) })));
    return;
  }
  if (found.length > 0) print(table(found.map(({ path, key, createdAt }) => [path, key.kind, key.keyid, createdAt])));
}

async function showAction(file: string, options: { json?: true }): Promise<void> {
  const named = await loadPublicKeyFile(file);
  if (options.json) printJson(described(named));
  else print(table(Object.entries(described(named))));
}

async function rotateAction(name: string, options: KeyOptions): Promise<void> {
  const old = (await listKeyFiles(options.dir)).find(({ path }) => path === join(options.dir, `${name}.key`));
  if (!old) throw new BuilderError('key-missing', `${options.dir}: expected a key ${name}.key, got none`);
  const next = nextKeyName(
    name,
    (await listKeyFiles(options.dir)).map(({ name: taken }) => taken),
  );
  const passphrase = options.passphrase ? await askNewPassphrase(`new key ${next}`) : null;
  report(await saveNewKey(options.dir, next, newKeyOf(old.key.kind), { passphrase, clock: systemClock }), options);
}

function described({ key, name, createdAt }: NamedPublicKey): Record<string, string> {
  return { name, kind: key.kind, keyid: key.keyid, public: encodePublicKey(key).keyval.public, createdAt };
}

function report(named: NamedPublicKey, { dir, json }: KeyOptions): void {
  const files = { secret: join(dir, `${named.name}.key`), public: join(dir, `${named.name}.pub`) };
  if (json) printJson({ ...described(named), files });
  else print(`${files.secret} (secret)\n${files.public}\nkeyid ${named.key.keyid}`);
}
