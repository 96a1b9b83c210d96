import { join } from 'node:path';
import { z } from 'zod';
import { decodeUtf8, sha256Hex } from '../../base/bytes.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { canonicalJson, parseJson } from '../../base/json.js';
import { feedPath, maxFeedBytes } from '../../packs/feed.js';
import type { PackHeader } from '../../packs/header.js';
import type { CompiledPack } from '../compile/compile.js';
import type { PackConfig } from '../config/pack-config.js';
import { BuilderError } from '../error.js';
import { type Feed, type FeedCounts, makeFeeds } from './feed.js';

/** Beside a pack in `out/`: which feeds were made together with it, so that no other is published with it. */
const recordSchema = z.strictObject({ pack: z.string(), feeds: z.record(z.string(), z.string()) });
const maxRecordBytes = 65_536;

/** A feed in `out/` that was made together with the pack beside it, ready for its target path. */
export interface BuiltFeed {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** What `yms build` reports of a feed. */
export interface FeedReport extends FeedCounts {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The feeds of a release, which say version and time of its pack. @throws BuilderError `feed-too-large` */
export function releaseFeeds({ config, rules }: CompiledPack, header: PackHeader): Feed[] {
  const { feature, pack, channel, version, sequence, createdAt } = header;
  const terms = config.sources.flatMap(({ license, origin }) =>
    license === null && origin === null ? [] : [[license, origin].filter((part) => part !== null).join(', ')],
  );
  return makeFeeds(
    rules.map(({ item }) => item),
    config.feeds,
    { feature, pack, channel, version, sequence, createdAt, terms: [...new Set(terms)].sort() },
  );
}

/** Writes `out/<feature>/<pack>/<channel>.feed.<name>` for each, then the record that ties them to the pack. */
export async function saveFeeds(
  out: string,
  config: PackConfig,
  packSha256: string,
  feeds: readonly Feed[],
): Promise<FeedReport[]> {
  const reports: FeedReport[] = [];
  for (const { name, bytes, sha256, counts } of feeds) {
    const file = join(out, feedPath({ ...config, name }));
    await writeFileAtomic(file, bytes);
    reports.push({ name, file, bytes: bytes.length, sha256, ...counts });
  }
  const record = { pack: packSha256, feeds: Object.fromEntries(feeds.map(({ name, sha256 }) => [name, sha256])) };
  if (feeds.length > 0) await writeFileAtomic(recordPath(out, config), canonicalJson(record));
  return reports;
}

/**
 * The feeds that `yms.yaml` wants beside a built pack, each as it was made together with it.
 *
 * @throws BuilderError `feed-missing`, `feed-stale`
 */
export async function loadFeeds(out: string, config: PackConfig, packSha256: string): Promise<BuiltFeed[]> {
  if (config.feeds.length === 0) return [];
  const file = recordPath(out, config);
  const bytes = await readFileIfPresent(file, maxRecordBytes);
  if (bytes === null) throw feedMissing(file);
  const record = recordSchema.safeParse(parseJson(decodeUtf8(bytes, file), file));
  if (!record.success || record.data.pack !== packSha256) throw feedStale(file, 'the feeds of another pack');
  const built: BuiltFeed[] = [];
  for (const { name } of config.feeds) {
    const path = feedPath({ ...config, name });
    const feed = await readFileIfPresent(join(out, path), maxFeedBytes);
    const expected = record.data.feeds[name];
    if (feed === null || expected === undefined) throw feedMissing(join(out, path));
    const sha256 = sha256Hex(feed);
    if (sha256 !== expected) throw feedStale(join(out, path), 'another file');
    built.push({ path, bytes: feed, sha256 });
  }
  return built;
}

function recordPath(out: string, { feature, pack, channel }: PackConfig): string {
  return join(out, feature, pack, `${channel}.feeds.json`);
}

const hint = 'run yms build again';

function feedMissing(file: string): BuilderError {
  return new BuilderError('feed-missing', `${file}: expected a feed that yms.yaml wants, got nothing`, { hint });
}

function feedStale(file: string, got: string): BuilderError {
  return new BuilderError('feed-stale', `${file}: expected what was made with the pack, got ${got}`, { hint });
}
