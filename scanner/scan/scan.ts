import { availableParallelism } from 'node:os';
import type { LogSourceTable } from '../../rules/sigma/logsource.js';
import type { Level } from '../../rules/sigma/metadata.js';
import { type Finding, findingOf } from '../finding.js';
import type { Flag } from '../flags.js';
import type { MergedRule } from '../merge.js';
import { Correlations } from './correlations.js';
import { matchParts } from './crew.js';
import { listLogs } from './logs.js';
import { planParts } from './part.js';
import { selectRules } from './selection.js';
import { type ScanSummary, Tally } from './summary.js';

export interface ScanRequest {
  readonly rules: readonly MergedRule[];
  /** What is wrong with the endpoint that the rules are from; part of every report. */
  readonly flags: readonly Flag[];
  /** Files, folders, and `-` for the standard input. */
  readonly paths: readonly string[];
  readonly minLevel: Level;
  /** Null: all of the logs. */
  readonly since: Date | null;
  /** Null: the built-in table. */
  readonly logSources: LogSourceTable | null;
  /** All cores without it. More than one only in the compiled program: a thread starts from a file of JavaScript. */
  readonly threads?: number;
  /** Ends the scan; the summary then says how far it came. */
  readonly signal: AbortSignal;
}

export interface ScanListener {
  /** In the order of the paths, and within a log in the order of its records. The scan waits for a promise. */
  finding(finding: Finding): Promise<void> | void;
  progress(readBytes: number, totalBytes: number): void;
}

/** More threads than this would cost more memory than they save time. */
const maxThreads = import.meta.url.endsWith('.js') ? 8 : 1;

/**
 * Applies the rules to the logs. A path that cannot be read is part of the summary; the others are scanned.
 *
 * @throws SigmaError for a rule that cannot be made into a matcher
 */
export async function scan(request: ScanRequest, listener: ScanListener): Promise<ScanSummary> {
  const { rules, flags, paths, minLevel, since, logSources, signal } = request;
  const threads = Math.min(request.threads ?? availableParallelism(), maxThreads);
  const selected = selectRules(rules, minLevel);
  const logs = await listLogs(paths);
  const parts = await planParts(logs.files, threads);
  const plan = { rules: selected, logSources, sinceMs: since?.getTime() ?? null };
  const correlations = new Correlations(rules, selected);
  const tally = new Tally();
  tally.addFailures(logs.failures);
  const report = async (finding: Finding): Promise<void> => {
    tally.addFinding(finding);
    await listener.finding(finding);
  };

  const totalBytes = logs.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let readBytes = 0;
  const onRead = (bytes: number): void => listener.progress((readBytes += bytes), totalBytes);
  for await (const result of matchParts(parts, plan, { threads, signal, onRead })) {
    if ('outcome' in result) {
      tally.addOutcome(result.part, result.outcome);
      continue;
    }
    for (const hit of result.matches.hits) {
      const rule = rules[hit.rule];
      if (rule) await report(findingOf(rule, hit, result.part.log.path));
    }
    for (const finding of correlations.add(result.matches.signals)) await report(finding);
  }
  for (const finding of correlations.finish()) await report(finding);
  const { late, forgotten, unresolved } = correlations;
  return tally.summary({
    rules: selected.filter(({ isReported }) => isReported).length,
    correlations: { late, forgotten, unresolved },
    flags,
    isInterrupted: signal.aborted,
  });
}
