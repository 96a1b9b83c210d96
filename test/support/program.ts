import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The command as `npx yms` runs it, in JavaScript: compiled before the tests by compiled.ts. */
export const ymsProgram = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** Programs of administrators stand in folders that are in nobody else's PATH. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/** The path of a program that is installed here, or null. */
export function findProgram(name: string): string | null {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/** Runs a program to its end: its status, and what it wrote to both outputs. */
export function runProgram(name: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(findProgram(name) ?? name, args, { encoding: 'utf8', timeout: 120_000 });
  return { status, output: stdout + stderr };
}

/** A program that goes on until {@link RunningProgram.stop}. */
export class RunningProgram {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when the program has written what `ready` finds. */
  static async start(name: string, args: readonly string[], ready: RegExp): Promise<RunningProgram> {
    const child = spawn(findProgram(name) ?? name, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        output += chunk.toString('utf8');
        if (ready.test(output)) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${name}: expected it to run, got ${output.slice(-2000)}`)));
    });
    return new RunningProgram(child);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}
