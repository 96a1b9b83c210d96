import { dayMs, parseSeconds } from '../../base/clock.js';
import type { CodedError } from '../../base/error.js';
import { parseMetadata, rolePolicy } from '../../keys/metadata.js';
import type { License } from '../../packs/license.js';
import { unlessRefused } from '../error.js';
import type { LastUpdate } from '../state/last-update.js';
import { clockToleranceMs } from '../follow/server-time.js';
import { type AcceptedPack, isNamed, packKey, type Pointer, type WithdrawnPack } from '../state/pointer.js';
import type { TrustedFiles } from '../follow/trusted-metadata.js';

export type FlagCode =
  | 'clock-ahead'
  | 'clock-back'
  | 'license-expired'
  | 'license-grace'
  | 'license-revoked'
  | 'license-suspended'
  | 'no-rules'
  | 'pack-damaged'
  | 'signer-replaced'
  | 'state-damaged'
  | 'stale'
  | 'unlicensed'
  | 'update-failed'
  | 'withdrawn';

/** Something that people must know about a set that goes on working. Flags never switch detection off. */
export interface Flag {
  readonly code: FlagCode;
  /** A pack (`sigma/core/stable`), or `endpoint`. */
  readonly subject: string;
  readonly message: string;
}

export interface EndpointState {
  readonly pointer: Pointer;
  /** The kept metadata: the newest that was verified, whatever the pointer names. */
  readonly metadata: TrustedFiles;
  readonly license: License | null;
  readonly greatestIssuedAt: string | null;
  readonly lastUpdate: LastUpdate | null;
  /** What is wrong with state files that no rule depends on. */
  readonly damage: readonly CodedError[];
}

/** All flags of a state at a time by the system's clock. Pure. */
export function flagsOf(state: EndpointState, systemNow: Date): Flag[] {
  const mark = state.greatestIssuedAt === null ? null : parseSeconds(state.greatestIssuedAt);
  const now = mark !== null && mark > systemNow ? mark : systemNow;
  return [
    ...clockFlags(mark, systemNow, state.lastUpdate),
    ...staleFlags(state, now),
    ...licenseFlags(state, now),
    ...updateFlags(state.lastUpdate),
    ...state.damage.map(({ message }) => endpointFlag('state-damaged', message)),
    ...state.pointer.packs.flatMap((pack) => packFlags(pack, state)),
    ...withdrawnFlags(state.pointer.withdrawn, now),
    ...noRulesFlags(state.pointer),
  ];
}

/** For so long people are told without asking; `yms status` knows of it also later. */
const withdrawnToldMs = 30 * dayMs;

function withdrawnFlags(withdrawn: readonly WithdrawnPack[], now: Date): Flag[] {
  return withdrawn
    .filter(({ withdrawnAt }) => now.getTime() - (parseSeconds(withdrawnAt)?.getTime() ?? 0) < withdrawnToldMs)
    .map((pack) => ({ code: 'withdrawn', subject: packKey(pack), message: withdrawnWords(pack) }));
}

/** Why a pack is out of use although the license may well have it. */
export function withdrawnWords({ version, withdrawnAt }: WithdrawnPack): string {
  return `withdrawn by its publisher: version ${version} is out of use since ${withdrawnAt}`;
}

function noRulesFlags({ packs, withdrawn }: Pointer): Flag[] {
  if (packs.length > 0) return [];
  const why =
    withdrawn.length > 0
      ? 'no pack is in use: all were withdrawn by their publisher'
      : 'no pack has been installed yet';
  return [endpointFlag('no-rules', why)];
}

function endpointFlag(code: FlagCode, message: string): Flag {
  return { code, subject: 'endpoint', message };
}

function clockFlags(mark: Date | null, systemNow: Date, lastUpdate: LastUpdate | null): Flag[] {
  if (lastUpdate?.error?.code === 'clock-ahead') return [endpointFlag('clock-ahead', lastUpdate.error.message)];
  if (mark === null || mark.getTime() - systemNow.getTime() <= clockToleranceMs) return [];
  const times = `the clock says ${systemNow.toISOString()}, the license was issued at ${mark.toISOString()}`;
  return [endpointFlag('clock-back', `the clock of this host was set back: ${times}`)];
}

function staleFlags({ metadata, license }: EndpointState, now: Date): Flag[] {
  const expired = (['timestamp', 'snapshot'] as const).flatMap((role) => {
    const bytes = metadata.get(role);
    const expires = bytes === undefined ? null : unlessRefused(() => parseMetadata(role, bytes).signed.expires);
    return expires !== null && isOver(expires, now) ? [`${role} expired at ${expires}`] : [];
  });
  if (license && isOver(license.expiresAt, now)) expired.push(`license document expired at ${license.expiresAt}`);
  return expired.length === 0 ? [] : [endpointFlag('stale', `no update was accepted in time: ${expired.join(', ')}`)];
}

function licenseFlags({ license, lastUpdate }: EndpointState, now: Date): Flag[] {
  const refused = lastUpdate?.error?.code;
  if (refused === 'license-expired' || refused === 'license-revoked' || refused === 'license-suspended')
    return [endpointFlag(refused, `the license is ${refused.slice('license-'.length)}; the last good set works on`)];
  if (license?.state === 'grace')
    return [endpointFlag('license-grace', `the license ended at ${license.licenseExpiresAt} and is in its grace time`)];
  if (license && isOver(license.licenseExpiresAt, now))
    return [endpointFlag('license-expired', `the license ended at ${license.licenseExpiresAt}`)];
  return [];
}

function updateFlags(lastUpdate: LastUpdate | null): Flag[] {
  if (!lastUpdate?.error) return [];
  const since = lastUpdate.succeededAt === null ? 'never' : `last at ${lastUpdate.succeededAt}`;
  const { code, message } = lastUpdate.error;
  return [
    endpointFlag('update-failed', `the update at ${lastUpdate.at} failed (${code}: ${message}); it succeeded ${since}`),
  ];
}

function packFlags(pack: AcceptedPack, { license, metadata }: EndpointState): Flag[] {
  const subject = packKey(pack);
  const flags: Flag[] = [];
  if (license && !isNamed(license, pack))
    flags.push({
      code: 'unlicensed',
      subject,
      message: `the license no longer has ${unnamedPart(pack, license)}; version ${pack.version} stays as it is`,
    });
  if (isSignerReplaced(pack, metadata))
    flags.push({
      code: 'signer-replaced',
      subject,
      message: `the keys that signed version ${pack.version} no longer speak for ${pack.feature}`,
    });
  return flags;
}

function unnamedPart({ feature, pack, channel }: AcceptedPack, { features }: License): string {
  return features.includes(feature) ? `the pack ${pack} in channel ${channel}` : `the feature ${feature}`;
}

function isSignerReplaced(pack: AcceptedPack, metadata: TrustedFiles): boolean {
  const bytes = metadata.get('targets');
  const delegations = bytes && unlessRefused(() => parseMetadata('targets', bytes).signed.delegations);
  if (!delegations) return false;
  const policy = unlessRefused(() => rolePolicy(delegations, pack.feature));
  const valid = policy?.keys.filter(({ keyid }) => pack.signedBy.includes(keyid)) ?? [];
  return policy === null || valid.length < policy.threshold;
}

function isOver(time: string, now: Date): boolean {
  const end = parseSeconds(time);
  return end === null || end <= now;
}
