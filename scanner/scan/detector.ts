import type { FlatEvent } from '../../events/event.js';
import type { LogSourceNames } from '../../events/log-source.js';
import type { EventFormat, ReadOptions } from '../../events/read.js';
import { ShapeTable } from '../../events/shapes.js';
import { parseTimeZone } from '../../events/zone.js';
import { Correlator } from '../../rules/sigma/correlator.js';
import type { LogSourceTable } from '../../rules/sigma/logsource.js';
import type { SigmaRule } from '../../rules/sigma/rule.js';
import { Ruleset, type RulesetOptions } from '../../rules/sigma/ruleset.js';
import { hitOf } from '../findings/finding.js';
import { type Detector, type Matches, noGrades } from './matches.js';
import { triageDetector, type TriagePlan } from './triage.js';

/** A rule on its way to a thread: its line as the merged set has checked it, and how it acts. */
export interface RuleLine {
  /** Into the rules of the scan. */
  readonly rule: number;
  readonly kind: 'sigma';
  readonly line: string;
  /** The pack whose rules alone it narrows, should it be a filter; null for a local one, which narrows all. */
  readonly pack: string | null;
  /** False for a rule that only correlations look at. */
  readonly isReported: boolean;
}

/** Everything that a thread needs to look at events; plain data. */
export interface DetectionPlan {
  readonly rules: readonly RuleLine[];
  /** Null: nothing is graded. */
  readonly triage: TriagePlan | null;
  /** Null for the built-in table. */
  readonly logSources: LogSourceTable | null;
  /** What every log is, whatever it looks like; null where the logs say it. */
  readonly as: LogSourceNames | null;
  /** What the logs are, where somebody says it; null: what they look like. */
  readonly format?: EventFormat | null;
  /** Of time stamps that name none: as `parseTimeZone` takes it, or null. */
  readonly timeZone?: string | null;
  /** When a log that has no date of its own, as the standard input, was written last. */
  readonly nowMs?: number;
  /** Events before this are read and not matched; events without a time always are. */
  readonly sinceMs: number | null;
}

export type RuleOf = (line: RuleLine) => SigmaRule;

/** All kinds of rules of a scan, on one event after the other. One a thread: it remembers shapes and kinds of events. */
export class Detectors {
  readonly shapes = new ShapeTable();
  /** How logs are read. */
  readonly reading: Pick<ReadOptions, 'format' | 'zone' | 'streamTimeMs'>;
  readonly #sinceMs: number;
  readonly #detectors: readonly Detector[];

  /** @param ruleOf the rule of a line, for a thread that has it already */
  constructor(plan: DetectionPlan, ruleOf: RuleOf = parseRule) {
    const { rules, triage, logSources, as, sinceMs, format = null, timeZone = null, nowMs = null } = plan;
    const zone = timeZone === null ? null : parseTimeZone(timeZone);
    this.reading = { zone, streamTimeMs: nowMs, ...(format && { format }) };
    this.#sinceMs = sinceMs ?? -Infinity;
    this.#detectors = [
      ...(rules.length > 0 ? [sigmaDetector(rules, ruleOf, { as, ...(logSources && { logSources }) })] : []),
      ...(triage ? [triageDetector(triage)] : []),
    ];
  }

  match(events: readonly FlatEvent[]): Matches {
    const matches: Matches = { hits: [], signals: [], graded: noGrades() };
    for (const event of events) {
      if (event.timeMs !== null && event.timeMs < this.#sinceMs) continue;
      for (const detect of this.#detectors) detect(event, matches);
    }
    return matches;
  }
}

/** A line was checked when it was loaded, so that reading it is enough. */
function parseRule({ line }: RuleLine): SigmaRule {
  return JSON.parse(line) as SigmaRule;
}

function sigmaDetector(lines: readonly RuleLine[], ruleOf: RuleOf, options: RulesetOptions): Detector {
  const entries = lines.map((line) => {
    const { rule: number, pack, isReported } = line;
    return { number, pack, isReported, rule: ruleOf(line) };
  });
  const ruleset = new Ruleset(entries, options);
  const correlator = new Correlator(entries);
  return (event, { hits, signals }) => {
    for (const match of ruleset.match(event)) {
      const signal = correlator.signalOf(event, match);
      if (signal) signals.push(signal);
      if (match.entry.isReported) hits.push(hitOf(match.entry.number, event, match.matched));
    }
  };
}
