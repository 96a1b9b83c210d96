import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { minuteMs, secondMs, systemClock } from '../../base/clock.js';
import { CodedError } from '../../base/error.js';
import { productVersion } from '../../base/version.js';
import { connectionOf, requireActivation } from '../../scanner/license/connection.js';
import { defaultHomePath, openHome } from '../../scanner/state/home.js';
import { update, type UpdateReport } from '../../scanner/update/update.js';
import { parseCount } from '../option.js';
import { exitCodes, formatError, note, print, printJson } from '../output.js';
import { type Progress, startProgress } from '../progress.js';
import { printReport } from './update-report.js';

interface UpdateOptions {
  readonly follow?: true;
  readonly interval: number;
  readonly home: string;
  readonly json?: true;
}

/** Hosts that start together must not ask together. */
const maxJitterMs = 5 * minuteMs;

export function registerUpdate(program: Command): void {
  program
    .command('update')
    .description('fetch, verify and switch to the newest packs of the license')
    .option('--follow', 'go on, once an interval, until stopped')
    .option('--interval <seconds>', 'the time between updates with --follow', parseCount, 3600)
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON; with --follow one line an update')
    .action(updateAction);
}

async function updateAction(options: UpdateOptions): Promise<void> {
  if (options.follow) {
    await follow(options);
    return;
  }
  const report = await updateWithProgress(options.home);
  if (options.json) printJson(report);
  else printReport(report);
  if (report.packs.some(({ outcome }) => outcome === 'refused')) process.exitCode = exitCodes.failed;
}

async function updateWithProgress(home: string): Promise<UpdateReport> {
  let current: { name: string; progress: Progress } | null = null;
  try {
    return await update({
      home: openHome(home),
      clock: systemClock,
      client: productVersion,
      onProgress: (name, receivedBytes, totalBytes) => {
        if (current?.name !== name) {
          current?.progress.stop();
          current = { name, progress: startProgress(name) };
        }
        current.progress.update(receivedBytes, totalBytes);
      },
    });
  } finally {
    (current as { progress: Progress } | null)?.progress.stop();
  }
}

/** One failed update is told and does not end the loop: the next may go through. */
async function follow({ home, interval, json }: UpdateOptions): Promise<void> {
  connectionOf(await requireActivation(openHome(home)));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const intervalMs = interval * secondMs;
  await pause(Math.random() * Math.min(maxJitterMs, intervalMs / 10), stop.signal);
  while (!stop.signal.aborted) {
    try {
      const report = await updateWithProgress(home);
      if (json) print(JSON.stringify({ at: new Date().toISOString(), ...report }));
      else printReport(report);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      process.stderr.write(formatError(error));
    }
    await pause(intervalMs * (0.95 + Math.random() * 0.1), stop.signal);
  }
  note('stopped');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
