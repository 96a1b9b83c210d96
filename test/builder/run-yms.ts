import { execFile } from 'node:child_process';
import { Command, CommanderError } from 'commander';
import { CodedError } from '../../base/error.js';
import { registerAdmin } from '../../cli/commands/admin.js';
import { registerBuild } from '../../cli/commands/build.js';
import { registerEncrypt } from '../../cli/commands/encrypt.js';
import { registerInit } from '../../cli/commands/init.js';
import { registerInspect } from '../../cli/commands/inspect.js';
import { registerKeys } from '../../cli/commands/keys.js';
import { registerLint } from '../../cli/commands/lint.js';
import { registerPublish } from '../../cli/commands/publish.js';
import { registerRoot } from '../../cli/commands/root.js';
import { registerServe } from '../../cli/commands/serve.js';
import { registerTargets } from '../../cli/commands/targets.js';
import { registerUnpack } from '../../cli/commands/unpack.js';
import { registerVerify } from '../../cli/commands/verify.js';
import { formatError } from '../../cli/output.js';
import { ymsProgram } from '../support/program.js';

const ours = ['YMS_PASSPHRASE', 'YMS_TOKEN', 'SOURCE_DATE_EPOCH'];

export type Environment = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(env: Environment): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.includes(name))), ...env };
}

/** Runs `yms` as a process in `cwd`, without a terminal. */
export function spawnYms(cwd: string, args: readonly string[], env: Environment = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [ymsProgram, ...args],
      { cwd, env: environment(env), maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: child.exitCode ?? (error ? -1 : 0), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** Runs a publisher's command in this process, as `cli/main` does: a second faster than {@link spawnYms}. */
export async function runYms(cwd: string, args: readonly string[], env: Environment = {}): Promise<Ended> {
  const program = new Command('yms').exitOverride();
  const registers = [registerRoot, registerTargets, registerInit, registerKeys, registerLint, registerBuild];
  for (const register of [
    ...registers,
    registerPublish,
    registerInspect,
    registerVerify,
    registerUnpack,
    registerEncrypt,
    registerServe,
    registerAdmin,
  ])
    register(program);
  const before = { cwd: process.cwd(), env: process.env, exitCode: process.exitCode };
  const written = { stdout: '', stderr: '' };
  const restore = [captureWrites('stdout', written), captureWrites('stderr', written)];
  process.chdir(cwd);
  process.env = environment(env);
  process.exitCode = undefined;
  let code: number;
  try {
    await program.parseAsync(args, { from: 'user' });
    code = exitCodeNow();
  } catch (error) {
    const usage = error instanceof CommanderError || (error instanceof CodedError && error.code === 'usage');
    code = usage ? 2 : 1;
    if (!(error instanceof CommanderError)) written.stderr += formatError(error);
  } finally {
    for (const undo of restore) undo();
    process.chdir(before.cwd);
    process.env = before.env;
    process.exitCode = before.exitCode;
  }
  return { code, ...written };
}

function exitCodeNow(): number {
  return typeof process.exitCode === 'number' ? process.exitCode : 0;
}

function captureWrites(name: 'stdout' | 'stderr', written: Record<'stdout' | 'stderr', string>): () => void {
  const stream = process[name];
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array): boolean => {
    written[name] += String(chunk);
    return true;
  };
  return () => {
    stream.write = write;
  };
}

/** A command that must end well; its standard output. */
export async function yms(cwd: string, args: readonly string[], env: Environment = {}): Promise<string> {
  const { code, stdout, stderr } = await runYms(cwd, args, env);
  if (code !== 0) throw new Error(`yms ${args.join(' ')}: expected exit 0, got ${code}\n${stderr}`);
  return stdout;
}
