import type { FlatEvent } from '../../events/event.js';
import { Correlator } from '../../rules/sigma/correlator.js';
import type { LogSourceTable } from '../../rules/sigma/logsource.js';
import type { SigmaRule } from '../../rules/sigma/rule.js';
import { Ruleset, type RulesetEntry } from '../../rules/sigma/ruleset.js';

/** Takes every event that names no channel for one of the rule's log source. */
const anyLog: LogSourceTable = [{ sources: ['File:*'] }];

/** One rule of a pack, with what acts on it there: the filters, and the rules that it counts if it is a correlation. */
export class Probe {
  readonly #rule: SigmaRule;
  readonly #entries: readonly RulesetEntry[];
  /** For events as a log has them, and for bare fields. */
  #routed: Ruleset<RulesetEntry> | null = null;
  #bare: Ruleset<RulesetEntry> | null = null;

  constructor(rule: SigmaRule, pack: readonly SigmaRule[]) {
    const needed = new Set<SigmaRule>([rule, ...pack.filter((other) => 'filter' in other)]);
    for (const one of needed) {
      if (!('correlation' in one)) continue;
      for (const reference of one.correlation.rules)
        for (const other of pack) if (other.id === reference || other.name === reference) needed.add(other);
    }
    this.#rule = rule;
    this.#entries = [...needed].map((entry) => ({ rule: entry, pack: null }));
  }

  /** How often the rule matches these events, which it sees together and, if it is a correlation, in order of time. */
  async count(events: AsyncIterable<readonly FlatEvent[]> | Iterable<readonly FlatEvent[]>): Promise<number> {
    const correlator = new Correlator(this.#entries);
    const signals = [];
    let count = 0;
    for await (const batch of events)
      for (const event of batch)
        for (const match of this.#rulesetFor(event).match(event)) {
          if (match.entry.rule === this.#rule) count++;
          const signal = correlator.signalOf(event, match);
          if (signal) signals.push(signal);
        }
    const bursts = signals.sort((a, b) => a.timeMs - b.timeMs).flatMap((signal) => correlator.observe(signal));
    return count + [...bursts, ...correlator.finish()].filter(({ entry }) => entry.rule === this.#rule).length;
  }

  #rulesetFor(event: FlatEvent): Ruleset<RulesetEntry> {
    if (event.channel !== null) return (this.#routed ??= new Ruleset(this.#entries));
    return (this.#bare ??= new Ruleset(this.#entries, { logSources: anyLog }));
  }
}
