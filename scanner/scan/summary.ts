import { type Level, levels } from '../../rules/sigma/metadata.js';
import type { ElementSummary } from '../elements/scan-elements.js';
import type { Finding } from '../findings/finding.js';
import type { Flag } from '../active/flags.js';
import { Diagnostics } from '../input/diagnostic.js';
import { type Gap, gapsOf, type Outcome } from './gap.js';
import type { Failure } from '../input/logs.js';
import type { LogOutcome, MetDiagnostics } from './part.js';
import type { UnmappedRule } from './selection.js';
import { addGrades, type GradeCounts, noGrades } from './matches.js';

export interface RuleCount {
  readonly ruleId: string;
  readonly title: string;
  readonly level: Level;
  readonly findings: number;
}

/** What was left out of one log. */
export interface SkippedRecords {
  readonly file: string;
  /** How many, by what was wrong with them (docs/spec/event.md). */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of them: where in the file, and what. */
  readonly named: readonly { readonly code: string; readonly offset: number; readonly message: string }[];
}

/** What a scan came to. */
export interface ScanSummary {
  readonly findings: number;
  readonly byLevel: Readonly<Record<Level, number>>;
  /** The most severe first, then the most frequent. */
  readonly byRule: readonly RuleCount[];
  /** Rules that could report. */
  readonly rules: number;
  /** Rules that no log can be of: a log source that nothing records, or a mistyped one. */
  readonly unmapped: readonly UnmappedRule[];
  readonly correlations: {
    /** Matches that could not be put in order of time any more, and such as were given up to stay within memory. */
    readonly late: number;
    readonly forgotten: number;
    /** Correlations that can never match: no rule has the reference, or it is `cycle`. */
    readonly unresolved: readonly { readonly ruleId: string; readonly reference: string }[];
  };
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
  /** Files in folders that are no event logs. */
  readonly passedOver: number;
  readonly skipped: readonly SkippedRecords[];
  /** Paths that could not be read, or not to their end. */
  readonly failures: readonly Failure[];
  readonly flags: readonly Flag[];
  /** What was looked at for indicators and pools; null where none were asked for. */
  readonly elements: ElementSummary | null;
  /** Antivirus and web-proxy events graded, those that are no findings among them; null without a matrix. */
  readonly graded: Readonly<GradeCounts> | null;
  /** Ended before everything was read. */
  readonly isInterrupted: boolean;
  /** What was not looked at, not understood or not applied; empty: a scan without findings means that nothing is there. */
  readonly incomplete: readonly Gap[];
}

/** Skips named for each file; all are counted. */
const maxNamed = 5;

interface Skipped {
  readonly counts: Map<string, number>;
  readonly named: { code: string; offset: number; message: string }[];
}

/** Counts a scan as it goes. */
export class Tally {
  readonly #byRule = new Map<string, { -readonly [K in keyof RuleCount]: RuleCount[K] }>();
  readonly #byLevel = Object.fromEntries(levels.map((level) => [level, 0])) as Record<Level, number>;
  readonly #files = new Set<string>();
  readonly #skipped = new Map<string, Skipped>();
  readonly #failures: Failure[] = [];
  readonly #failed = new Set<string>();
  readonly #graded = noGrades();
  readonly #diagnostics = new Diagnostics();
  #findings = 0;
  #events = 0;
  #bytes = 0;
  #passedOver = 0;

  addFinding({ ruleId, title, level }: Finding): void {
    this.#findings++;
    this.#byLevel[level]++;
    const key = `${ruleId} ${level}`;
    const known = this.#byRule.get(key);
    if (known) known.findings++;
    else this.#byRule.set(key, { ruleId, title, level, findings: 1 });
  }

  addFailures(failures: readonly Failure[]): void {
    for (const failure of failures) this.#addFailure(failure);
  }

  /** Each path once, although two kinds of scanning may come across it. */
  #addFailure(failure: Failure): void {
    const key = `${failure.code} ${failure.path}`;
    if (!this.#failed.has(key)) this.#failures.push(failure);
    this.#failed.add(key);
  }

  /** @param isOnlyLook whether nothing else looks at what is no event log */
  addOutcome(
    { path, isLog, events, bytes, graded, skips, namedSkips, failure }: LogOutcome,
    isOnlyLook: boolean,
  ): void {
    if (!isLog && !isOnlyLook && failure?.code === 'log-unknown') return;
    if (failure) this.#addFailure(failure);
    if (!isLog) {
      if (!failure && isOnlyLook) this.#passedOver++;
      return;
    }
    this.#files.add(path);
    this.#events += events;
    this.#bytes += bytes;
    addGrades(this.#graded, graded);
    if (skips.length === 0) return;
    let skipped = this.#skipped.get(path);
    if (!skipped) this.#skipped.set(path, (skipped = { counts: new Map(), named: [] }));
    for (const [code, count] of skips) skipped.counts.set(code, (skipped.counts.get(code) ?? 0) + count);
    const inOrder = namedSkips.toSorted((a, b) => a.offset - b.offset);
    skipped.named.push(...inOrder.slice(0, maxNamed - skipped.named.length));
  }

  /** What the reading of logs in archives came across. */
  addDiagnostics({ counts, named }: MetDiagnostics): void {
    this.#diagnostics.addAll(counts, named);
  }

  /** @param isGrading whether there was a matrix */
  summary(
    isGrading: boolean,
    rest: Pick<ScanSummary, 'rules' | 'unmapped' | 'correlations' | 'flags' | 'elements' | 'isInterrupted'>,
    { refused, missing, met }: Pick<Outcome, 'refused' | 'missing' | 'met'>,
  ): ScanSummary {
    const inLogs = { diagnostics: this.#diagnostics.counts, named: this.#diagnostics.named };
    const summary = {
      findings: this.#findings,
      byLevel: this.#byLevel,
      byRule: [...this.#byRule.values()].sort(
        (a, b) => levels.indexOf(b.level) - levels.indexOf(a.level) || b.findings - a.findings,
      ),
      files: this.#files.size,
      events: this.#events,
      bytes: this.#bytes,
      passedOver: this.#passedOver,
      skipped: [...this.#skipped].map(([file, { counts, named }]) => ({
        file,
        counts: Object.fromEntries(counts),
        named,
      })),
      failures: this.#failures,
      graded: isGrading ? this.#graded : null,
      ...rest,
    };
    return { ...summary, incomplete: gapsOf({ ...summary, refused, missing, met: [...met, inLogs] }) };
  }
}
