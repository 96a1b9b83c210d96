import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { systemClock } from '../../base/clock.js';
import { readFileAtMost } from '../../base/files.js';
import { type RuleKind, ruleKinds } from '../../base/rule-kind.js';
import { EventsError } from '../../events/error.js';
import { type EventFormat, eventFormats } from '../../events/read.js';
import { parseTimeZone } from '../../events/zone.js';
import { levels, type Level } from '../../rules/sigma/metadata.js';
import { type LogSourceTable, parseLogSources } from '../../rules/sigma/logsource.js';
import { type LogSourceNames, logSourceAttributes } from '../../events/log-source.js';
import type { MergedSet } from '../../scanner/merge/merged-ruleset.js';
import { isElementKind } from '../../scanner/elements/element-rule.js';
import type { Finding } from '../../scanner/findings/finding.js';
import { scan } from '../../scanner/scan/scan.js';
import type { ScanSummary } from '../../scanner/scan/summary.js';
import { findingLines, shortcomings, summaryLines } from '../findings.js';
import { CliError } from '../error.js';
import { printFaults } from '../faults.js';
import { parseCount } from '../option.js';
import { exitCodes, print, warn } from '../output.js';
import { startProgress } from '../progress.js';
import { addRulesOptions, loadRules, type RulesOptions } from '../rules-option.js';
import { parseSince } from '../since.js';

interface ScanOptions extends RulesOptions {
  readonly sigma?: true;
  readonly ioc?: true;
  readonly pools?: true;
  readonly triage?: true;
  readonly live?: true;
  readonly hostRoot: string;
  readonly maxFileSize?: number;
  readonly minLevel?: Level;
  readonly since?: Date;
  readonly format?: EventFormat;
  readonly timezone?: string;
  readonly logsources?: string;
  readonly as?: LogSourceNames;
  readonly threads?: number;
  readonly json?: true;
}

/** The flag that asks for rules of a kind, and what it says in the help. */
const kindFlags: Readonly<Record<RuleKind, { readonly name: keyof ScanOptions; readonly help: string }>> = {
  sigma: { name: 'sigma', help: 'apply Sigma rules to event logs' },
  ioc: { name: 'ioc', help: 'look for indicators in every element (docs/elements.md)' },
  pool: { name: 'pools', help: 'look for mining pools in every element' },
  triage: { name: 'triage', help: 'grade antivirus and web-proxy events (docs/triage.md)' },
};

/**
 * V8 learns from the rules, which stay, that what is made in the same places should go straight to the old generation;
 * events, which do not stay, then fill it with garbage (400 MB instead of 200).
 */
const forEvents = '--no-allocation-site-pretenuring';

const maxLogSourcesBytes = 8 * 1024 * 1024;

export function registerScan(program: Command): void {
  const command = program
    .command('scan')
    .description(
      'apply the rules to logs, files and this host itself; exit 3 when something was found, 4 when not everything could be looked at',
    )
    .argument('[path...]', 'logs, files, folders, or - for the standard input; without any, as with --live');
  for (const { name, help } of Object.values(kindFlags)) command.option(`--${name}`, help);
  command
    .option('--live', 'look at the processes, connections and own files of this host too')
    .addOption(new Option('--host-root <dir>', 'the root of the host that --live looks at').default('/'))
    .option(
      '--max-file-size <mib>',
      'larger files are looked at by their names alone, unless they are logs',
      parseCount,
    )
    .addOption(
      new Option('--min-level <level>', 'report this level and above (Sigma: high, others: medium)').choices(levels),
    )
    .option('--since <time>', 'only events since then: a time, or how long ago (24h, 7d)', (text) =>
      parseSince(text, systemClock),
    )
    .addOption(
      new Option('--format <name>', 'what the logs are, where it cannot be seen; lines: nothing but text').choices(
        eventFormats,
      ),
    )
    .option(
      '--timezone <zone>',
      'of time stamps that name none: Europe/Berlin, +02:00, UTC, local (local for what programs write, UTC for exports)',
      parseZone,
    )
    .option('--logsources <file>', 'a table of log sources (YAML, in the form of thor.yml) instead of the built-in one')
    .option(
      '--as <names>',
      'what the logs are, whatever they look like: product=…,service=…,category=…, or some of these',
      parseLogSourceNames,
    )
    .option('--threads <n>', 'threads to use (all cores)', parseCount);
  addRulesOptions(command)
    .option('--json', 'one finding a line as JSON, and a summary line at the end')
    .action(scanAction);
}

async function scanAction(paths: string[], options: ScanOptions): Promise<void> {
  setFlagsFromString(forEvents);
  const startedAt = performance.now();
  const logSources = options.logsources === undefined ? null : await loadLogSources(options.logsources);
  const { rules, flags, faults } = await loadRules(options);
  printFaults(faults);
  const kinds = kindsOf(options);
  requireRules(rules, kinds);
  requireElements(paths, options, rules, kinds);
  const progress = startProgress('scanning');
  const interruption = interruptible();
  const say = async (text: string): Promise<void> => {
    progress.clear();
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  };
  const { minLevel = null, since = null, threads, hostRoot, maxFileSize } = options;
  const summary = await scan(
    {
      ...{ rules, flags, faults, paths, minLevel, since, logSources, kinds, signal: interruption },
      as: options.as ?? null,
      hostRoot: options.live === true || paths.length === 0 ? hostRoot : null,
      now: systemClock.now(),
      format: options.format ?? null,
      timeZone: options.timezone ?? null,
      ...(threads && { threads }),
      ...(maxFileSize && { maxFileBytes: maxFileSize * 1024 * 1024 }),
    },
    {
      finding: (finding) => {
        process.exitCode = exitCodes.findings; // should nobody read on
        return say(options.json ? jsonLine('finding', finding) : findingLines(finding));
      },
      progress: (read, total) => progress.update(read, total === 0 ? null : total),
    },
  ).finally(() => progress.stop());
  for (const line of shortcomings(summary)) warn(line);
  if (options.json) print(jsonLine('summary', summary));
  else print(summaryLines(summary, (performance.now() - startedAt) / 1000));
  process.exitCode = exitCodeOf(summary);
}

function parseZone(name: string): string {
  try {
    parseTimeZone(name);
    return name;
  } catch (error) {
    throw error instanceof EventsError ? new InvalidArgumentError(error.message) : error;
  }
}

/** Null without a flag: all kinds that the rules have, which are those that the license covers. */
function kindsOf(options: ScanOptions): ReadonlySet<RuleKind> | null {
  const kinds = new Set(ruleKinds.filter((kind) => options[kindFlags[kind].name] === true));
  return kinds.size === 0 ? null : kinds;
}

/** A host's own elements are looked at for indicators and pools alone. */
function requireElements(
  paths: readonly string[],
  { live }: ScanOptions,
  rules: MergedSet['rules'],
  kinds: ReadonlySet<RuleKind> | null,
): void {
  if (paths.length > 0 && live !== true) return;
  if (rules.some(({ kind }) => isElementKind(kind) && (kinds === null || kinds.has(kind)))) return;
  const hint = 'name logs or folders, or load rules with indicators or mining pools';
  if (kinds !== null && ![...kinds].some(isElementKind) && live !== true)
    throw new CliError('usage', 'path: expected logs or folders to look at, got none', { hint });
  throw new CliError('usage', 'host: expected indicators or mining pools to look for, got none', { hint });
}

/** Without a rule a scan would find nothing anywhere, which is not the same as a clean host. */
function requireRules(rules: MergedSet['rules'], kinds: ReadonlySet<RuleKind> | null): void {
  if (rules.some(({ kind }) => kinds === null || kinds.has(kind))) return;
  const wanted = kinds === null ? 'some to apply' : `some of the kind ${[...kinds].join(', ')}`;
  throw new CliError('rules-none', `rules: expected ${wanted}, got none`, {
    hint: 'yms status says what is installed and licensed; --rules names a file, a folder or a pack',
  });
}

async function loadLogSources(file: string): Promise<LogSourceTable> {
  return parseLogSources(decodeUtf8(await readFileAtMost(file, maxLogSourcesBytes), file), file);
}

/** `product=cisco,service=aaa`, each name once; several values of one are divided by `|`. */
function parseLogSourceNames(text: string): LogSourceNames {
  const pairs = text.split(',').map((part) => /^\s*(product|service|category)=([\w.|-]+)\s*$/.exec(part));
  const names = pairs.map((pair) => pair?.[1]);
  if (names.includes(undefined) || new Set(names).size < names.length)
    throw new InvalidArgumentError(`expected ${logSourceAttributes.join('=…, ')}=… or some of these, got "${text}"`);
  return Object.fromEntries(pairs.map((pair) => [pair?.[1], pair?.[2]?.split('|')])) as LogSourceNames;
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

/** What was found counts more than what could not be looked at; where nothing could be, the scan has failed. */
function exitCodeOf({ findings, rules, files, elements, failures, incomplete }: ScanSummary): number {
  if (findings > 0) return exitCodes.findings;
  const isNothingLookedAt = files === 0 && failures.length > 0 && Object.keys(elements?.examined ?? {}).length === 0;
  if (rules === 0 || isNothingLookedAt) return exitCodes.failed;
  return incomplete.length > 0 ? exitCodes.incomplete : exitCodes.fine;
}
