#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { CodedError } from '../base/error.js';
import { unwritable } from '../base/files.js';
import { productVersion } from '../base/version.js';
import { exitCodes, formatError } from './output.js';

type Register = (program: Command) => void;

/** One file a command; only the one that is called is loaded, so that each starts as fast as it can. */
const commands: Readonly<Record<string, () => Promise<Register>>> = {
  root: async () => (await import('./commands/root.js')).registerRoot,
  targets: async () => (await import('./commands/targets.js')).registerTargets,
  init: async () => (await import('./commands/init.js')).registerInit,
  keys: async () => (await import('./commands/keys.js')).registerKeys,
  lint: async () => (await import('./commands/lint.js')).registerLint,
  test: async () => (await import('./commands/test.js')).registerTest,
  build: async () => (await import('./commands/build.js')).registerBuild,
  encrypt: async () => (await import('./commands/encrypt.js')).registerEncrypt,
  inspect: async () => (await import('./commands/inspect.js')).registerInspect,
  verify: async () => (await import('./commands/verify.js')).registerVerify,
  unpack: async () => (await import('./commands/unpack.js')).registerUnpack,
  publish: async () => (await import('./commands/publish.js')).registerPublish,
  serve: async () => (await import('./commands/serve.js')).registerServe,
  admin: async () => (await import('./commands/admin.js')).registerAdmin,
  activate: async () => (await import('./commands/activate.js')).registerActivate,
  update: async () => (await import('./commands/update.js')).registerUpdate,
  status: async () => (await import('./commands/status.js')).registerStatus,
  merge: async () => (await import('./commands/merge.js')).registerMerge,
  rules: async () => (await import('./commands/rules.js')).registerRules,
  bundle: async () => (await import('./commands/bundle.js')).registerBundle,
  mirror: async () => (await import('./commands/mirror.js')).registerMirror,
  scan: async () => (await import('./commands/scan.js')).registerScan,
  triage: async () => (await import('./commands/triage.js')).registerTriage,
};

const overview = `
Examples:
  yms root new …, yms root sign …      the offline ceremony; see docs/ceremony.md
  yms build && yms publish             compile the packs of yms.yaml, sign and upload them
  yms serve --dir DIR                  the distribution server
  yms activate --server URL --key KEY  take a seat on this endpoint
  yms update && yms status             fetch, verify and switch to the newest packs
  yms bundle import FILE               the same without a network
  yms scan --sigma PATH…               apply the rules to event logs`;

async function main(args: readonly string[]): Promise<number> {
  const program = new Command('yms')
    .description('Seal detection rules into encrypted, signed packs, deliver them, and apply them on endpoints')
    .version(productVersion)
    .addHelpText('after', overview)
    .showHelpAfterError('yms: hint: add --help for the usage')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'yms: error: ')) })
    .exitOverride();
  for (const load of toLoad(args[0])) (await load())(program);
  for (const command of program.commands) inherit(command, program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : exitCodes.fine;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    process.stderr.write(formatError(error));
    return error instanceof CodedError && error.code === 'usage' ? exitCodes.usage : exitCodes.failed;
  }
}

/** The command that is called; all of them for help and for what is none; none for the version alone. */
function toLoad(first: string | undefined): readonly (() => Promise<Register>)[] {
  if (first === '--version' || first === '-V') return [];
  const called = first !== undefined && Object.hasOwn(commands, first) ? commands[first] : undefined;
  return called ? [called] : Object.values(commands);
}

/** Commander copies these settings only to commands made by `program.command`, and only at that moment. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
}

/**
 * Results that cannot be written end the command. A reader that goes away (`yms rules list | head`) is no failure of ours: what
 * has been found until then decides.
 */
function endOfOutput(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCodes.fine);
  process.stderr.write(formatError(unwritable('standard output', error)));
  process.exit(exitCodes.failed);
}

function fail(error: unknown): never {
  process.stderr.write(formatError(error));
  process.exit(exitCodes.failed);
}

process.stdout.on('error', endOfOutput);
process.stderr.on('error', () => undefined); // nobody is left to tell
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

process.exitCode = await main(process.argv.slice(2));
