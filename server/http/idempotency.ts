/** POST calls that may be repeated: the same Idempotency-Key gets the same answer, and the work is done once. */
import { shown } from '../../base/shown.js';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concatBytes, decodeBase64, decodeUtf8, encodeBase64, sha256, sha256Hex, utf8 } from '../../base/bytes.js';
import { type Clock, dayMs, formatSeconds } from '../../base/clock.js';
import { canonicalJson, type Json } from '../../base/json.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import type { Records } from '../records/database.js';
import { isLockTimeout } from '../records/postgres.js';
import { transactAll } from '../records/transaction.js';

/** What a call answers with. */
export interface Answered {
  readonly status: number;
  readonly body: object;
  /** For the ETag header, without quotes. */
  readonly tag?: string;
}

export interface RepeatableCall {
  /** The header as it came, or undefined: then the work is simply done. */
  readonly key: string | undefined;
  readonly actor: string;
  /** What only the caller knows: kept answers are encrypted under it, since they may hold what is shown once. */
  readonly secret: string;
  readonly method: string;
  readonly path: string;
  readonly body: Json;
}

/** How long an answer is kept. */
const keptMs = dayMs;

/**
 * Does `work` and keeps its answer in one transaction, so that a server that dies at it leaves neither, and the key may be
 * used again at once. Who comes with the same key meanwhile, also to another server on these records, waits for the
 * answer. A refusal changed nothing and is not kept: the call may be tried again.
 *
 * @throws ServerError `idempotency-key`, `idempotency-mismatch`; `idempotency-in-progress` after waiting for long; and
 * what `work` throws
 */
export async function answerOnce(
  { records, clock }: Pick<ServerDeps, 'records' | 'clock'>,
  call: RepeatableCall,
  work: () => Promise<Answered>,
): Promise<Answered> {
  const { key, actor } = call;
  if (key === undefined) return work();
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new ServerError(
      'idempotency-key',
      `Idempotency-Key: expected 1 to 200 visible ASCII characters, got ${shown(key)}`,
    );
  const requestDigest = sha256Hex(utf8(canonicalJson([call.method, call.path, call.body])));
  return transactAll(records, async () => {
    const kept = await takeKey(records, clock, actor, key, requestDigest);
    if (kept !== null) return openAnswer(kept, call);
    const answer = await work();
    await records
      .updateTable('idempotency')
      .set({ status: answer.status, body: sealAnswer(answer, call) })
      .where('actor', '=', actor)
      .where('key', '=', key)
      .execute();
    return answer;
  });
}

/** @returns the kept answer, or null when the key is ours now */
async function takeKey(
  records: Records,
  clock: Clock,
  actor: string,
  key: string,
  requestDigest: string,
): Promise<string | null> {
  await records
    .deleteFrom('idempotency')
    .where('actor', '=', actor)
    .where('key', '=', key)
    .where('createdAt', '<', oldestKept(clock))
    .execute();
  const taken = await records
    .insertInto('idempotency')
    .values({ actor, key, requestDigest, status: null, body: null, createdAt: formatSeconds(clock.now()) })
    .onConflict((conflict) => conflict.columns(['actor', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst()
    .catch((cause: unknown) => {
      throw isLockTimeout(cause) ? inProgress(cause) : cause;
    });
  if (taken) return null;
  const row = await records
    .selectFrom('idempotency')
    .selectAll()
    .where('actor', '=', actor)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row && row.requestDigest !== requestDigest)
    throw new ServerError(
      'idempotency-mismatch',
      'Idempotency-Key: expected a new one for another request, got a used one',
    );
  if (!row || row.body === null) throw inProgress();
  return row.body;
}

function inProgress(cause?: unknown): ServerError {
  return new ServerError(
    'idempotency-in-progress',
    'Idempotency-Key: expected the first request to have an answer, got none yet',
    { retryAfterSeconds: 5, cause },
  );
}

/** A job, daily: keys that count no more. */
export async function forgetAnswers({ records, clock }: Pick<ServerDeps, 'records' | 'clock'>): Promise<void> {
  await records.deleteFrom('idempotency').where('createdAt', '<', oldestKept(clock)).execute();
}

function oldestKept(clock: Clock): string {
  return formatSeconds(new Date(clock.now().getTime() - keptMs));
}

function sealAnswer(answer: Answered, call: RepeatableCall): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', answerKey(call), nonce);
  const text = JSON.stringify(answer);
  const sealed = concatBytes(cipher.update(utf8(text)), cipher.final());
  return encodeBase64(concatBytes(nonce, cipher.getAuthTag(), sealed));
}

function openAnswer(body: string, call: RepeatableCall): Answered {
  const bytes = decodeBase64(body);
  const decipher = createDecipheriv('aes-256-gcm', answerKey(call), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  const text = concatBytes(decipher.update(bytes.subarray(28)), decipher.final());
  return JSON.parse(decodeUtf8(text)) as Answered;
}

function answerKey({ secret, key }: RepeatableCall): Uint8Array {
  return sha256(concatBytes(utf8('yms idempotency\n'), sha256(utf8(secret)), utf8(key ?? '')));
}
