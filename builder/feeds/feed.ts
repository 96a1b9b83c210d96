import { sha256Hex, utf8 } from '../../base/bytes.js';
import { type FeedFormatName, feedFormatNames, feedFormatOf, maxFeedBytes } from '../../packs/feed.js';
import type { CompiledItem } from '../../rules/item.js';
import type { FeedPlan } from '../config/pack-config.js';
import { BuilderError } from '../error.js';
import { adguard } from './adguard.js';
import { addresses } from './addresses.js';
import { parentIn, TrustedHosts, withoutCovered } from './coverage.js';
import { dnsmasq } from './dnsmasq.js';
import { domains } from './domains.js';
import { packEntries, type FeedEntry, type PackEntries } from './entry.js';
import type { FeedFormat, FeedHeading } from './format.js';
import { hosts } from './hosts.js';
import { plainComment } from './line.js';
import { nftables } from './nftables.js';
import { rpz } from './rpz.js';
import { sigma } from './sigma.js';
import { snort } from './snort.js';
import { squid } from './squid.js';
import { stix } from './stix.js';
import { suricata } from './suricata.js';
import { unbound } from './unbound.js';
import { zeek } from './zeek.js';

const formats: Readonly<Record<FeedFormatName, FeedFormat>> = {
  hosts,
  domains,
  addresses,
  rpz,
  dnsmasq,
  unbound,
  adguard,
  nftables,
  suricata,
  snort,
  zeek,
  squid,
  sigma,
  stix,
};

/** What became of the pack's indicators and pools; all counts together are all of them that are not trusted. */
export interface FeedCounts {
  readonly entries: number;
  /** Of these, said without what is below them, because the format cannot. */
  readonly inPart: number;
  /** Not repeated, since an entry takes them in. */
  readonly covered: number;
  readonly leftOut: {
    /** The format has no way to say it. */
    readonly format: number;
    readonly score: number;
    /** It would block what the pack trusts. */
    readonly trusted: number;
  };
}

export interface Feed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly counts: FeedCounts;
}

/**
 * The feeds of a pack: the same items, plans and heading give the same bytes.
 *
 * @throws BuilderError `feed-format`, `feed-too-large`
 */
export function makeFeeds(
  items: Iterable<CompiledItem>,
  plans: readonly FeedPlan[],
  heading: Omit<FeedHeading, 'name'>,
): Feed[] {
  const pack = packEntries(items);
  return plans.map((plan) => makeFeed(pack, plan, { ...heading, name: plan.name }));
}

function makeFeed(pack: PackEntries, { name, minScore }: FeedPlan, heading: FeedHeading): Feed {
  const known = feedFormatOf(name);
  if (known === null)
    throw new BuilderError('feed-format', `feed: expected one of ${feedFormatNames.join(', ')}, got "${name}"`);
  const format = formats[known];
  const { entries, allowed, counts } = selectEntries(pack, format, minScore);
  const comment = format.comment;
  const lines = comment === null ? [] : headingLines(heading, counts).map((line) => `${comment}${line}`);
  let length = 0;
  for (const line of format.write({ heading, entries, allowed })) {
    lines.push(line);
    length += line.length + 1;
    if (length > maxFeedBytes) throw feedTooLarge(heading);
  }
  const bytes = utf8(`${lines.join('\n')}\n`);
  if (bytes.length > maxFeedBytes) throw feedTooLarge(heading);
  return { name, bytes, sha256: sha256Hex(bytes), counts };
}

function feedTooLarge({ feature, pack, name }: FeedHeading): BuilderError {
  return new BuilderError(
    'feed-too-large',
    `feed ${name} of ${feature}/${pack}: expected at most ${maxFeedBytes} bytes, got more`,
    { hint: 'raise minScore of the feed, or divide the pack' },
  );
}

/** Score, then trust, then what the format can say, then what is covered: each entry is counted at the first that takes it. */
function selectEntries(
  pack: PackEntries,
  format: FeedFormat,
  minScore: number,
): { entries: FeedEntry[]; allowed: string[]; counts: FeedCounts } {
  const trusted = new TrustedHosts(pack.trusted);
  const scored = pack.entries.filter(({ score }) => score >= minScore);
  const said = scored.filter((entry) => !trusted.holds(entry) && format.says(entry) !== null);
  const unsaid = scored.filter((entry) => !trusted.holds(entry) && format.says(entry) === null).length;
  const wholeDomains = said.every((entry) => entry.kind !== 'domain' || format.says(entry) === 'whole');
  const domainNames = new Set(wholeDomains ? said.filter(isDomain).map(({ value }) => value) : []);
  const exceptions = trusted.exceptions(domainNames);
  const parents = new Set(exceptions.flatMap((name) => parentsIn(name, domainNames)));
  const kept = format.exceptions ? said : said.filter((entry) => !(isDomain(entry) && parents.has(entry.value)));
  const entries = withoutCovered(kept, wholeDomains);
  return {
    entries,
    allowed: format.exceptions ? exceptions : [],
    counts: {
      entries: entries.length,
      inPart: entries.filter((entry) => format.says(entry) === 'part').length,
      covered: kept.length - entries.length,
      leftOut: {
        format: unsaid,
        score: pack.entries.length - scored.length,
        trusted: scored.length - unsaid - kept.length,
      },
    },
  };
}

function isDomain({ kind }: FeedEntry): boolean {
  return kind === 'domain';
}

function parentsIn(name: string, domainNames: ReadonlySet<string>): string[] {
  const parents: string[] = [];
  for (let next = parentIn(name, domainNames); next !== null; next = parentIn(next, domainNames)) parents.push(next);
  return parents;
}

function headingLines(heading: FeedHeading, { entries, inPart, leftOut }: FeedCounts): string[] {
  const { feature, pack, channel, version, sequence, createdAt, terms } = heading;
  return [
    `Title: yms ${feature}/${pack}, ${channel}, ${heading.name}`,
    `Version: ${version}, sequence ${sequence}, made ${createdAt}`,
    `Entries: ${entries}`,
    ...(inPart > 0 ? [`In part: ${inPart} domains without the names below them, which this format cannot say`] : []),
    `Left out: ${leftOut.format} that this format cannot say, ${leftOut.score} by score, ${leftOut.trusted} trusted`,
    ...terms.map((term) => `Terms: ${term}`),
    'Made by yms; changes are lost with the next release',
  ].map((line) => plainComment(line));
}
