import { type Clock, formatSeconds } from '../../base/clock.js';
import { epochOf } from '../../keys/keys-json.js';
import type { Opener } from '../../keys/signer.js';
import type { License, LicensedPack } from '../../packs/license.js';
import type { ReleaseOrder } from '../../packs/release-order.js';
import { loadState } from '../active/active.js';
import { type Activation, connectionOf, loadHostKey, requireActivation } from '../license/connection.js';
import { loadStoredLicense, saveStoredLicense, trustedNow } from '../license/entitlement.js';
import {
  type Coverage,
  coverageAfter,
  type CoverageChange,
  coverageChanges,
  coverageRefused,
} from '../state/coverage.js';
import { refusedOrThrow, ScannerError } from '../error.js';
import { type Home, withHome } from '../state/home.js';
import { hostStatus, reportStatus } from '../license/host-status.js';
import { obtainPack, repairPack } from '../active/install.js';
import { type LastUpdate, loadLastUpdate, type Refusal, refusalOf, saveLastUpdate } from '../state/last-update.js';
import { rememberOverrides } from '../merge/merged-ruleset.js';
import { type Origin, serverOrigin } from './origin.js';
import {
  type AcceptedPack,
  collectGarbage,
  emptyPointer,
  isNamed,
  leftChannels,
  loadPointer,
  packKey,
  type Pointer,
  savePointer,
  switchPacks,
  withdrawPacks,
} from '../state/pointer.js';
import { Repository } from '../follow/repository.js';

/** An endpoint as a command sees it. */
export interface Endpoint {
  readonly home: Home;
  readonly clock: Clock;
  /** This program's version, `x.y.z`. */
  readonly client: string;
  /** Bytes of a pack that is being fetched. */
  readonly onProgress?: (pack: string, receivedBytes: number, totalBytes: number) => void;
}

export interface PackOutcome extends LicensedPack {
  /**
   * `unlicensed`: in the active set, but no longer named by the license document; it stays as it is. `replaced`: so was
   * this one, until the channel that the document names instead was installed. `withdrawn`: its publisher took it back,
   * and it is out of use.
   */
  readonly outcome: 'updated' | 'current' | 'refused' | 'unlicensed' | 'replaced' | 'withdrawn';
  /** Of the pack that is in use after the update, or that was until it was withdrawn; null when none is. */
  readonly version: string | null;
  readonly sequence: number | null;
  readonly refusal: Refusal | null;
}

export interface UpdateReport {
  readonly license: Pick<
    License,
    'license' | 'state' | 'features' | 'issuedAt' | 'expiresAt' | 'licenseExpiresAt' | 'serial'
  >;
  readonly packs: readonly PackOutcome[];
  /** Whether the active set is another one than before. */
  readonly switched: boolean;
  /** Whether timestamp or snapshot had expired: only a bundle is accepted so. */
  readonly stale: boolean;
  /** What the license covers otherwise than at the last update that was noted. */
  readonly changes: readonly CoverageChange[];
}

type ReleaseReport = Omit<UpdateReport, 'changes'>;

/**
 * Brings this endpoint up to date. A refusal of metadata or license throws and leaves the active set as it was; a
 * refusal of one pack is an outcome, leaves that pack as it was and harms no other.
 *
 * @throws ScannerError, KeyError, PackError, BaseError, also `lock-held`
 */
export async function update(endpoint: Endpoint): Promise<UpdateReport> {
  return withHome(endpoint.home, async () => {
    const activation = await requireActivation(endpoint.home);
    return updateFrom(endpoint, activation, serverOrigin(connectionOf(activation)));
  });
}

/**
 * An update from any origin; the caller holds the lock of the state folder.
 *
 * @throws as {@link update}
 */
export async function updateFrom(endpoint: Endpoint, activation: Activation, origin: Origin): Promise<UpdateReport> {
  const before = await loadLastUpdate(endpoint.home);
  try {
    const report = await followReleases(endpoint, activation, origin);
    const refusal = report.packs.find((pack) => pack.refusal)?.refusal ?? null;
    const known = before?.coverage ?? null;
    const coverage = coverageAfter(known, report.license);
    await noteOutcome(endpoint, origin, before, { refusal, coverage });
    return { ...report, changes: coverageChanges(known, coverage) };
  } catch (error) {
    const refusal = refusalOf(refusedOrThrow(error));
    const { connection } = origin;
    const known = before?.coverage ?? null;
    const at = formatSeconds(endpoint.clock.now());
    // Only a server knows how things stand now; a carried document may be an old one.
    const coverage = connection === null ? known : coverageRefused(known, refusal.code, at);
    await noteOutcome(endpoint, origin, before, { refusal, coverage });
    throw error;
  }
}

/** The grants are of a release other than the one that the role lists; after an eviction even under the same number. */
const overtaken: readonly string[] = ['release-newer', 'grant-mismatch'];

/** A release that came out between metadata and license is met by going round once more. */
async function followReleases(endpoint: Endpoint, activation: Activation, origin: Origin): Promise<ReleaseReport> {
  const report = await updateOnce(endpoint, activation, origin);
  const isOvertaken = report.packs.some(({ refusal }) => overtaken.includes(refusal?.code ?? ''));
  if (!isOvertaken || origin.source.isCarried) return report;
  const again = await updateOnce(endpoint, activation, origin);
  const withdrawn = report.packs.filter(
    (pack) => pack.outcome === 'withdrawn' && !again.packs.some((other) => packKey(other) === packKey(pack)),
  );
  return { ...again, packs: [...withdrawn, ...again.packs], switched: report.switched || again.switched };
}

/** The policy, from top to bottom. */
async function updateOnce(endpoint: Endpoint, activation: Activation, origin: Origin): Promise<ReleaseReport> {
  const { home, clock } = endpoint;
  const host = await loadHostKey(home);
  const stored = await loadStoredLicense(home);
  const pointer = (await loadPointer(home)) ?? emptyPointer;

  const now = trustedNow(clock, stored?.greatestIssuedAt);
  const repository = await Repository.refresh(home, origin.source, now);
  const keys = await repository.keysJson();
  // What the metadata takes back is out of use even if the license is refused: the metadata is kept then as well.
  const gone = await findWithdrawn(repository, pointer.packs);
  const remaining = withdrawPacks(pointer, gone, now);
  if (remaining !== pointer) await savePointer(home, remaining);

  const policy = { keys: keys.licenseKeys, hostKeyid: host.key.keyid, hostId: activation.hostId };
  const accepted = await origin.license(stored, policy, clock);
  if (accepted.stored !== stored) await saveStoredLicense(home, accepted.stored);

  const { license } = accepted;
  const acceptedAt = trustedNow(clock, accepted.stored.greatestIssuedAt);
  const newer: AcceptedPack[] = [];
  const outcomes: PackOutcome[] = gone.map((pack) => outcome(pack, 'withdrawn', pack));
  for (const name of license.packs) {
    if (gone.some((pack) => packKey(pack) === packKey(name))) continue;
    const active = find(remaining.packs, name);
    const before = active ?? find(remaining.withdrawn, name);
    const epoch = epochOf(keys, name.feature);
    try {
      const wanted = { endpoint, repository, name, license, host, active, before, epoch, now: acceptedAt };
      const obtained = await obtainNewer(wanted);
      if (obtained) newer.push(obtained);
      outcomes.push(outcome(name, obtained ? 'updated' : 'current', obtained ?? active));
    } catch (error) {
      outcomes.push(outcome(name, 'refused', active, refusalOf(refusedOrThrow(error))));
    }
  }
  const left = leftChannels([...newer, ...remaining.packs], license);
  // Not even the newer release of an evicted feature can be had: what may be a thief's must not stay for ever.
  const evicted = remaining.packs.filter(
    (pack) => !left.includes(pack) && !isNamed(license, pack) && pack.epoch < epochOf(keys, pack.feature),
  );
  for (const pack of remaining.packs) {
    if (left.includes(pack)) outcomes.push(outcome(pack, 'replaced', undefined));
    else if (evicted.includes(pack)) outcomes.push(outcome(pack, 'withdrawn', pack));
    else if (!isNamed(license, pack)) outcomes.push(outcome(pack, 'unlicensed', pack));
  }

  const used = withdrawPacks(remaining, evicted, acceptedAt);
  const isSwitched = newer.length > 0 || left.length > 0 || used !== pointer;
  if (isSwitched) await collectGarbage(home, await switchTo(home, used, newer, left, acceptedAt));
  await repository.prune();
  const { license: id, state, features, issuedAt, expiresAt, licenseExpiresAt, serial } = license;
  return {
    license: { license: id, state, features, issuedAt, expiresAt, licenseExpiresAt, serial },
    packs: outcomes,
    switched: isSwitched,
    stale: repository.isStale,
  };
}

function find<T extends LicensedPack>(packs: readonly T[], name: LicensedPack): T | undefined {
  return packs.find((pack) => packKey(pack) === packKey(name));
}

/**
 * Packs in use that no role lists any more: their publisher took them back, whatever a license says. A role that is
 * refused, or cannot be had, takes nothing away.
 */
async function findWithdrawn(repository: Repository, packs: readonly AcceptedPack[]): Promise<AcceptedPack[]> {
  const gone: AcceptedPack[] = [];
  for (const pack of packs)
    try {
      if ((await repository.find(`${packKey(pack)}.yms`)) === null) gone.push(pack);
    } catch (error) {
      refusedOrThrow(error);
    }
  return gone;
}

interface Wanted {
  readonly endpoint: Endpoint;
  readonly repository: Repository;
  readonly name: LicensedPack;
  readonly license: License;
  readonly host: Opener;
  readonly active: AcceptedPack | undefined;
  /** What the release must be newer than. */
  readonly before: ReleaseOrder | undefined;
  readonly epoch: number;
  readonly now: Date;
}

/** A pack that its role lists and that is not the active one; null when the active one is what the role lists. */
async function obtainNewer({ endpoint, repository, ...wanted }: Wanted): Promise<AcceptedPack | null> {
  const { name, active, epoch } = wanted;
  const path = `${packKey(name)}.yms`;
  const target = await repository.find(path);
  if (target === null)
    throw new ScannerError(
      'target-missing',
      `${path}: expected the role ${name.feature} to list it, got no such target`,
    );
  const { home, client, onProgress } = endpoint;
  if (active?.epoch === epoch && target.sha256 === active.sha256) {
    await repairPack(home, repository.source, target);
    return null;
  }
  return obtainPack({
    ...wanted,
    home,
    client,
    target,
    source: repository.source,
    ...(onProgress ? { onProgress: (received, total) => onProgress(packKey(name), received, total) } : {}),
  });
}

function outcome(
  { feature, pack, channel }: LicensedPack,
  what: PackOutcome['outcome'],
  inUse: AcceptedPack | undefined,
  refusal: Refusal | null = null,
): PackOutcome {
  const { version = null, sequence = null } = inUse ?? {};
  return { feature, pack, channel, outcome: what, version, sequence, refusal };
}

/** All new packs at once, by replacing one file. */
async function switchTo(
  home: Home,
  pointer: Pointer,
  newer: readonly AcceptedPack[],
  left: readonly AcceptedPack[],
  now: Date,
): Promise<Pointer> {
  await rememberOverrides(home, now);
  const next = switchPacks(pointer, newer, left, now);
  await savePointer(home, next);
  return next;
}

/**
 * Tells the server, unless it could not be reached anyway, and writes the outcome down. Neither changes what the update
 * came to: that is what the caller must hear of, even when this disk is full.
 */
async function noteOutcome(
  { home, clock, client }: Endpoint,
  { connection }: Origin,
  before: LastUpdate | null,
  { refusal, coverage }: { readonly refusal: Refusal | null; readonly coverage: Coverage | null },
): Promise<void> {
  try {
    let reported = before?.reported ?? null;
    if (connection !== null && refusal?.code.startsWith('http-') !== true) {
      const packs = (await loadPointer(home))?.packs ?? [];
      const serial = (await loadState(home)).license?.serial ?? 0;
      const status = hostStatus(client, serial, packs, refusal);
      reported = await reportStatus(connection, status, reported, clock.now());
    }
    await saveLastUpdate(home, before, clock.now(), { error: refusal, reported, coverage });
  } catch (error) {
    refusedOrThrow(error);
  }
}
