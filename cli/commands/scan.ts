import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { systemClock } from '../../base/clock.js';
import { readFileAtMost } from '../../base/files.js';
import { levels, type Level } from '../../rules/sigma/metadata.js';
import { type LogSourceTable, parseLogSources } from '../../rules/sigma/logsource.js';
import type { Finding } from '../../scanner/finding.js';
import { scan } from '../../scanner/scan/scan.js';
import type { ScanSummary } from '../../scanner/scan/summary.js';
import { findingLines, shortcomings, summaryLines } from '../findings.js';
import { printFaults } from '../faults.js';
import { parseCount } from '../option.js';
import { exitCodes, print, warn } from '../output.js';
import { startProgress } from '../progress.js';
import { addRulesOptions, loadRules, type RulesOptions } from '../rules-option.js';
import { parseSince } from '../since.js';

interface ScanOptions extends RulesOptions {
  readonly sigma?: true;
  readonly minLevel: Level;
  readonly since?: Date;
  readonly logsources?: string;
  readonly threads?: number;
  readonly json?: true;
}

const maxLogSourcesBytes = 8 * 1024 * 1024;

export function registerScan(program: Command): void {
  const command = program
    .command('scan')
    .description('apply the rules to event logs; exit 3 when something was found')
    .argument('<path...>', 'EVTX or JSON logs, folders of them, or - for the standard input')
    .option('--sigma', 'apply Sigma rules')
    .addOption(new Option('--min-level <level>', 'report this level and above').choices(levels).default('high'))
    .option('--since <time>', 'only events since then: a time, or how long ago (24h, 7d)', (text) =>
      parseSince(text, systemClock),
    )
    .option('--logsources <file>', 'a table of log sources (YAML, in the form of thor.yml) instead of the built-in one')
    .option('--threads <n>', 'threads to use (all cores)', parseCount);
  addRulesOptions(command)
    .option('--json', 'one finding a line as JSON, and a summary line at the end')
    .action(scanAction);
}

async function scanAction(paths: string[], options: ScanOptions): Promise<void> {
  const startedAt = performance.now();
  const logSources = options.logsources === undefined ? null : await loadLogSources(options.logsources);
  const { rules, flags, faults } = await loadRules(options);
  printFaults(faults);
  const progress = startProgress('scanning');
  const interruption = interruptible();
  const say = async (text: string): Promise<void> => {
    progress.clear();
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  };
  const { minLevel, since = null, threads } = options;
  const summary = await scan(
    { rules, flags, paths, minLevel, since, logSources, signal: interruption, ...(threads && { threads }) },
    {
      finding: (finding) => say(options.json ? jsonLine('finding', finding) : findingLines(finding)),
      progress: (read, total) => progress.update(read, total === 0 ? null : total),
    },
  ).finally(() => progress.stop());
  for (const line of shortcomings(summary)) warn(line);
  if (options.json) print(jsonLine('summary', summary));
  else print(summaryLines(summary, (performance.now() - startedAt) / 1000));
  process.exitCode = exitCodeOf(summary);
}

async function loadLogSources(file: string): Promise<LogSourceTable> {
  return parseLogSources(decodeUtf8(await readFileAtMost(file, maxLogSourcesBytes), file), file);
}

/** Ctrl-C ends the scan with what it has; a second one ends the process. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

function jsonLine(type: 'finding' | 'summary', value: Finding | ScanSummary): string {
  return JSON.stringify({ type, ...value });
}

/** What was found counts more than what could not be read. */
function exitCodeOf({ findings, failures, isInterrupted }: ScanSummary): number {
  if (findings > 0) return exitCodes.findings;
  return failures.length > 0 || isInterrupted ? exitCodes.failed : exitCodes.fine;
}
