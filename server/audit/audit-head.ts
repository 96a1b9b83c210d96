/** The head of the audit log, signed: whoever keeps one notices later when the log was cut or written anew. */
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJsonBytes, parseCanonicalJson } from '../../base/json.js';
import { parseEnvelope, verifyEnvelope } from '../../keys/envelope.js';
import type { PublicKey } from '../../keys/key.js';
import { signEnvelope } from '../../keys/signing.js';
import { type AuditEntry, auditOrigin, verifyAudit } from './audit.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';

/** Under the signature, so that a license document signed by the same key cannot pass for a head. */
export const auditHeadPayloadType = 'application/vnd.yms.audit-head+json';

const schema = z.strictObject({
  /** Of the last entry; 0 for an empty log. */
  sequence: z.int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.string(),
});
export type AuditHead = z.output<typeof schema>;

/** A DSSE envelope, signed with the license key as of now. */
export async function signAuditHead({ records, keys, clock }: ServerDeps): Promise<Uint8Array> {
  const last = await records
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  const head: AuditHead = {
    sequence: last?.sequence ?? 0,
    hash: last?.hash ?? auditOrigin,
    at: formatSeconds(clock.now()),
  };
  return signEnvelope(auditHeadPayloadType, canonicalJsonBytes(head), [keys.license]);
}

/**
 * A head that was kept. Without `keys` its signature is not looked at: it is worth as much as the place where it was kept.
 *
 * @throws KeyError for another signature or form; ServerError `audit-head`
 */
export function parseAuditHead(bytes: Uint8Array, keys: readonly PublicKey[] | null): AuditHead {
  const envelope = parseEnvelope(bytes, 'audit head');
  const payload =
    keys === null
      ? envelope.payload
      : verifyEnvelope(envelope, { payloadType: auditHeadPayloadType, keys, threshold: 1, subject: 'audit head' })
          .payload;
  if (envelope.payloadType !== auditHeadPayloadType)
    throw new ServerError('audit-head', `audit head: expected ${auditHeadPayloadType}, got ${envelope.payloadType}`);
  const parsed = schema.safeParse(parseCanonicalJson(payload, 'audit head'));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path }) => path.join('.') || 'all of it').join(', ');
    throw new ServerError('audit-head', `audit head: expected sequence, hash and time, got them wrong: ${wrong}`, {
      cause: parsed.error,
    });
  }
  return parsed.data;
}

/**
 * Follows the whole log and finds the kept head in it.
 *
 * @returns the hash of the last entry
 * @throws ServerError `audit-chain` for a broken chain; `audit-head` when the log no longer leads to that head
 */
export function verifyAuditHead(entries: readonly AuditEntry[], head: AuditHead): string {
  const last = verifyAudit(entries);
  if (entries.length < head.sequence)
    throw new ServerError(
      'audit-head',
      `audit log: expected at least ${head.sequence} entries as the head of ${head.at} says, got ${entries.length}`,
    );
  const found = head.sequence === 0 ? auditOrigin : entries[head.sequence - 1]?.hash;
  if (found !== head.hash)
    throw new ServerError(
      'audit-head',
      `audit entry ${head.sequence}: expected hash ${head.hash} as the head of ${head.at} says, got ${found ?? 'none'}`,
    );
  return last;
}
