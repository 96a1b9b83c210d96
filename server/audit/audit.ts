import { sha256Hex, utf8 } from '../../base/bytes.js';
import { type Clock, formatSeconds } from '../../base/clock.js';
import { canonicalJson, type Json } from '../../base/json.js';
import { ServerError } from '../error.js';
import type { RecordsTransaction } from '../records/database.js';
import { holdLock } from '../records/lock.js';
import type { AuditRow } from '../records/tables.js';

/** One act, chained to the one before: `hash` covers everything else in it, and `previous` is the hash before. */
export interface AuditEntry {
  /** Counts from 1 without a gap. */
  readonly sequence: number;
  readonly at: string;
  /** `token:<id>`, `host:<id>` or `server`. */
  readonly actor: string;
  /** `<noun>.<verb>`, such as `license.create`. */
  readonly action: string;
  readonly subject: string;
  readonly details: Json;
  readonly previous: string;
  readonly hash: string;
}

export interface AuditAct {
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** Never a secret. */
  readonly details?: Json;
}

/** `previous` of the first entry. */
export const auditOrigin = '0'.repeat(64);

/** SHA-256 hex over `"yms audit\n"` and the canonical JSON of the entry without its hash. */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  const { sequence, at, actor, action, subject, details, previous } = entry;
  return sha256Hex(
    utf8('yms audit\n'),
    utf8(canonicalJson({ sequence, at, actor, action, subject, details, previous })),
  );
}

/** Adds an entry in the transaction of the act itself: both happen or neither. */
export async function appendAudit(trx: RecordsTransaction, clock: Clock, act: AuditAct): Promise<AuditEntry> {
  await holdLock(trx, 'audit');
  const head = await trx
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  const unsealed = {
    sequence: (head?.sequence ?? 0) + 1,
    at: formatSeconds(clock.now()),
    actor: act.actor,
    action: act.action,
    subject: act.subject,
    details: act.details ?? {},
    previous: head?.hash ?? auditOrigin,
  };
  const entry = { ...unsealed, hash: auditHash(unsealed) };
  await trx
    .insertInto('audit')
    .values({ ...entry, details: canonicalJson(entry.details) })
    .execute();
  return entry;
}

export function auditEntry(row: AuditRow): AuditEntry {
  return { ...row, details: JSON.parse(row.details) as Json };
}

/**
 * Follows the chain through `entries`, which continue after an entry with hash `previous` (the origin at the start).
 * A cut at the end cannot be seen from the chain alone: compare the returned head with one noted elsewhere.
 *
 * @returns the hash of the last entry
 * @throws ServerError `audit-chain` with the sequence of the first entry that does not fit
 */
export function verifyAudit(entries: readonly AuditEntry[], previous = auditOrigin, firstSequence = 1): string {
  let head = previous;
  for (const [i, entry] of entries.entries()) {
    const subject = `audit entry ${firstSequence + i}`;
    if (entry.sequence !== firstSequence + i)
      throw new ServerError('audit-chain', `${subject}: expected it next, got entry ${entry.sequence}`);
    if (entry.previous !== head)
      throw new ServerError('audit-chain', `${subject}: expected the hash before to be ${head}, got ${entry.previous}`);
    if (entry.hash !== auditHash(entry))
      throw new ServerError('audit-chain', `${subject}: expected hash ${auditHash(entry)}, got ${entry.hash}`);
    head = entry.hash;
  }
  return head;
}
