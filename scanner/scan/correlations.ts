import { type CorrelationMatch, Correlator, type Signal } from '../../rules/sigma/correlator.js';
import { type Finding, findingOf, formatEventTime } from '../findings/finding.js';
import { type MergedRule, reachOf } from '../merge/merged-rule.js';
import type { RuleLine } from './detector.js';

/** Signals that wait to be put in order of time. Beyond, the older half is taken as it is. */
export const maxWaitingSignals = 400_000;

/**
 * The correlations of a scan. Logs are read one after the other and by several threads, so the matches that correlations
 * look at are collected first and taken in the order of time at the end.
 */
export class Correlations {
  /** Signals that came when later ones had been taken already; they are left out. */
  late = 0;
  readonly #rules: readonly MergedRule[];
  readonly #correlator: Correlator<Entry>;
  readonly #maxWaiting: number;
  #waiting: Signal[] = [];
  #takenMs = -Infinity;

  constructor(rules: readonly MergedRule[], lines: readonly RuleLine[], maxWaiting = maxWaitingSignals) {
    this.#rules = rules;
    this.#maxWaiting = maxWaiting;
    this.#correlator = new Correlator(
      lines.flatMap((line): Entry[] => {
        const merged = rules[line.rule];
        return merged?.kind === 'sigma' ? [{ line, rule: merged.rule, pack: reachOf(merged) }] : [];
      }),
    );
  }

  /** Matches that were given up to stay within memory. */
  get forgotten(): number {
    return this.#correlator.forgotten;
  }

  /** Correlations that can never match, with the reference that no rule has, or `cycle`. */
  get unresolved(): readonly { readonly ruleId: string; readonly reference: string }[] {
    return this.#correlator.unresolved.map(({ entry, reference }) => ({ ruleId: entry.rule.id, reference }));
  }

  *add(signals: readonly Signal[]): Generator<Finding> {
    for (const signal of signals) {
      if (signal.timeMs < this.#takenMs) this.late++;
      else this.#waiting.push(signal);
    }
    if (this.#waiting.length > this.#maxWaiting) yield* this.#take(Math.ceil(this.#maxWaiting / 2));
  }

  *finish(): Generator<Finding> {
    yield* this.#take(this.#waiting.length);
    for (const match of this.#correlator.finish()) {
      const finding = this.#findingOf(match);
      if (finding) yield finding;
    }
  }

  *#take(count: number): Generator<Finding> {
    const ordered = this.#waiting.sort((a, b) => a.timeMs - b.timeMs);
    this.#waiting = ordered.slice(count);
    for (const signal of ordered.slice(0, count)) {
      this.#takenMs = signal.timeMs;
      for (const match of this.#correlator.observe(signal)) {
        const finding = this.#findingOf(match);
        if (finding) yield finding;
      }
    }
  }

  #findingOf({ entry: { line }, group, ...match }: CorrelationMatch<Entry>): Finding | null {
    const rule = this.#rules[line.rule];
    if (!rule || !line.isReported) return null;
    const events = {
      count: match.eventCount,
      firstTime: formatEventTime(match.firstTimeMs),
      lastTime: formatEventTime(match.lastTimeMs),
    };
    const hit = {
      rule: line.rule,
      timeMs: match.lastTimeMs,
      channel: null,
      recordId: null,
      computer: null,
      matched: group,
    };
    return { ...findingOf(rule, hit, null), events };
  }
}

interface Entry {
  readonly line: RuleLine;
  readonly rule: Extract<MergedRule, { readonly kind: 'sigma' }>['rule'];
  readonly pack: string | null;
}
