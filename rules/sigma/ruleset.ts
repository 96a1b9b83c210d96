import { EventShape, FlatEvent, foldFieldName } from '../../events/event.js';
import { LogSource, windowsLog, type LogSourceNames } from '../../events/log-source.js';
import { Bucket } from './bucket.js';
import type { DetectionSection } from './detection.js';
import { SigmaError } from './error.js';
import { hasEvidence } from './evidence.js';
import { EventView, FieldTable } from './event-view.js';
import { compilePattern, foldPattern, type TextTest } from './glob.js';
import { isMapped, resolveLogSource, type LogSourceTable, type LogSourceVariant } from './logsource.js';
import { builtInLogSources } from './logsources.js';
import { compileDetection, isMatch, join, matchedFields, type MatchedFields, type Matcher } from './matcher.js';
import { foldCase } from './pattern.js';
import { reachOf } from './reach.js';
import type { DetectionRule, SigmaRule } from './rule.js';
import { necessaryTexts, witnessClauses, type Clause } from './witness.js';

/** A rule and where it came from. Filters reach the rules of their own pack; local ones (`pack` null) reach all. */
export interface RulesetEntry {
  readonly rule: SigmaRule;
  readonly pack: string | null;
}

export interface Match<E extends RulesetEntry> {
  readonly entry: E;
  readonly ruleId: string;
  readonly matched: MatchedFields;
  /** The rule's names of fields → the event's, where the log source has others. */
  readonly fieldNames: ReadonlyMap<string, string>;
}

export interface RulesetOptions {
  /** Instead of the built-in table. */
  readonly logSources?: LogSourceTable;
  /** What every log is, whatever it looks like; events of Windows channels keep what they are. */
  readonly as?: LogSourceNames | null;
}

/** One rule on one way to find its events. */
interface Variant<E> {
  readonly number: number;
  readonly entry: E;
  readonly rule: DetectionRule;
  readonly filters: readonly DetectionSection[];
  readonly source: LogSourceVariant;
  compiled?: CompiledVariant;
}

interface CompiledVariant {
  readonly matcher: Matcher;
  readonly eventIds: ReadonlySet<string> | null;
  readonly clauses: readonly Clause[];
  /** Whether an event without any field fulfils it: such a rule can have no evidence. */
  isTrueOfNothing?: boolean;
}

/** A rule that events of one kind are asked about. */
interface Asked<E> {
  readonly variant: Variant<E>;
  readonly needsEvidence: boolean;
}

interface KnownBucket<E> {
  readonly bucket: Bucket;
  readonly asked: readonly Asked<E>[];
}

const toldByReader: LogSourceVariant = { sources: [], conditions: [], fieldNames: new Map(), fieldValues: {} };
const emptyEvent = new FlatEvent(new EventShape([]), [], null, '', '');

/** Channels and event ids that are remembered; a log that makes up more of them is looked up anew now and then. */
const maxKinds = 4096;

/**
 * Rules in the form that events are matched with. What an event needs is made when the first event of its kind comes,
 * so that a rule set is ready at once and costs what its events ask for.
 */
export class Ruleset<E extends RulesetEntry> {
  /** Rules whose log source no log is known to be of (a mistyped service; what nothing records). */
  readonly unmapped: readonly E[];
  /** Rules that turned out to hold what no compiler writes, when the first event for them came; they match nothing. */
  readonly broken = new Map<E, SigmaError>();
  readonly #fields = new FieldTable();
  readonly #eventIdField: number;
  readonly #channels = new Map<string, Variant<E>[]>();
  readonly #channelPatterns: { readonly matches: TextTest; readonly variant: Variant<E> }[] = [];
  readonly #filePatterns: { readonly matches: TextTest; readonly variant: Variant<E> }[] = [];
  /** Every rule once, for the logs whose readers tell what they are. */
  readonly #told: Variant<E>[] = [];
  readonly #as: LogSource | null;
  /** By the key of the log source, the channel or file, and the event id. */
  readonly #kinds = new Map<string, Map<string, Map<string | null, KnownBucket<E>>>>();
  readonly #buckets = new Map<string, KnownBucket<E>>();
  #kindCount = 0;
  #view: EventView | null = null;

  constructor(entries: readonly E[], options: RulesetOptions = {}) {
    this.#eventIdField = this.#fields.number('EventID');
    this.#as = options.as ? LogSource.of(options.as) : null;
    const table = options.logSources ?? builtInLogSources;
    const filters = entries.filter((entry) => 'filter' in entry.rule);
    const known = new Map<string, LogSourceVariant[]>();
    const unmapped: E[] = [];
    let number = 1;
    for (const entry of entries) {
      const { rule } = entry;
      if (!('detection' in rule)) continue;
      const { category, product, service } = rule.logsource;
      const key = JSON.stringify([category, product, service]);
      let sources = known.get(key);
      if (!sources) known.set(key, (sources = resolveLogSource(rule.logsource, table)));
      if (!isMapped(rule.logsource, table)) unmapped.push(entry);
      const sections = filters.flatMap((filter) =>
        'filter' in filter.rule && isReached(filter, entry) ? [filter.rule.filter] : [],
      );
      for (const source of sources) this.#file({ number: number++, entry, rule, filters: sections, source });
      this.#told.push({ number: number++, entry, rule, filters: sections, source: toldByReader });
    }
    this.unmapped = unmapped;
  }

  /** The rules that the event matches, each once, in the order in which they were given. */
  match(event: FlatEvent): Match<E>[] {
    const view = (this.#view ??= new EventView(this.#fields, event));
    view.show(event);
    const { bucket, asked } = this.#bucketOf(event, view);
    const matches: Match<E>[] = [];
    for (const index of bucket.match(view).sort((a, b) => a - b)) {
      const one = asked[index];
      if (one && !matches.some(({ entry }) => entry === one.variant.entry) && this.#isEvident(one, view))
        matches.push(this.#matchOf(one.variant, view));
    }
    return matches;
  }

  /** As {@link match}, by asking every rule of the event's log: what the index must always agree with. */
  matchPlainly(event: FlatEvent): Match<E>[] {
    const view = new EventView(this.#fields, event);
    const matches: Match<E>[] = [];
    for (const one of this.#askedOf(event, this.#sourceOf(event))) {
      const { variant } = one;
      if (matches.some(({ entry }) => entry === variant.entry)) continue;
      if (isMatch(this.#compile(variant).matcher, view) && this.#isEvident(one, view))
        matches.push(this.#matchOf(variant, view));
    }
    return matches;
  }

  #isEvident({ variant, needsEvidence }: Asked<E>, view: EventView): boolean {
    return !needsEvidence || hasEvidence(this.#compile(variant).matcher, view);
  }

  #matchOf(variant: Variant<E>, view: EventView): Match<E> {
    const { entry, rule, source } = variant;
    const matched = matchedFields(this.#compile(variant).matcher, view);
    return { entry, ruleId: rule.id, matched, fieldNames: source.fieldNames };
  }

  #file(variant: Variant<E>): void {
    for (const source of variant.source.sources) {
      const [literal] = source.pattern;
      if (source.kind === 'channel' && source.pattern.length === 1 && typeof literal === 'string') {
        const channel = foldCase(literal);
        const variants = this.#channels.get(channel);
        if (variants) variants.push(variant);
        else this.#channels.set(channel, [variant]);
      } else {
        const matches = compilePattern(source.kind === 'channel' ? foldPattern(source.pattern) : source.pattern);
        (source.kind === 'channel' ? this.#channelPatterns : this.#filePatterns).push({ matches, variant });
      }
    }
  }

  #sourceOf({ logSource }: FlatEvent): LogSource | null {
    return this.#as === null || logSource?.key === windowsLog.key ? logSource : this.#as;
  }

  /** A channel is one of Windows, or of its Sysmon's for Linux, unless the event is told to be of another product. */
  #askedOf(event: FlatEvent, source: LogSource | null): Asked<E>[] {
    const found = new Set<Variant<E>>();
    const { channel } = event;
    if (channel === null) {
      for (const { matches, variant } of this.#filePatterns) if (matches(event.source)) found.add(variant);
    } else if (source === null || isEventLog(source)) {
      const folded = foldCase(channel);
      for (const variant of this.#channels.get(folded) ?? []) found.add(variant);
      for (const { matches, variant } of this.#channelPatterns) if (matches(folded)) found.add(variant);
    }
    const asked: Asked<E>[] = [...found].map((variant) => ({ variant, needsEvidence: false }));
    for (const variant of this.#told) {
      const reach = reachOf(variant.rule.logsource, source);
      if (reach === 'always') asked.push({ variant, needsEvidence: false });
      else if (reach === 'with-evidence' && !this.#isTrueOfNothing(variant))
        asked.push({ variant, needsEvidence: true });
    }
    return asked.sort((a, b) => a.variant.number - b.variant.number);
  }

  #isTrueOfNothing(variant: Variant<E>): boolean {
    const compiled = this.#compile(variant);
    return (compiled.isTrueOfNothing ??= isMatch(compiled.matcher, new EventView(this.#fields, emptyEvent)));
  }

  #bucketOf(event: FlatEvent, view: EventView): KnownBucket<E> {
    const source = this.#sourceOf(event);
    const place = event.channel ?? (this.#filePatterns.length > 0 ? `\0${event.source}` : '');
    const eventId = view.foldedText(this.#eventIdField) ?? null;
    const key = source === null ? '' : source.key;
    const known = this.#kinds.get(key)?.get(place)?.get(eventId);
    if (known) return known;
    if (++this.#kindCount > maxKinds) {
      this.#kinds.clear();
      this.#kindCount = 1;
    }
    const made = this.#makeBucket(this.#askedOf(event, source), eventId);
    let byPlace = this.#kinds.get(key);
    if (!byPlace) this.#kinds.set(key, (byPlace = new Map<string, Map<string | null, KnownBucket<E>>>()));
    let byId = byPlace.get(place);
    if (!byId) byPlace.set(place, (byId = new Map<string | null, KnownBucket<E>>()));
    byId.set(eventId, made);
    return made;
  }

  /** Buckets of the same rules are one. With an event id only the rules that can have it are in. */
  #makeBucket(all: readonly Asked<E>[], eventId: string | null): KnownBucket<E> {
    const asked = all.filter(({ variant }) => eventId === null || this.#canHave(variant, eventId));
    const key = asked.map(({ variant, needsEvidence }) => (needsEvidence ? -variant.number : variant.number)).join();
    const known = this.#buckets.get(key);
    if (known) return known;
    const rules = asked.map(({ variant }) => {
      const { matcher, clauses } = this.#compile(variant);
      return { matcher, clauses };
    });
    const made = { bucket: new Bucket(rules), asked };
    this.#buckets.set(key, made);
    return made;
  }

  /** The log source alone often tells, before the rule is compiled. */
  #canHave(variant: Variant<E>, eventId: string): boolean {
    const condition = variant.source.conditions.find(({ field }) => field === 'EventID');
    if (condition && !condition.values.some((value) => foldCase(String(value)) === eventId)) return false;
    const { eventIds } = this.#compile(variant);
    return eventIds === null || eventIds.has(eventId);
  }

  #compile(variant: Variant<E>): CompiledVariant {
    if (variant.compiled) return variant.compiled;
    const isEventId = (field: number) => foldFieldName(this.#fields.names[field] ?? '') === 'eventid';
    const matcher = this.#matcherOf(variant);
    const eventIds = necessaryTexts(matcher, isEventId);
    return (variant.compiled = { matcher, eventIds, clauses: witnessClauses(matcher, isEventId) });
  }

  #matcherOf({ entry, rule, filters, source }: Variant<E>): Matcher {
    try {
      const conditions = source.conditions.map(({ field, values }) =>
        compileDetection({ selections: { s: { field, values } }, condition: 's' }, this.#fields),
      );
      const sections = [rule.detection, ...filters].map((section) => compileDetection(section, this.#fields, source));
      return join('and', [...conditions, ...sections]);
    } catch (error) {
      if (!(error instanceof SigmaError)) throw error;
      this.broken.set(entry, error);
      return never;
    }
  }
}

function isEventLog({ names }: LogSource): boolean {
  return names.product === null || names.product.includes('windows') || names.service?.includes('sysmon') === true;
}

const never: Matcher = { kind: 'or', parts: [] };

/**
 * Whether a filter acts on a rule: one of its own pack (a local filter: of any), that it names or that it means by `any`,
 * and of its log source: each attribute that it names must be the rule's, in whatever case (Sigma filters 2.1, as pySigma
 * does). Correlations have no log source and are reached through the rules that they count. Held against what
 * {@link Ruleset} does by test/scanner/merge/filter-reach.test.ts.
 */
export function isReached(filter: RulesetEntry, target: RulesetEntry): boolean {
  if (!('filter' in filter.rule) || !('detection' in target.rule)) return false;
  if (filter.pack !== null && filter.pack !== target.pack) return false;
  const { rules } = filter.rule.filter;
  const { id, name, logsource } = target.rule;
  if (rules !== 'any' && !rules.includes(id) && (name === undefined || !rules.includes(name))) return false;
  const wanted = filter.rule.logsource;
  const isSame = (attribute: 'category' | 'product' | 'service') =>
    wanted[attribute] === undefined || wanted[attribute].toLowerCase() === logsource[attribute]?.toLowerCase();
  return isSame('category') && isSame('product') && isSame('service');
}
