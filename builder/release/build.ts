import { join } from 'node:path';
import { sha256Hex } from '../../base/bytes.js';
import { buildTime, type Clock, formatSeconds } from '../../base/clock.js';
import { writeFileAtomic } from '../../base/files.js';
import type { Json } from '../../base/json.js';
import type { PublicKey } from '../../keys/key.js';
import type { TargetsRole } from '../../keys/roles.js';
import type { Signer } from '../../keys/signer.js';
import { encodeItem, type Item, type ItemKind } from '../../packs/item.js';
import { countItems } from '../../packs/manifest.js';
import { maxSequenceStep } from '../../packs/release-order.js';
import { sealPack, type SealedPack } from '../../packs/pack.js';
import type { Fault } from '../../rules/fault.js';
import { attributionsOf } from '../compile/attribution.js';
import { type CompiledPack, compilePack, isBlocking, type LeftOut } from '../compile/compile.js';
import type { SampleResults, TestSamples } from '../compile/samples.js';
import type { Config } from '../config/config.js';
import type { PackConfig } from '../config/pack-config.js';
import { BuilderError } from '../error.js';
import type { Feed } from '../feeds/feed.js';
import { type FeedReport, saveFeeds } from '../feeds/release.js';

export interface ReleaseNumber {
  readonly version: string;
  readonly sequence: number;
}

export interface SealOptions {
  readonly release: ReleaseNumber;
  readonly createdAt: Date;
  readonly signers: readonly Signer[];
  readonly recipients: readonly PublicKey[];
  readonly rollbackOf?: string;
  /** Null when no samples were run. */
  readonly tests: Json;
}

export interface BuildReport {
  readonly pack: string;
  readonly feature: string;
  readonly channel: string;
  readonly version: string;
  readonly sequence: number;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly contentDigest: string;
  readonly filesRead: number;
  readonly counts: Readonly<Record<ItemKind, number>>;
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly Fault[];
  readonly tests: Json;
  readonly feeds: readonly FeedReport[];
}

/** Where a pack stands among the repository's targets and, below `out/`, on disk. */
export function targetPath({ feature, pack, channel }: Pick<PackConfig, 'feature' | 'pack' | 'channel'>): string {
  return `${feature}/${pack}/${channel}.yms`;
}

/**
 * Compiles the sources of a pack, and refuses when one of them is broken.
 *
 * @throws BuilderError `duplicate-id`, `rules-faulty` (both with all faults), `samples-failed`, `pack-empty`
 */
export async function compileRelease(
  config: Config,
  pack: PackConfig,
  testSamples?: TestSamples,
  now?: Date,
): Promise<{ compiled: CompiledPack; tests: Json }> {
  const compiled = await compilePack(config.folder, pack, now);
  refuseFaults(compiled);
  const results = testSamples ? await testSamples(config.folder, compiled) : null;
  const passed = results === null ? compiled : withoutFailed(compiled, results);
  if (passed.rules.length === 0)
    throw new BuilderError('pack-empty', `pack ${pack.label}: expected at least one rule, got none`, {
      hint: `${compiled.leftOut.length} files or rules were left out: see yms lint ${pack.label}`,
    });
  return { compiled: passed, tests: results?.record ?? null };
}

function refuseFaults({ config, faults }: CompiledPack): void {
  const blocking = faults.filter(
    (fault) => isBlocking(fault) && (fault.code === 'id-taken' || config.faulty === 'refuse'),
  );
  const [first] = blocking;
  if (!first) return;
  const rest = blocking.length > 1 ? ` and ${blocking.length - 1} more` : '';
  throw new BuilderError(
    first.code === 'id-taken' ? 'duplicate-id' : 'rules-faulty',
    `pack ${config.label}: expected faultless rules, got ${first.message}${rest}`,
    { faults: blocking, place: first.place, hint: 'yms lint lists every fault; nothing was written' },
  );
}

function withoutFailed(compiled: CompiledPack, { failed }: SampleResults): CompiledPack {
  if (failed.size === 0) return compiled;
  const { config, rules, leftOut } = compiled;
  const [first] = failed;
  if (config.tests.failing === 'refuse' && first)
    throw new BuilderError('samples-failed', `rule ${first[0]}: expected its samples to pass, got ${first[1]}`, {
      hint: `${failed.size} rule(s) failed; nothing was written`,
    });
  const out = rules.filter(({ item }) => failed.has(item.id));
  return {
    ...compiled,
    rules: rules.filter(({ item }) => !failed.has(item.id)),
    leftOut: [
      ...leftOut,
      ...out.map(({ item, file }) => ({ file, id: item.id, reason: `samples: ${failed.get(item.id) ?? ''}` })),
    ],
  };
}

/** The items of a pack: its rules, and who wrote them. @throws PackError `item-malformed` */
export function packItems(compiled: CompiledPack): Item[] {
  const attributions = attributionsOf(compiled.rules);
  return [...compiled.rules.map(({ item }) => item), ...attributions].map(({ kind, id, value }) =>
    encodeItem(kind, id, value),
  );
}

/** The sealed pack of compiled rules. With the same rules and numbers its plaintext is the same on every machine. */
export async function sealRelease(compiled: CompiledPack, options: SealOptions): Promise<SealedPack> {
  const { feature, pack, channel, minimumClient } = compiled.config;
  const { release, createdAt, signers, recipients, rollbackOf, tests } = options;
  return await sealPack(
    {
      feature,
      pack,
      channel,
      minimumClient,
      ...release,
      createdAt: formatSeconds(createdAt),
      ...(rollbackOf !== undefined && { rollbackOf }),
      items: packItems(compiled),
      build: { sources: compiled.sources.map((source) => ({ ...source })), tests },
    },
    { signers, recipients },
  );
}

/**
 * The next number after the published one: sequence + 1, and the date with a count of the day's releases. A pack that the
 * role does not list may have been withdrawn; its number starts above the count of all releases that the role ever had.
 *
 * @param role null before the first release of an epoch
 * @throws BuilderError `sequence-invalid`
 */
export function nextRelease(
  role: TargetsRole | null,
  path: string,
  time: Date,
  given: { version?: string | undefined; sequence?: number | undefined; maxStep?: number },
): ReleaseNumber {
  const last = role?.targets[path]?.custom ?? null;
  const before = last?.sequence ?? 0;
  const most = before + (given.maxStep ?? maxSequenceStep);
  const sequence = given.sequence ?? (last === null ? Math.min((role?.version ?? 0) + 1, most) : before + 1);
  if (!Number.isSafeInteger(sequence) || sequence <= before || sequence > most)
    throw new BuilderError(
      'sequence-invalid',
      `${path}: expected a sequence of ${before + 1} to ${most}, got ${sequence}`,
      before + 1 > Number.MAX_SAFE_INTEGER
        ? { hint: `the numbers are used up: take the feature from its key with yms targets evict` }
        : {},
    );
  const date = formatSeconds(time).slice(0, 10).replaceAll('-', '.');
  const count = new RegExp(`^${date.replaceAll('.', '\\.')}\\.(\\d{1,6})$`).exec(last?.version ?? '')?.[1] ?? '0';
  return { sequence, version: given.version ?? `${date}.${Number(count) + 1}` };
}

/** The moment that goes into a pack: `SOURCE_DATE_EPOCH` or now. @throws BuilderError `option-invalid` */
export function releaseTime(clock: Clock): Date {
  try {
    return buildTime(clock);
  } catch (cause) {
    throw new BuilderError('option-invalid', (cause as Error).message, { cause });
  }
}

/** Writes the feeds and then `out/<feature>/<pack>/<channel>.yms`, each whole or not at all. */
export async function saveRelease(
  out: string,
  compiled: CompiledPack,
  sealed: SealedPack,
  tests: Json,
  feeds: readonly Feed[] = [],
): Promise<BuildReport> {
  const { label, feature, channel } = compiled.config;
  const file = join(out, targetPath(compiled.config));
  const sha256 = sha256Hex(sealed.bytes);
  const feedReports = await saveFeeds(out, compiled.config, sha256, feeds);
  await writeFileAtomic(file, sealed.bytes);
  const counts = { ...countItems([]), attribution: attributionsOf(compiled.rules).length };
  for (const { item } of compiled.rules) counts[item.kind]++;
  return {
    pack: label,
    feature,
    channel,
    version: sealed.header.version,
    sequence: sealed.header.sequence,
    file,
    bytes: sealed.bytes.length,
    sha256,
    contentDigest: sealed.contentDigest,
    filesRead: compiled.filesRead,
    counts,
    leftOut: compiled.leftOut,
    warnings: compiled.faults,
    tests,
    feeds: feedReports,
  };
}
