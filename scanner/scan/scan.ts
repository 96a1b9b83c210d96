import { availableParallelism } from 'node:os';
import type { RuleKind } from '../../base/rule-kind.js';
import type { Fault } from '../../rules/fault.js';
import type { LogSourceNames } from '../../events/log-source.js';
import type { EventFormat } from '../../events/read.js';
import type { LogSourceTable } from '../../rules/sigma/logsource.js';
import { builtInLogSources } from '../../rules/sigma/logsources.js';
import type { Level } from '../../rules/sigma/metadata.js';
import { isElementRule } from '../elements/element-rule.js';
import { defaultMaxFileBytes, scanElements } from '../elements/scan-elements.js';
import { type Finding, findingOf } from '../findings/finding.js';
import type { Flag } from '../active/flags.js';
import type { MergedRule } from '../merge/merged-rule.js';
import { Correlations } from './correlations.js';
import { matchParts } from './log-pool.js';
import { listLogs } from '../input/logs.js';
import { planParts } from './part.js';
import { ruleIn, selectRules, unmappedRules } from './selection.js';
import { StandardInput } from '../input/standard-input.js';
import { type ScanSummary, Tally } from './summary.js';
import { planTriage } from './triage.js';

export interface ScanRequest {
  readonly rules: readonly MergedRule[];
  /** What is wrong with the endpoint that the rules are from; part of every report. */
  readonly flags: readonly Flag[];
  /** What is wrong with rules that were left out; each error makes the scan incomplete. */
  readonly faults?: readonly Fault[];
  /** Files, folders, and `-` for the standard input. */
  readonly paths: readonly string[];
  /** Null: high for Sigma rules, medium for all others. */
  readonly minLevel: Level | null;
  /** What to apply; all that the rules have without it. */
  readonly kinds: ReadonlySet<RuleKind> | null;
  /** The root of the host whose own elements are looked at too, for indicators and pools; null: paths alone. */
  readonly hostRoot: string | null;
  /** Larger files are looked at by their names alone, unless they are logs. */
  readonly maxFileBytes?: number;
  readonly now: Date;
  /** Null: all of the logs. */
  readonly since: Date | null;
  /** What the logs are; null: what they look like. */
  readonly format?: EventFormat | null;
  /** Of time stamps that name none, as `parseTimeZone` takes it; null: that of this computer, UTC for exports. */
  readonly timeZone?: string | null;
  /** Null: the built-in table. */
  readonly logSources: LogSourceTable | null;
  /** What every log is, whatever it looks like (`--as`); null or left out: as the logs say. */
  readonly as?: LogSourceNames | null;
  /** All cores without it, as far as there is work for them. More than one only in the compiled program: a thread starts from a file of JavaScript. */
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

/** A thread takes half a second to start with its own rules, in which another one reads this much. */
const bytesPerThread = 16 * 1024 * 1024;

/**
 * Applies the rules to the logs. A path that cannot be read is part of the summary; the others are scanned.
 *
 * @throws SigmaError for a rule that cannot be made into a matcher
 */
export async function scan(request: ScanRequest, listener: ScanListener): Promise<ScanSummary> {
  const { flags, paths, minLevel, since, logSources, signal, kinds } = request;
  const rules = request.rules.filter((rule) => kinds === null || kinds.has(rule.kind) || isTrustForPools(rule, kinds));
  const elementRules = rules.filter(isElementRule);
  const selected = selectRules(rules, minLevel ?? 'high');
  const triage = planTriage(rules, minLevel ?? 'medium');
  const readsEvents = elementRules.length === 0 || selected.length > 0 || triage !== null;
  const logs = readsEvents ? await listLogs(paths) : { files: [], failures: [] };
  const totalBytes = logs.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const threads = Math.min(request.threads ?? threadsFor(totalBytes), maxThreads);
  const parts = await planParts(logs.files, threads);
  const plan = {
    ...{ rules: selected, triage, logSources, as: request.as ?? null, sinceMs: since?.getTime() ?? null },
    ...{ format: request.format ?? null, timeZone: request.timeZone ?? null, nowMs: request.now.getTime() },
  };
  const correlations = new Correlations(rules, selected);
  const tally = new Tally();
  tally.addFailures(logs.failures);
  const report = async (finding: Finding): Promise<void> => {
    tally.addFinding(finding);
    await listener.finding(finding);
  };

  let readBytes = 0;
  const onRead = (bytes: number): void => listener.progress((readBytes += bytes), totalBytes);
  const input = new StandardInput(signal, Number(readsEvents) + Number(elementRules.length > 0));
  for await (const result of matchParts(parts, plan, { threads, signal, ruleOf: ruleIn(rules), onRead, input })) {
    if (result.kind === 'log') tally.addOutcome(result.outcome, elementRules.length === 0);
    if (result.kind === 'done') tally.addDiagnostics(result.diagnostics);
    if (result.kind !== 'matches') continue;
    for (const hit of result.matches.hits) {
      const rule = rules[hit.rule];
      if (rule) await report(findingOf(rule, hit, result.file));
    }
    for (const finding of correlations.add(result.matches.signals)) await report(finding);
  }
  for (const finding of correlations.finish()) await report(finding);
  const elements =
    elementRules.length === 0
      ? null
      : await scanElements(
          {
            rules: elementRules,
            paths,
            input: input.read(),
            hostRoot: request.hostRoot,
            minLevel: minLevel ?? 'medium',
            maxFileBytes: request.maxFileBytes ?? defaultMaxFileBytes,
            now: request.now,
            ...(request.threads && { threads: request.threads }),
            signal,
          },
          { finding: report, fail: (failure) => tally.addFailures([failure]), read: onRead },
        );
  await input.close();
  const { late, forgotten, unresolved } = correlations;
  const reporting =
    selected.filter(({ isReported }) => isReported).length + (triage?.matrices.length ?? 0) + (elements?.rules ?? 0);
  return tally.summary(
    triage !== null,
    {
      rules: reporting,
      elements,
      unmapped: unmappedRules(selected, ruleIn(rules), logSources ?? builtInLogSources),
      correlations: { late, forgotten, unresolved },
      flags,
      isInterrupted: signal.aborted,
    },
    {
      refused: request.faults ?? [],
      missing: [...(kinds ?? [])].filter((kind) => !rules.some((rule) => rule.kind === kind)),
      met: elements ? [elements] : [],
    },
  );
}

function threadsFor(totalBytes: number): number {
  return Math.min(availableParallelism(), Math.ceil(totalBytes / bytesPerThread) || 1);
}

/** What is trusted lowers pools too, and finds nothing by itself. */
function isTrustForPools(rule: MergedRule, kinds: ReadonlySet<RuleKind>): boolean {
  return kinds.has('pool') && rule.kind === 'ioc' && rule.indicator.role === 'trusted';
}
