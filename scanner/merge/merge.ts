import { sha256Hex, utf8 } from '../../base/bytes.js';
import type { Fault, Place } from '../../rules/fault.js';
import { isReached } from '../../rules/sigma/ruleset.js';
import type { CustomRules, LocalItem } from './custom.js';
import { type DecodedItem, isRule, type RuleItem } from '../active/decode.js';
import { mergeTriage } from '../../rules/triage/merge.js';
import { type MergedRule, reachOf, type Source } from './merged-rule.js';
import { packKey } from '../state/pointer.js';
import { triageSources } from './triage-sources.js';

/** A local rule in place of one or more pack rules with its id. */
export interface Override {
  readonly kind: RuleItem['kind'];
  readonly id: string;
  readonly file: string;
  readonly replaces: readonly Source[];
  /** "Upstream changed under your override": a pack's rule is another one than the override was written over. */
  readonly upstreamChanged: boolean;
}

export interface Disabled {
  readonly id: string;
  readonly reason: string | null;
  readonly place: Place;
  /** What it took away; empty for an id that no rule has. */
  readonly rules: readonly Source[];
}

/** A Sigma filter and the rules that it narrows. */
export interface AppliedFilter {
  readonly id: string;
  readonly title: string;
  readonly source: Source;
  readonly rules: readonly string[];
}

/** What an override was written over: SHA-256 of the pack's line and of the local one at that time. */
export interface RememberedOverride {
  readonly kind: RuleItem['kind'];
  readonly id: string;
  readonly pack: string;
  readonly upstreamSha256: string;
  readonly localSha256: string;
}

export interface MergeInput {
  readonly packs: readonly {
    readonly feature: string;
    readonly pack: string;
    readonly channel: string;
    readonly version: string;
    readonly rules: readonly DecodedItem[];
  }[];
  readonly custom: CustomRules;
  readonly remembered: readonly RememberedOverride[];
}

export interface MergedRules {
  readonly rules: readonly MergedRule[];
  readonly overrides: readonly Override[];
  readonly disabled: readonly Disabled[];
  readonly filters: readonly AppliedFilter[];
  readonly faults: readonly Fault[];
  /** To be remembered from now on. */
  readonly remember: readonly RememberedOverride[];
}

/**
 * Puts the packs of an endpoint and its local rules together. Pure. Only local configuration reaches across packs: a
 * rule with an id that two packs have is in use twice, once for each.
 */
export function mergeRules({ packs, custom, remembered }: MergeInput): MergedRules {
  const local = new Map((packs.length === 0 ? [] : custom.items).map((item) => [itemKey(item), item]));
  const disabledIds = new Set(custom.disabled.map(({ id }) => id));
  const replaced = new Map<string, { rule: MergedRule; digest: string }[]>();
  const taken = new Map<string, Source[]>();
  const rules: MergedRule[] = [];

  const keepUnlessDisabled = (rule: MergedRule): void => {
    if (disabledIds.has(rule.id)) append(taken, rule.id, rule.source);
    else rules.push(rule);
  };
  for (const { version, rules: ofPack, ...name } of packs) {
    const source: Source = { origin: 'pack', pack: packKey(name), version, file: null };
    for (const item of ofPack.filter(isRule)) {
      const rule = { ...item, source };
      if (local.has(itemKey(item))) append(replaced, itemKey(item), { rule, digest: sha256Hex(utf8(item.line)) });
      else keepUnlessDisabled(rule);
    }
  }
  let last: Source | null = null; // the items of a file share one
  for (const item of custom.items) {
    if (last?.file !== item.file || last.pack !== packOf(item)) last = sourceOf(item);
    keepUnlessDisabled({ ...item, source: last });
  }

  const remember = [...replaced].flatMap(([key, upstream]) => rememberAll(local.get(key), upstream, remembered));
  return {
    rules,
    overrides: [...replaced].flatMap(([key, upstream]) => overrideOf(local.get(key), upstream, remember)),
    disabled: custom.disabled.map(({ id, reason, place }) => ({
      id,
      reason: reason ?? null,
      place,
      rules: taken.get(id) ?? [],
    })),
    filters: appliedFilters(rules),
    faults: [...custom.faults, ...mergeTriage(triageSources(rules)).faults],
    remember,
  };
}

type Upstream = readonly { readonly rule: MergedRule; readonly digest: string }[];

function rememberAll(
  local: LocalItem | undefined,
  upstream: Upstream,
  remembered: readonly RememberedOverride[],
): RememberedOverride[] {
  if (local === undefined) return [];
  const localSha256 = sha256Hex(utf8(local.line));
  const { kind, id } = local;
  return upstream.map(({ rule, digest }) => {
    const pack = rule.source.pack ?? '';
    const known = remembered.find((entry) => entry.kind === kind && entry.id === id && entry.pack === pack);
    const isUntouched = known?.localSha256 === localSha256; // else somebody wrote it anew, over the rule as it is now
    return { kind, id, pack, upstreamSha256: isUntouched ? known.upstreamSha256 : digest, localSha256 };
  });
}

function overrideOf(
  local: LocalItem | undefined,
  upstream: Upstream,
  remember: readonly RememberedOverride[],
): Override[] {
  if (local === undefined) return [];
  const { kind, id, file } = local;
  const upstreamChanged = upstream.some(({ rule, digest }) =>
    remember.some(
      (entry) =>
        entry.kind === kind && entry.id === id && entry.pack === rule.source.pack && entry.upstreamSha256 !== digest,
    ),
  );
  return [{ kind, id, file, replaces: upstream.map(({ rule }) => rule.source), upstreamChanged }];
}

/** What the engine narrows, asked of the engine's own predicate. */
function appliedFilters(rules: readonly MergedRule[]): AppliedFilter[] {
  const entries = rules.flatMap((item) =>
    item.kind === 'sigma' ? [{ rule: item.rule, pack: reachOf(item), source: item.source }] : [],
  );
  return entries.flatMap((filter) => {
    if (!('filter' in filter.rule)) return [];
    const { id, title } = filter.rule;
    const reached = entries.filter((entry) => isReached(filter, entry));
    return [{ id, title, source: filter.source, rules: reached.map(({ rule }) => rule.id) }];
  });
}

function sourceOf(item: LocalItem): Source {
  return { origin: 'custom', pack: packOf(item), version: item.pack?.version ?? null, file: item.file };
}

function packOf({ pack }: LocalItem): string | null {
  return pack ? `custom/${pack.name}` : null;
}

function itemKey({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind} ${id}`;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
