import { type Clock, dayMs, formatSeconds } from '../../base/clock.js';
import { epochOf } from '../../keys/keys-json.js';
import {
  type DelegatedRole,
  lifetimeDays,
  specVersion,
  type TargetCustom,
  type TargetsRole,
} from '../../keys/roles.js';
import { nextVersion } from '../../keys/versions.js';
import { feedPath } from '../../packs/feed.js';
import type { PackHeader } from '../../packs/header.js';
import { BuilderError } from '../error.js';
import type { ReleaseBase } from '../published/release-base.js';
import type { BuiltPack } from './built-pack.js';
import { covers, type Withdrawal, withdrawalWords } from './withdrawal.js';

/** What a role is to list and does not list yet. */
export interface AddedTarget {
  readonly path: string;
  /** Null for a feed. */
  readonly release: { readonly version: string; readonly sequence: number } | null;
  /** Whether another file stands at this path now. */
  readonly isReplacing: boolean;
}

/** `withdrawn` by this command, `evicted` as a key signed it that no longer counts, `superseded` by a pack without this feed. */
export type DropReason = 'withdrawn' | 'evicted' | 'superseded';

export interface DroppedTarget {
  readonly path: string;
  readonly release: { readonly version: string; readonly sequence: number } | null;
  readonly reason: DropReason;
}

/** What a publication does to the role of one feature, target by target: known before anything is sent. */
export interface RoleChange {
  readonly feature: string;
  readonly version: number;
  readonly expires: string;
  readonly epoch: number;
  readonly add: readonly AddedTarget[];
  /** Paths, sorted. */
  readonly keep: readonly string[];
  readonly drop: readonly DroppedTarget[];
}

export interface PublishPlan {
  /** Feature → its next role; features without a change are not here. */
  readonly roles: ReadonlyMap<string, TargetsRole>;
  /** One for each of `roles`. */
  readonly changes: readonly RoleChange[];
  /** The packs that the server does not list yet. */
  readonly packs: readonly BuiltPack[];
}

export interface PlanOptions {
  /** Features whose role is signed again although none of their packs is new. */
  readonly refresh: readonly string[];
  readonly withdraw?: readonly Withdrawal[];
  readonly clock: Clock;
}

/**
 * What a publication changes: per feature the current role with the new packs, its next version, good for 30 days. A
 * pack's feeds go with it: those of its last release are replaced, and dropped where it has them no more. What is
 * withdrawn goes with its feeds; and of an evicted feature everything that is not among `built`.
 *
 * @throws BuilderError `sequence-invalid` for a pack that is not newer than the published one, `pack-unknown` for a
 * withdrawal of what no role lists, `pack-unsigned` when a role with other keys would list what they did not sign
 */
export function planPublication(base: ReleaseBase, built: readonly BuiltPack[], options: PlanOptions): PublishPlan {
  const { refresh, withdraw = [], clock } = options;
  for (const one of withdraw) requireListed(base, one);
  const packs = built.filter((pack) => isNew(base, pack));
  const features = new Set([
    ...packs.map(({ header }) => header.feature),
    ...withdraw.map(({ feature }) => feature),
    ...refresh,
  ]);
  const roles = new Map<string, TargetsRole>();
  const changes: RoleChange[] = [];
  for (const feature of features) {
    const current = base.roles.get(feature) ?? null;
    const before = current?.targets ?? {};
    const targets = nextTargets(base, feature, before, { packs, built, withdraw });
    const role: TargetsRole = {
      _type: 'targets',
      spec_version: specVersion,
      version: nextVersion(current?.version ?? 0, { startsOver: base.startsOver, clock }),
      expires: formatSeconds(new Date(clock.now().getTime() + lifetimeDays.release * dayMs)),
      targets,
    };
    roles.set(feature, role);
    changes.push(changeOf(base, feature, role, { before, withdraw }));
  }
  return { roles, changes, packs };
}

type Targets = TargetsRole['targets'];

interface Changed {
  readonly packs: readonly BuiltPack[];
  readonly built: readonly BuiltPack[];
  readonly withdraw: readonly Withdrawal[];
}

function nextTargets(
  base: ReleaseBase,
  feature: string,
  before: Targets,
  { packs, built, withdraw }: Changed,
): Targets {
  const isKept = (path: string): boolean =>
    !withdraw.some((one) => covers(one, path)) && (!base.evicted.has(feature) || isVouchedFor(path, before, built));
  let targets = Object.fromEntries(Object.entries(before).filter(([path]) => isKept(path)));
  for (const { path, bytes, sha256, header, feeds } of packs) {
    if (header.feature !== feature) continue;
    targets = withoutFeeds(targets, header);
    targets[path] = { length: bytes.length, hashes: { sha256 }, custom: targetCustom(header) };
    for (const feed of feeds) targets[feed.path] = { length: feed.bytes.length, hashes: { sha256: feed.sha256 } };
  }
  if (base.rekeyed.has(feature)) requireVouchedFor(base, feature, targets, built);
  return targets;
}

/** A pack that lies in `out/` was verified under the keys of now; its feeds are signed for by the role alone. */
function isVouchedFor(path: string, targets: Targets, built: readonly BuiltPack[]): boolean {
  return built.some(
    (pack) =>
      (pack.path === path && pack.sha256 === targets[path]?.hashes.sha256) ||
      (path.startsWith(feedPath({ ...pack.header, name: '' })) &&
        pack.sha256 === targets[pack.path]?.hashes.sha256 &&
        pack.feeds.some((feed) => feed.path === path && feed.sha256 === targets[path]?.hashes.sha256)),
  );
}

/** The server would refuse it, but after everything was uploaded, and without knowing what the publisher can do. */
function requireVouchedFor(base: ReleaseBase, feature: string, targets: Targets, built: readonly BuiltPack[]): void {
  const unsigned = Object.keys(targets).filter(
    (path) =>
      path.endsWith('.yms') &&
      !built.some((pack) => pack.path === path && pack.sha256 === targets[path]?.hashes.sha256),
  );
  if (unsigned.length === 0 || keepsSigners(base, feature)) return;
  throw new BuilderError(
    'pack-unsigned',
    `role ${feature}: expected every pack that it lists built again with its new keys, got ${unsigned.join(', ')} of before`,
    {
      hint:
        `build it again, or withdraw it with --withdraw ${(unsigned[0] ?? '').replace(/\..*$/, '')}; ` +
        `if the old key was stolen: yms targets evict ${feature}`,
    },
  );
}

/** Whether whatever met the old threshold meets the new one. */
function keepsSigners(base: ReleaseBase, feature: string): boolean {
  const of = (roles: readonly DelegatedRole[] | undefined): DelegatedRole | undefined =>
    roles?.find(({ name }) => name === feature);
  const [before, after] = [of(base.delegatedBefore), of(base.targets.delegations?.roles)];
  if (!before || !after) return false;
  return after.threshold <= before.threshold && before.keyids.every((keyid) => after.keyids.includes(keyid));
}

function changeOf(
  base: ReleaseBase,
  feature: string,
  { version, expires, targets }: TargetsRole,
  { before, withdraw }: { readonly before: Targets; readonly withdraw: readonly Withdrawal[] },
): RoleChange {
  const isSame = (path: string): boolean => targets[path]?.hashes.sha256 === before[path]?.hashes.sha256;
  const reasonOf = (path: string): DropReason =>
    withdraw.some((one) => covers(one, path)) ? 'withdrawn' : base.evicted.has(feature) ? 'evicted' : 'superseded';
  return {
    feature,
    version,
    expires,
    epoch: epochOf(base.keys, feature),
    add: Object.keys(targets)
      .filter((path) => !isSame(path))
      .sort()
      .map((path) => ({ path, release: releaseOf(targets, path), isReplacing: Object.hasOwn(before, path) })),
    keep: Object.keys(targets).filter(isSame).sort(),
    drop: Object.keys(before)
      .filter((path) => !Object.hasOwn(targets, path))
      .sort()
      .map((path) => ({ path, release: releaseOf(before, path), reason: reasonOf(path) })),
  };
}

function releaseOf(targets: Targets, path: string): AddedTarget['release'] {
  const custom = targets[path]?.custom;
  return custom ? { version: custom.version, sequence: custom.sequence } : null;
}

function requireListed(base: ReleaseBase, withdrawal: Withdrawal): void {
  const listed = Object.keys(base.roles.get(withdrawal.feature)?.targets ?? {});
  if (withdrawal.pack === null ? base.roles.has(withdrawal.feature) : listed.some((path) => covers(withdrawal, path)))
    return;
  const packs = listed.filter((path) => path.endsWith('.yms')).map((path) => path.replace(/\.yms$/, ''));
  throw new BuilderError(
    'pack-unknown',
    `withdraw ${withdrawalWords(withdrawal)}: expected a pack that is published, got none of this name`,
    { hint: packs.length === 0 ? `${withdrawal.feature} has none` : `published are ${packs.join(', ')}` },
  );
}

function isNew(base: ReleaseBase, { path, sha256, header }: BuiltPack): boolean {
  const current = base.roles.get(header.feature)?.targets[path];
  if (!current || current.hashes.sha256 === sha256) return !current;
  const sequence = current.custom?.sequence ?? 0;
  if (base.evicted.has(header.feature) || header.sequence > sequence) return true;
  throw new BuilderError(
    'sequence-invalid',
    `${path}: expected a sequence above the published ${sequence}, got ${header.sequence}`,
    { hint: 'run yms build again on top of what is published now' },
  );
}

function withoutFeeds(targets: Targets, { feature, pack, channel }: PackHeader): Targets {
  const prefix = feedPath({ feature, pack, channel, name: '' });
  return Object.fromEntries(Object.entries(targets).filter(([path]) => !path.startsWith(prefix)));
}

function targetCustom({ kind, version, sequence, from }: PackHeader): TargetCustom {
  return { kind, version, sequence, ...(from && { from: { version: from.version } }) };
}
