import { type Indicator, isExpired } from '../../rules/ioc/indicator.js';
import { IndicatorMatcher } from '../../rules/ioc/matcher.js';
import { PoolMatcher } from '../../rules/pools/matcher.js';
import type { Pool } from '../../rules/pools/pool.js';
import { columnOf, type ElementRule, isIndicator, isTrusted, scoreOf, type Sought, soughtBy } from './element-rule.js';
import type { Fact } from './observation.js';
import { pathWords } from './path-words.js';
import { type Column, isApplied } from '../findings/element-table.js';
import { hostsOf } from './host-names.js';
import { type Evidence, type Verdict, weigh } from './verdict.js';

/** What a trusted indicator of the type acts on: the bad hosts of the same fact, or the score of the whole element. */
const actsOn: Readonly<Record<Column, 'hosts' | 'element'>> = {
  domain: 'hosts',
  fqdn: 'hosts',
  ip: 'hosts',
  cidr: 'hosts',
  md5: 'element',
  sha1: 'element',
  sha256: 'element',
  imphash: 'element',
  filename: 'element',
  url: 'element',
  email: 'element',
  keyword: 'element',
  pipe: 'element',
  handle: 'element',
  'registry-key': 'element',
  'pool host': 'hosts',
  'pool suffix': 'hosts',
  'pool pattern': 'hosts',
  'pool address': 'hosts',
  'pool port': 'element',
  'pool scheme': 'element',
  'pool text': 'element',
};

/** Whether a line must be taken apart to find it; else the text of the line gives it too. */
const isInFields: Readonly<Record<Column, boolean>> = {
  url: true,
  pipe: true,
  handle: true,
  'pool port': true,
  md5: false,
  sha1: false,
  sha256: false,
  imphash: false,
  filename: false,
  domain: false,
  fqdn: false,
  ip: false,
  cidr: false,
  email: false,
  keyword: false,
  'registry-key': false,
  'pool host': false,
  'pool suffix': false,
  'pool pattern': false,
  'pool address': false,
  'pool scheme': false,
  'pool text': false,
};

/** Everything that indicators and pools say about an element. */
export class Judge {
  /** Digests that some indicator needs; the others need not be computed. */
  readonly hashTypes: ReadonlySet<'md5' | 'sha1' | 'sha256' | 'imphash'>;
  /** Rules in use: those whose time is not over. */
  readonly size: number;
  /** Whether something is looked for that a line gives only when it is taken apart. */
  readonly needsFields: boolean;
  readonly #rules = new Map<Sought, ElementRule>();
  readonly #iocs: IndicatorMatcher<Indicator>;
  readonly #pools: PoolMatcher;
  readonly #hasTrusted: boolean;

  constructor(rules: readonly ElementRule[], now: Date) {
    const types = new Set<Column>();
    for (const rule of rules) {
      if (rule.kind === 'ioc' && isExpired(rule.indicator, now)) continue;
      const item = soughtBy(rule);
      this.#rules.set(item, rule);
      types.add(columnOf(item));
    }
    this.size = this.#rules.size;
    const items = [...this.#rules.keys()];
    this.#iocs = new IndicatorMatcher(items.filter(isIndicator));
    this.#pools = new PoolMatcher(items.filter((item): item is Pool => !isIndicator(item)));
    this.hashTypes = new Set((['md5', 'sha1', 'sha256', 'imphash'] as const).filter((type) => types.has(type)));
    this.needsFields = [...types].some((type) => isInFields[type]);
    this.#hasTrusted = items.some((item) => isIndicator(item) && item.role === 'trusted');
  }

  /** Whether some line of a text may hold anything; false is sure, and quickly found. */
  mayMatch(text: string): boolean {
    return this.#iocs.mayMatchText(text) || this.#pools.mayMatchText(text);
  }

  /** What the facts of one element come to, or null where nothing of weight was found. */
  judge(facts: readonly Fact[]): Verdict | null {
    return weigh(this.evidenceIn(facts));
  }

  /** What the facts hold, each rule once, with the highest score that one of the facts gives it. */
  evidenceIn(facts: readonly Fact[], into = new Map<ElementRule, Evidence>()): Map<ElementRule, Evidence> {
    for (const fact of facts) {
      const items = this.#itemsIn(fact);
      if (items.size === 0) continue;
      const allowed = this.#hasTrusted ? this.#allowedIn(fact, items) : null;
      for (const item of items) {
        const rule = this.#rules.get(item);
        if (rule === undefined || !isApplied(columnOf(item), fact.kind)) continue;
        if (isTrusted(item) && actsOn[columnOf(item)] === 'hosts') continue; // it acts on the hosts of this fact alone
        const score = scoreOf(item) - (allowed?.get(item) ?? 0);
        const known = into.get(rule);
        if (known === undefined || known.score < score) into.set(rule, { rule, fact, score });
      }
    }
    return into;
  }

  #itemsIn(fact: Fact): Set<Sought> {
    const { kind, value } = fact;
    switch (kind) {
      case 'path':
        return new Set(this.#iocs.matchPath(value));
      case 'hash':
      case 'imphash':
        return new Set(this.#iocs.matchHash(value));
      case 'host':
      case 'address':
        return new Set<Sought>([...this.#iocs.matchHost(value), ...this.#pools.matchHost(value)]);
      case 'url':
        return new Set<Sought>([
          ...this.#iocs.matchUrl(value),
          ...hostsOf(fact).flatMap((host) => this.#pools.matchHost(host)),
        ]);
      case 'port':
        return new Set(this.#pools.matchPort(Number(value)));
      case 'pipe':
        return new Set(this.#iocs.matchPipe(value));
      case 'handle':
        return new Set(this.#iocs.matchHandle(value));
      case 'registry-key':
        return new Set(this.#iocs.matchText(value));
      case 'text':
        return new Set<Sought>([
          ...this.#iocs.matchText(value),
          ...this.#namedIn(value),
          ...this.#pools.matchText(value),
        ]);
    }
  }

  /** File names that stand in a text as a word. Where an exception may stand elsewhere in the text, the text decides. */
  #namedIn(text: string): Indicator[] {
    return pathWords(text)
      .flatMap((word) => this.#iocs.matchPath(word))
      .filter(({ falsePositive }) => falsePositive === undefined);
  }

  /** By how much allowed hosts lower the others of a fact: those that stand nowhere in it but in an allowed host. */
  #allowedIn(fact: Fact, items: ReadonlySet<Sought>): ReadonlyMap<Sought, number> | null {
    if (![...items].some((item) => isTrusted(item) && actsOn[columnOf(item)] === 'hosts')) return null;
    const lowered = new Map<Sought, number>();
    for (const host of hostsOf(fact)) {
      const found = [...this.#iocs.matchHost(host), ...this.#pools.matchHost(host)];
      const allowing = found.filter(isTrusted);
      for (const item of found) {
        if (isTrusted(item)) continue;
        const by = Math.max(
          0,
          ...allowing.filter((one) => this.#reaches(one, item)).map(({ score }) => Math.abs(score)),
        );
        lowered.set(item, Math.min(by, scoreOf(item), lowered.get(item) ?? Infinity));
      }
    }
    return lowered;
  }

  #reaches(trusted: Indicator, other: Sought): boolean {
    const source = this.#rules.get(trusted)?.source;
    return source?.origin === 'custom' || source?.pack === this.#rules.get(other)?.source.pack;
  }
}
