import { normaliseIp } from '../ioc/address.js';
import { domainSuffixes, normaliseDomain } from '../ioc/domain.js';
import { LiteralSearch } from '../ioc/literal-search.js';
import { compileHostPattern, type HostPattern } from './host-pattern.js';
import { barePattern, type Pool } from './pool.js';

/** Answers which pools a host, an address, a port or a text names. Hosts match on label boundaries only. */
export class PoolMatcher {
  readonly #hosts = new Map<string, Pool[]>();
  readonly #suffixes = new Map<string, Pool[]>();
  readonly #addresses = new Map<string, Pool[]>();
  readonly #ports = new Map<number, Pool[]>();
  readonly #patterns: { pattern: HostPattern; pool: Pool }[] = [];
  readonly #texts: LiteralSearch<Pool>;

  constructor(pools: Iterable<Pool>) {
    const texts: [string, Pool][] = [];
    for (const pool of pools)
      switch (pool.match) {
        case 'host':
          push(this.#hosts, pool.pattern, pool);
          break;
        case 'suffix':
          push(this.#suffixes, barePattern(pool), pool);
          break;
        case 'address':
          push(this.#addresses, pool.pattern, pool);
          break;
        case 'port':
          push(this.#ports, Number(barePattern(pool)), pool);
          break;
        case 'pattern':
          this.#patterns.push({ pattern: compileHostPattern(pool.pattern), pool });
          break;
        case 'scheme':
        case 'text':
          texts.push([pool.pattern.toLowerCase(), pool]);
      }
    this.#texts = new LiteralSearch(texts);
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

  /** Schemes and texts, in any case, anywhere in a command line, a script, a configuration or a log line. */
  matchText(text: string): Pool[] {
    return this.#texts.find(text.toLowerCase()).map(({ value }) => value);
  }
}

function push<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const values = table.get(key);
  if (values === undefined) table.set(key, [value]);
  else values.push(value);
}
