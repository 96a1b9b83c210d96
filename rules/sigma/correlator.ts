import type { FieldValue, FlatEvent } from '../../events/event.js';
import { secondMs } from '../../base/clock.js';
import { isFulfilled } from './measure.js';
import type { Match, RulesetEntry } from './ruleset.js';
import { Window, type Occurrence } from './window.js';

/**
 * What a correlation needs to know of a match: small, and plain data, so that workers can collect signals which one
 * correlator then takes in the order of time.
 */
export interface Signal {
  /** Number of the rule among the entries that the correlator was made of. */
  readonly rule: number;
  readonly timeMs: number;
  /** The fields that correlations of this rule group or measure by; absent ones are missing. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface CorrelationMatch<E extends RulesetEntry> {
  readonly entry: E;
  readonly ruleId: string;
  /** The group: its fields or aliases. */
  readonly group: Readonly<Record<string, string>>;
  readonly eventCount: number;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
}

export interface Unresolved<E extends RulesetEntry> {
  readonly entry: E;
  /** The id or name that no rule has, or `cycle`: the correlation refers to itself through others. */
  readonly reference: string;
}

/** Where a rule stands in a correlation. */
interface Use {
  readonly correlation: number;
  /** Index into the correlation's rules. */
  readonly index: number;
  /** Group name → the field of this rule's events. */
  readonly groupFields: readonly (readonly [name: string, field: string])[];
  readonly valueFields: readonly string[];
  readonly isTemporal: boolean;
}

/** A group whose window has been fulfilled at every match since. */
interface Burst<E extends RulesetEntry> {
  readonly match: CorrelationMatch<E>;
  readonly spanMs: number;
}

export const maxOccurrences = 1_000_000;
/** Of one group; a count of events, which needs no look at each of them, may go further. */
export const maxWindow = { counted: 100_000, measured: 10_000 } as const;

/**
 * Follows the matches of rules over time. Windows slide: each match is looked at with those of its group in the
 * timespan before it, one that is exactly a timespan old among them (docs/decisions/0015-bursts.md). As long as each match leaves
 * the window fulfilled they are one burst, which is reported once, when it has ended, with the number of its matches.
 *
 * Memory is bounded: beyond {@link maxOccurrences} and {@link maxWindow} what is oldest is forgotten, and counted.
 */
export class Correlator<E extends RulesetEntry> {
  /** Correlations that can never match. */
  readonly unresolved: readonly Unresolved<E>[];
  /** Occurrences that were dropped while they still counted. */
  forgotten = 0;
  readonly #entries: readonly E[];
  readonly #numbers = new Map<E, number>();
  readonly #uses = new Map<number, Use[]>();
  readonly #silent = new Set<E>();
  /** By correlation and group, the group that was quiet longest first. */
  readonly #windows = new Map<string, Window>();
  readonly #bursts = new Map<string, Burst<E>>();
  #occurrences = 0;

  constructor(entries: readonly E[]) {
    this.#entries = entries;
    entries.forEach((entry, number) => this.#numbers.set(entry, number));
    const unresolved: Unresolved<E>[] = [];
    const targets = new Map<number, number[]>();
    entries.forEach((entry, number) => {
      if (!('correlation' in entry.rule)) return;
      const { rules } = entry.rule.correlation;
      const found = rules.map((reference) => this.#find(reference, entry));
      const missing = rules.filter((_, index) => found[index] === null);
      unresolved.push(...missing.map((reference) => ({ entry, reference })));
      if (missing.length === 0) targets.set(number, found as number[]);
    });
    for (const [number, entry] of entries.entries())
      if (targets.has(number) && reaches(number, number, targets)) unresolved.push({ entry, reference: 'cycle' });
    for (const { entry } of unresolved) targets.delete(this.#numbers.get(entry) ?? -1);
    for (const [number, rules] of targets) this.#connect(number, rules);
    this.unresolved = unresolved;
  }

  /**
   * Whether the rule's own matches are not to be reported, because a correlation that does not say `generate` has it.
   */
  isSilent(entry: E): boolean {
    return this.#silent.has(entry);
  }

  /** Null when no correlation has the rule or the event has no time. */
  signalOf(event: FlatEvent, match: Match<E>): Signal | null {
    const rule = this.#numbers.get(match.entry) ?? -1;
    const uses = this.#uses.get(rule);
    if (!uses || event.timeMs === null) return null;
    const fields: Record<string, string> = {};
    for (const { groupFields, valueFields } of uses)
      for (const field of [...groupFields.map(([, name]) => name), ...valueFields]) {
        const text = textOf(event.get(match.fieldNames.get(field) ?? field));
        if (text !== null) fields[field] = text;
      }
    return { rule, timeMs: event.timeMs, fields };
  }

  /**
   * Takes signals in the order of time; gives the bursts that ended before this one. What others count or wait for is
   * told at once: a temporal correlation at each match that a burst goes on with, the others when it begins.
   */
  observe(signal: Signal): CorrelationMatch<E>[] {
    const ended = this.#endBefore(signal.timeMs);
    const pending: (Signal & { readonly isOngoing?: true })[] = [signal];
    for (let next = pending.pop(); next; next = pending.pop())
      for (const use of this.#uses.get(next.rule) ?? []) {
        if (next.isOngoing && !use.isTemporal) continue;
        const key = this.#keyOf(next, use);
        if (key === null) continue;
        const open = this.#bursts.get(key);
        const burst = this.#observe(next, use, key);
        if (burst === null) {
          if (open) ended.push(...this.#end(key));
          continue;
        }
        const { group, correlation } = { group: burst.match.group, correlation: use.correlation };
        pending.push({ rule: correlation, timeMs: next.timeMs, fields: group, ...(open && { isOngoing: true }) });
      }
    return ended;
  }

  /** Bursts that go on, the one that was quiet longest first. */
  get open(): readonly CorrelationMatch<E>[] {
    return [...this.#bursts.values()].map(({ match }) => match).filter(({ entry }) => !this.isSilent(entry));
  }

  /** To be called after the last signal: what is still open ends here. */
  finish(): CorrelationMatch<E>[] {
    const ended = [...this.open];
    this.#bursts.clear();
    return ended;
  }

  #endBefore(timeMs: number): CorrelationMatch<E>[] {
    const ended: CorrelationMatch<E>[] = [];
    for (const [key, { match, spanMs }] of this.#bursts) {
      if (match.lastTimeMs >= timeMs - spanMs) break;
      ended.push(...this.#end(key));
    }
    return ended;
  }

  #end(key: string): CorrelationMatch<E>[] {
    const burst = this.#bursts.get(key);
    this.#bursts.delete(key);
    return burst && !this.isSilent(burst.match.entry) ? [burst.match] : [];
  }

  /** Null for a signal without one of the fields that the correlation groups by. */
  #keyOf(signal: Signal, use: Use): string | null {
    const group = use.groupFields.map(([, field]) => signal.fields[field]);
    return group.includes(undefined) ? null : JSON.stringify([use.correlation, ...group]);
  }

  /** The group's burst after this occurrence; null when its window is not fulfilled. */
  #observe(signal: Signal, use: Use, key: string): Burst<E> | null {
    const entry = this.#entries[use.correlation];
    if (!entry || !('correlation' in entry.rule)) return null;
    const { correlation, id } = entry.rule;
    const values = use.valueFields.map((field) => signal.fields[field]);
    const occurrence: Occurrence = {
      timeMs: signal.timeMs,
      rule: use.index,
      values: values.includes(undefined) ? null : (values as string[]),
    };
    const max = correlation.type === 'event_count' ? maxWindow.counted : maxWindow.measured;
    const spanMs = correlation.timespanSeconds * secondMs;
    const window = this.#slide(key, occurrence, spanMs, max);
    if (!isFulfilled(correlation, window)) return null;
    const known = this.#bursts.get(key)?.match;
    const group = Object.fromEntries(use.groupFields.map(([name, field]) => [name, signal.fields[field] ?? '']));
    const match: CorrelationMatch<E> = known
      ? { ...known, eventCount: known.eventCount + 1, lastTimeMs: signal.timeMs }
      : {
          entry,
          ruleId: id,
          group,
          eventCount: window.length,
          firstTimeMs: window.first?.timeMs ?? signal.timeMs,
          lastTimeMs: signal.timeMs,
        };
    const burst = { match, spanMs };
    this.#bursts.delete(key);
    this.#bursts.set(key, burst);
    return burst;
  }

  /** The window that ends with the occurrence; what is older is dropped. */
  #slide(key: string, occurrence: Occurrence, spanMs: number, max: number): Window {
    const window = this.#windows.get(key) ?? new Window();
    this.#windows.delete(key);
    this.#windows.set(key, window);
    const before = window.length;
    while (window.first && window.first.timeMs < occurrence.timeMs - spanMs) window.drop();
    for (; window.length >= max; this.forgotten++) window.drop();
    window.push(occurrence);
    this.#occurrences += window.length - before;
    for (const oldest of this.#windows.keys()) {
      if (this.#occurrences <= maxOccurrences || oldest === key) break;
      this.forgotten += this.#windows.get(oldest)?.length ?? 0;
      this.#forget(oldest);
    }
    return window;
  }

  #forget(key: string): void {
    this.#occurrences -= this.#windows.get(key)?.length ?? 0;
    this.#windows.delete(key);
  }

  #find(reference: string, from: E): number | null {
    const index = this.#entries.findIndex(
      ({ rule, pack }) =>
        (from.pack === null || pack === from.pack) &&
        !('filter' in rule) &&
        (rule.id === reference || rule.name === reference),
    );
    return index < 0 ? null : index;
  }

  #connect(number: number, rules: readonly number[]): void {
    const entry = this.#entries[number];
    if (!entry || !('correlation' in entry.rule)) return;
    const { correlation } = entry.rule;
    rules.forEach((rule, index) => {
      const target = this.#entries[rule];
      if (!target) return;
      const reference = correlation.rules[index] ?? '';
      const fieldOf = (name: string) => {
        const alias = correlation.aliases?.[name];
        return (
          alias?.[reference] ??
          (target.rule.name === undefined ? undefined : alias?.[target.rule.name]) ??
          alias?.[target.rule.id] ??
          name
        );
      };
      const use: Use = {
        correlation: number,
        index,
        groupFields: (correlation.groupBy ?? []).map((name) => [name, fieldOf(name)] as const),
        valueFields: (correlation.condition?.field ?? []).map(fieldOf),
        isTemporal: correlation.type === 'temporal' || correlation.type === 'temporal_ordered',
      };
      const uses = this.#uses.get(rule);
      if (uses) uses.push(use);
      else this.#uses.set(rule, [use]);
      if (correlation.generate !== true) this.#silent.add(target);
    });
  }
}

function textOf(value: FieldValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? value.filter((entry) => entry !== null).join(',') : String(value);
}

function reaches(from: number, to: number, targets: ReadonlyMap<number, readonly number[]>): boolean {
  const seen = new Set<number>();
  const pending = [...(targets.get(from) ?? [])];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    pending.push(...(targets.get(next) ?? []));
  }
  return false;
}
