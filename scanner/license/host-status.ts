import { sha256Hex } from '../../base/bytes.js';
import { dayMs, formatSeconds, parseSeconds } from '../../base/clock.js';
import { canonicalJsonBytes, type Json } from '../../base/json.js';
import { callApi, type Connection } from '../follow/api.js';
import { refusedOrThrow } from '../error.js';
import type { LastUpdate, Refusal } from '../state/last-update.js';
import type { AcceptedPack } from '../state/pointer.js';

/** In UTF-16 units, as the server counts. */
const maxMessageLength = 1000;

/** What a host tells its server: which sets are in use, and what went wrong. */
export function hostStatus(
  client: string,
  serial: number,
  packs: readonly AcceptedPack[],
  lastError: Refusal | null,
): Json {
  return {
    client,
    sequenceSeen: serial,
    packs: packs.map(({ feature, pack, channel, version, epoch, sequence, contentDigest, acceptedAt }) => ({
      feature,
      pack,
      channel,
      version,
      ...(epoch > 1 && { epoch }),
      sequence,
      contentDigest,
      installedAt: acceptedAt,
    })),
    ...(lastError === null
      ? {}
      : { lastError: { code: lastError.code, message: lastError.message.slice(0, maxMessageLength).toWellFormed() } }),
  };
}

/**
 * Sends a status that differs from the last one that the server took, and an equal one once a day. Answers what was
 * reported last; a server that does not take it changes nothing here.
 */
export async function reportStatus(
  connection: Connection,
  status: Json,
  reported: LastUpdate['reported'],
  now: Date,
): Promise<LastUpdate['reported']> {
  const sha256 = sha256Hex(canonicalJsonBytes(status));
  const reportedAt = reported === null ? null : parseSeconds(reported.at);
  if (reported?.sha256 === sha256 && reportedAt !== null && now.getTime() - reportedAt.getTime() < dayMs)
    return reported;
  try {
    await callApi(connection, { method: 'POST', path: 'v1/status', body: status, maxBytes: 0, expects: [204] });
    return { at: formatSeconds(now), sha256 };
  } catch (error) {
    refusedOrThrow(error);
    return reported;
  }
}
