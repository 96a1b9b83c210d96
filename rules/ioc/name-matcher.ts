import type { Indicator } from './indicator.js';
import { LiteralSearch } from './literal-search.js';
import { MultiMap } from './multi-map.js';
import { foldCase, isPlain, LazyRegex } from './pattern.js';
import { requiredLiteral } from './regex-literal.js';
import { handleScope } from './value.js';

interface Named<T> {
  readonly indicator: T;
  readonly scope: string | null;
  readonly regex: LazyRegex;
}

/**
 * Names of one kind (pipes, handles): a plain indicator equals the name, an expression is found in it. An expression is
 * tried only on names that hold its literal.
 */
export class NameMatcher<T extends Indicator> {
  readonly #caseSensitive: boolean;
  readonly #plain = new MultiMap<string, { indicator: T; scope: string | null }>();
  readonly #byLiteral: LiteralSearch<Named<T>>;
  readonly #always: Named<T>[] = [];

  constructor(indicators: Iterable<T>, caseSensitive: boolean) {
    this.#caseSensitive = caseSensitive;
    const literals: [string, Named<T>][] = [];
    for (const indicator of indicators) {
      const { scope, name } = splitScope(indicator);
      if (isPlain(name)) {
        this.#plain.add(this.#key(name), { indicator, scope });
        continue;
      }
      const named = { indicator, scope, regex: new LazyRegex(name, caseSensitive) };
      const literal = requiredLiteral(name);
      if (literal === null) this.#always.push(named);
      else literals.push([literal, named]);
    }
    this.#byLiteral = new LiteralSearch(literals);
  }

  get isEmpty(): boolean {
    return this.#plain.size === 0 && this.#byLiteral.size === 0 && this.#always.length === 0;
  }

  /** `scope` is the name space that the name was found in, null where the element does not tell: then any will do. */
  match(name: string, scope: string | null = null): T[] {
    const found = new Set<T>();
    const isInScope = (wanted: string | null): boolean => wanted === null || scope === null || wanted === scope;
    for (const plain of this.#plain.get(this.#key(name))) if (isInScope(plain.scope)) found.add(plain.indicator);
    const candidates = new Set(this.#byLiteral.find(foldCase(name)).map(({ value }) => value));
    for (const named of [...candidates, ...this.#always])
      if (isInScope(named.scope) && named.regex.test(name)) found.add(named.indicator);
    return [...found];
  }

  #key(name: string): string {
    return this.#caseSensitive ? name : foldCase(name);
  }
}

function splitScope({ type, value }: Indicator): { scope: string | null; name: string } {
  const scope = type === 'handle' ? handleScope.exec(value) : null;
  return scope === null
    ? { scope: null, name: value }
    : { scope: scope[1] ?? null, name: value.slice(scope[0].length) };
}
