import type { Clock } from '../../base/clock.js';
import type { CodedError } from '../../base/error.js';
import type { Opener } from '../../keys/signer.js';
import { type Activation, loadActivation, loadHostKey } from '../license/connection.js';
import { loadStoredLicense, reopenLicense } from '../license/entitlement.js';
import { refusedOrThrow } from '../error.js';
import { type EndpointState, type Flag, flagsOf } from './flags.js';
import type { Home } from '../state/home.js';
import { type LoadedPack, loadPack } from './install.js';
import { loadLastUpdate } from '../state/last-update.js';
import { loadMetadata } from '../follow/metadata-folder.js';
import { type AcceptedPack, emptyPointer, loadPointer, packKey } from '../state/pointer.js';

/** The rules of an endpoint, decrypted in memory. Nothing of it is ever written to the disk. */
export interface ActiveSet {
  readonly packs: readonly LoadedPack[];
  readonly flags: readonly Flag[];
}

/**
 * Everything an endpoint knows about itself, read without the network and without opening a pack.
 *
 * @throws ScannerError `state-malformed`; BaseError `file-…`
 */
export async function loadState(home: Home): Promise<EndpointState & { readonly activation: Activation | null }> {
  const damage: CodedError[] = [];
  const unlessDamaged = async <T>(load: (home: Home) => Promise<T | null>): Promise<T | null> => {
    try {
      return await load(home);
    } catch (error) {
      damage.push(refusedOrThrow(error));
      return null;
    }
  };
  const activation = await unlessDamaged(loadActivation);
  const stored = await unlessDamaged(loadStoredLicense);
  const pointer = (await loadPointer(home)) ?? emptyPointer;
  const host = activation && stored ? await loadHostKey(home) : null;
  return {
    activation,
    pointer,
    metadata: await loadMetadata(home),
    license:
      activation && stored && host
        ? reopenLicense(stored, { hostKeyid: host.key.keyid, hostId: activation.hostId })
        : null,
    greatestIssuedAt: stored?.greatestIssuedAt ?? null,
    lastUpdate: await loadLastUpdate(home),
    damage,
  };
}

/**
 * The active set, each pack verified under the keys of its acceptance. Neither expiry nor the network is asked: what was
 * accepted works on, and flags say what is wrong with it. A pack that this disk has damaged is replaced by the one
 * before it, or left out, and flagged.
 *
 * @throws ScannerError `state-malformed`; BaseError, KeyError for the host key
 */
export async function loadActive(home: Home, clock: Clock): Promise<ActiveSet> {
  const state = await loadState(home);
  const flags = flagsOf(state, clock.now());
  if (state.pointer.packs.length === 0) return { packs: [], flags };
  const host = await loadHostKey(home);
  const packs: LoadedPack[] = [];
  for (const accepted of state.pointer.packs) {
    const previous = state.pointer.previous.find((pack) => packKey(pack) === packKey(accepted));
    const { loaded, damage } = await loadUndamaged(home, [accepted, ...(previous ? [previous] : [])], host);
    if (loaded) packs.push(loaded);
    if (damage)
      flags.push({
        code: 'pack-damaged',
        subject: packKey(accepted),
        message: `${damage.message}; ${loaded ? `version ${loaded.accepted.version} is used instead` : 'its rules are missing'}`,
      });
  }
  return { packs, flags };
}

async function loadUndamaged(
  home: Home,
  candidates: readonly AcceptedPack[],
  host: Opener,
): Promise<{ loaded: LoadedPack | null; damage: CodedError | null }> {
  let damage: CodedError | null = null;
  for (const candidate of candidates) {
    try {
      return { loaded: await loadPack(home, candidate, host), damage };
    } catch (error) {
      damage ??= refusedOrThrow(error);
    }
  }
  return { loaded: null, damage };
}
