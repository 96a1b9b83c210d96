import { compareUtf8 } from '../../base/bytes.js';
import type { Json } from '../../base/json.js';
import type { RuleKind } from '../../base/rule-kind.js';
import { parseAddress, parseCidr } from '../../rules/ioc/address.js';
import { indicatorId, type Indicator } from '../../rules/ioc/indicator.js';
import type { IndicatorType } from '../../rules/ioc/value.js';
import type { CompiledItem } from '../../rules/item.js';
import { barePattern, type Pool } from '../../rules/pools/pool.js';

export const entryKinds = [
  'domain', // the name and everything below it
  'host', // the name alone
  'pattern', // of host names, as in docs/spec/indicators.md
  'address',
  'network',
  'url',
  'email',
  'md5',
  'sha1',
  'sha256',
  'other',
] as const;

export type EntryKind = (typeof entryKinds)[number];

/** One thing that a device is told of; `value` is in the normal form of its indicator or pool. */
export interface FeedEntry {
  readonly kind: EntryKind;
  readonly value: string;
  readonly score: number;
  /** What a person reads when it is hit: free text, to be made harmless by each format. */
  readonly note: string;
  readonly reference: string | undefined;
  /** For formats that carry indicators whole; null where a pool is no single host. */
  readonly indicator: Indicator | null;
}

/** The entries of a pack, sorted by kind and value, and what it trusts. */
export interface PackEntries {
  readonly entries: readonly FeedEntry[];
  readonly trusted: readonly Indicator[];
}

/** What a pack says that is no Sigma rule. A host that is an indicator and a pool counts once, with the higher score. */
export function packEntries(items: Iterable<CompiledItem>): PackEntries {
  const found = new Map<string, FeedEntry>();
  const trusted: Indicator[] = [];
  for (const { kind, value } of items) {
    const entry = entryMakers[kind]?.(value);
    if (entry === undefined) continue;
    if (entry.indicator?.role === 'trusted') {
      trusted.push(entry.indicator);
      continue;
    }
    const key = `${entry.kind}\0${entry.indicator === null ? entry.value : indicatorId(entry.indicator)}`;
    const other = found.get(key);
    if (other === undefined || other.score < entry.score) found.set(key, entry);
  }
  return { entries: [...found.values()].sort(compareEntries), trusted };
}

/** What a rule of each kind is to a device; null for rules about events, which no list of hosts can say. */
const entryMakers: Readonly<Record<RuleKind, ((value: Json) => FeedEntry) | null>> = {
  ioc: (value) => indicatorEntry(value as unknown as Indicator),
  pool: (value) => poolEntry(value as unknown as Pool),
  sigma: null,
  triage: null,
};

const indicatorKinds: Readonly<Record<IndicatorType, EntryKind>> = {
  domain: 'domain',
  fqdn: 'host',
  ip: 'address',
  cidr: 'network',
  url: 'url',
  email: 'email',
  md5: 'md5',
  sha1: 'sha1',
  sha256: 'sha256',
  imphash: 'other',
  filename: 'other',
  keyword: 'other',
  pipe: 'other',
  handle: 'other',
  'registry-key': 'other',
};

function indicatorEntry(indicator: Indicator): FeedEntry {
  const { type, value, score, description, source, reference } = indicator;
  const note = description ?? source ?? `listed ${type}`;
  return { kind: indicatorKinds[type], value, score, note, reference, indicator };
}

function poolEntry(pool: Pool): FeedEntry {
  const { match, score, coins, kind } = pool;
  const value = barePattern(pool);
  const sort = kind === 'proxy' ? 'mining proxy' : 'mining pool';
  const description = `${sort} ${pool.pool}${coins.length > 0 ? ` (${coins.join(', ')})` : ''}`.slice(0, 2000);
  const type = match === 'suffix' ? 'domain' : match === 'host' ? 'fqdn' : match === 'address' ? 'ip' : null;
  const indicator: Indicator | null =
    type === null ? null : { type, value, score, description, source: pool.source.slice(0, 2000) };
  const entryKind = type === null ? (match === 'pattern' ? 'pattern' : 'other') : indicatorKinds[type];
  return { kind: entryKind, value, score, note: description, reference: undefined, indicator };
}

/** By kind, then addresses by number, everything else by the bytes of its value. */
function compareEntries(a: FeedEntry, b: FeedEntry): number {
  return (
    entryKinds.indexOf(a.kind) - entryKinds.indexOf(b.kind) ||
    (a.kind === 'address' || a.kind === 'network' ? compareNetworks(a.value, b.value) : 0) ||
    compareUtf8(a.value, b.value) ||
    compareUtf8(a.indicator?.type ?? '', b.indicator?.type ?? '')
  );
}

function compareNetworks(a: string, b: string): number {
  const [left, right] = [firstAddress(a), firstAddress(b)];
  if (left.bits !== right.bits) return left.bits - right.bits;
  return left.number < right.number ? -1 : left.number > right.number ? 1 : 0;
}

function firstAddress(text: string): { bits: number; number: bigint } {
  const range = parseCidr(text);
  if (range !== null) return { bits: range.bits, number: range.first };
  return parseAddress(text) ?? { bits: 0, number: 0n };
}
