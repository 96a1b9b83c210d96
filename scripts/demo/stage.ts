/** What the demo stands on: the real command, run as a person would run it, and a voice that tells what happened. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `yms` and gives what came of it, whatever came. */
export function attempt({ cwd, env }: Place, ...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** Runs `yms` for its answer; anything but exit code 0 ends the demo. */
export async function yms(place: Place, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(place, ...args);
  if (exitCode !== 0)
    throw new Error(`yms ${args.join(' ')}: expected exit code 0, got ${exitCode}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** As {@link yms} with `--json`: the answer, parsed. */
export async function ymsJson<T>(place: Place, ...args: readonly string[]): Promise<T> {
  return JSON.parse(await yms(place, ...args, '--json')) as T;
}

/** Runs `yms` to see it refuse: exit code 1 and this code in its words, else the demo ends. */
export async function refused(code: string, place: Place, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(place, ...args);
  if (exitCode !== 1 || !`${stdout}${stderr}`.includes(code))
    throw new Error(
      `yms ${args.join(' ')}: expected a refusal with ${code}, got exit code ${exitCode}\n${stdout}${stderr}`,
    );
  return (
    stderr
      .trim()
      .split('\n')[0]
      ?.replace(/^yms: error: /, '') ?? ''
  );
}

/** A running `yms serve`; its first line is where it listens. */
export async function serve(
  place: Place,
  dir: string,
  listen: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const args = [command, 'serve', '--dir', dir, '--listen', listen];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: place.cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  if (!child.stdout) throw new Error('yms serve: expected an output to read, got none');
  const exit = once(child, 'exit');
  const line = once(createInterface(child.stdout), 'line');
  const first = await Promise.race([line, exit.then(() => [''])]);
  const url = /http:\/\/\S+/.exec(String(first[0]))?.[0];
  if (url === undefined) throw new Error(`yms serve: expected a line with its address, got ${String(first[0])}`);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exit;
  };
  return { url: url.replace(/\/$/, ''), stop };
}

export function chapter(title: string): void {
  console.log(`\n${title}`);
}

export function tell(text: string): void {
  console.log(`  ${text}`);
}

/** Ends the demo unless what it claims is so. */
export function claim(holds: boolean, text: string): void {
  if (!holds) throw new Error(`expected: ${text}`);
  tell(`✓ ${text}`);
}
