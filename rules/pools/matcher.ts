import { domainSuffixes, normaliseDomain } from '../ioc/domain.js';
import { normaliseIp } from '../ioc/address.js';
import { HostMatcher } from '../ioc/host-matcher.js';
import type { Indicator } from '../ioc/indicator.js';
import { LiteralSearch } from '../ioc/literal-search.js';
import { compileHostPattern, type HostPattern } from './host-pattern.js';
import { barePattern, type Pool } from './pool.js';

interface PoolHost extends Indicator {
  readonly pool: Pool;
}

type Literal =
  { readonly kind: 'text'; readonly pool: Pool } | { readonly kind: 'pattern'; readonly host: HostPatternOf };

interface HostPatternOf {
  readonly pattern: HostPattern;
  readonly pool: Pool;
}

/** Answers which pools a host, an address, a port or a text names. Hosts match on label boundaries only. */
export class PoolMatcher {
  readonly #hosts = new Map<string, Pool[]>();
  readonly #suffixes = new Map<string, Pool[]>();
  readonly #addresses = new Map<string, Pool[]>();
  readonly #ports = new Map<number, Pool[]>();
  readonly #patterns: HostPatternOf[] = [];
  /** The hosts, suffixes and addresses once more, to be found inside texts. */
  readonly #named = new HostMatcher<PoolHost>();
  readonly #literals: LiteralSearch<Literal>;

  constructor(pools: Iterable<Pool>) {
    const literals: [string, Literal][] = [];
    for (const pool of pools)
      switch (pool.match) {
        case 'host':
          push(this.#hosts, pool.pattern, pool);
          this.#addNamed('fqdn', pool);
          break;
        case 'suffix':
          push(this.#suffixes, barePattern(pool), pool);
          this.#addNamed('domain', pool);
          break;
        case 'address':
          push(this.#addresses, pool.pattern, pool);
          this.#addNamed('ip', pool);
          break;
        case 'port':
          push(this.#ports, Number(barePattern(pool)), pool);
          break;
        case 'pattern': {
          const host = { pattern: compileHostPattern(pool.pattern), pool };
          this.#patterns.push(host);
          literals.push([longestPart(pool.pattern), { kind: 'pattern', host }]);
          break;
        }
        case 'scheme':
        case 'text':
          literals.push([pool.pattern.toLowerCase(), { kind: 'text', pool }]);
      }
    this.#literals = new LiteralSearch(literals);
  }

  /** `host` in any spelling of a domain name or address; anything else matches nothing. */
  matchHost(host: string): Pool[] {
    const name = normaliseDomain(host);
    if (name === null) return this.#addresses.get(normaliseIp(host) ?? '') ?? [];
    const found = [...(this.#hosts.get(name) ?? [])];
    for (const suffix of domainSuffixes(name)) found.push(...(this.#suffixes.get(suffix) ?? []));
    for (const { pattern, pool } of this.#patterns) if (pattern.test(name)) found.push(pool);
    return found;
  }

  matchPort(port: number): Pool[] {
    return this.#ports.get(port) ?? [];
  }

  /**
   * Schemes and texts in any case, and every host and address that stands between other characters, in a command line, a
   * script, a configuration or a log line. Each pool once.
   */
  matchText(text: string): Pool[] {
    const found = new Set<Pool>();
    const folded = text.toLowerCase();
    for (const { value, start, end } of this.#literals.find(folded))
      if (value.kind === 'text') found.add(value.pool);
      else if (!found.has(value.host.pool)) {
        const name = normaliseDomain(hostAround(folded, start, end));
        if (name !== null && value.host.pattern.test(name)) found.add(value.host.pool);
      }
    for (const { pool } of this.#named.matchText(text)) found.add(pool);
    return [...found];
  }

  /** Whether a part of the text, at the least a line of it, may give {@link matchText} something; false is sure. */
  mayMatchText(text: string): boolean {
    return (this.#literals.size > 0 && this.#literals.isIn(text.toLowerCase())) || this.#named.mayMatchText(text);
  }

  #addNamed(type: 'fqdn' | 'domain' | 'ip', pool: Pool): void {
    this.#named.add({ type, value: barePattern(pool), score: pool.score, pool });
  }
}

/** What every host that fits the pattern holds. */
function longestPart(pattern: string): string {
  return pattern.split('*').reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}

const maxHostLength = 253;

/** The host name, in lower case, that the characters from `start` to `end` are part of. */
function hostAround(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from > 0 && start - from <= maxHostLength && isHostCharacter(text.charCodeAt(from - 1))) from--;
  while (to < text.length && to - end <= maxHostLength && isHostCharacter(text.charCodeAt(to))) to++;
  return text.slice(from, to).replace(/^[.-]+|[.-]+$/g, '');
}

function isHostCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2d || code === 0x5f
  );
}

function push<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const values = table.get(key);
  if (values === undefined) table.set(key, [value]);
  else values.push(value);
}
