/** Uploads: blobs that wait for a commit that lists them. Each has somebody who answers for it, and does not wait for ever. */
import { ServerError } from '../error.js';
import { formatSeconds } from '../../base/clock.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { publishAlone } from './publishing.js';
import type { RecordsTransaction } from '../records/database.js';
import { holdLock } from '../records/lock.js';
import { transact } from '../records/transaction.js';

type UploadDeps = Pick<ServerDeps, 'records' | 'blobs' | 'clock' | 'config'>;

/** The length of a blob, or null. Whoever asks is about to rely on it: it waits anew for its commit. */
export async function findBlob({ records, blobs, clock }: UploadDeps, sha256: string): Promise<number | null> {
  await records
    .updateTable('uploads')
    .set({ uploadedAt: formatSeconds(clock.now()) })
    .where('sha256', '=', sha256)
    .execute();
  return blobs.stat(sha256);
}

/**
 * Takes an upload whole or not at all. What it may grow to counts from its first byte.
 *
 * @param announcedBytes as its sender says, or null
 * @returns false when the blob was there already
 * @throws ServerError `upload-quota`, and what `BlobStore.put` throws
 */
export async function receiveBlob(
  deps: UploadDeps,
  actor: string,
  sha256: string,
  source: AsyncIterable<Uint8Array>,
  announcedBytes: number | null,
): Promise<boolean> {
  const { records, blobs, clock, config } = deps;
  await transact(records, (trx) => reserve(trx, deps, actor, sha256, announcedBytes ?? config.maxBlobBytes));
  const ownRow = { sha256, actor };
  const created = await blobs.put(sha256, source, config.maxBlobBytes).catch(async (error: unknown) => {
    await releaseUpload(deps, ownRow).catch(() => undefined); // then it is dropped in time
    throw error;
  });
  if (!created) {
    await releaseUpload(deps, ownRow);
    return false;
  }
  const length = (await blobs.stat(sha256)) ?? 0;
  await transact(records, async (trx) => {
    await trx.updateTable('uploads').set({ length }).where('sha256', '=', sha256).where('actor', '=', actor).execute();
    await appendAudit(trx, clock, { actor, action: 'blob.upload', subject: sha256 });
  });
  return true;
}

async function releaseUpload(
  { records }: UploadDeps,
  { sha256, actor }: { readonly sha256: string; readonly actor: string },
): Promise<void> {
  await records.deleteFrom('uploads').where('sha256', '=', sha256).where('actor', '=', actor).execute();
}

async function reserve(
  trx: RecordsTransaction,
  { clock, config }: UploadDeps,
  actor: string,
  sha256: string,
  length: number,
): Promise<void> {
  await holdLock(trx, 'uploads');
  const { pending } = await trx
    .selectFrom('uploads')
    .select((e) => e.fn.coalesce(e.fn.sum<number | string>('length'), e.lit(0)).as('pending'))
    .where('actor', '=', actor)
    .where('sha256', '!=', sha256)
    .executeTakeFirstOrThrow();
  if (Number(pending) + length > config.maxPendingBytes)
    throw new ServerError(
      'upload-quota',
      `blob: expected uploads that wait for a commit to be at most ${config.maxPendingBytes} bytes, got ${Number(pending) + length}`,
      { hint: 'commit what was uploaded; what is never committed is dropped after some days' },
    );
  const row = { length, uploadedAt: formatSeconds(clock.now()) };
  await trx
    .insertInto('uploads')
    .values({ sha256, actor, ...row })
    .onConflict((conflict) => conflict.columns(['sha256', 'actor']).doUpdateSet(row))
    .execute();
}

/** In the transaction of the commit that lists them. */
export async function settleUploads(trx: RecordsTransaction, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length > 0) await trx.deleteFrom('uploads').where('sha256', 'in', sha256s).execute();
}

/** A job, daily: drops what nobody asked for in days and no role ever listed. */
export async function dropUploads(deps: UploadDeps & Pick<ServerDeps, 'publishing'>): Promise<void> {
  const { records, clock, config } = deps;
  const before = formatSeconds(new Date(clock.now().getTime() - config.pendingMs));
  await publishAlone(deps, async () => {
    const old = await records
      .selectFrom('uploads')
      .select('sha256')
      .distinct()
      .where('uploadedAt', '<', before)
      .orderBy('sha256')
      .execute();
    for (const { sha256 } of old) await transact(records, (trx) => dropUpload(trx, deps, sha256, before));
  });
}

/** The row is held until the blob is gone: who asks for it meanwhile finds it there and kept, or learns that it is not. */
async function dropUpload(
  trx: RecordsTransaction,
  { blobs, clock }: UploadDeps,
  sha256: string,
  before: string,
): Promise<void> {
  const dropped = await trx
    .deleteFrom('uploads')
    .where('sha256', '=', sha256)
    .where('uploadedAt', '<', before)
    .returning('actor')
    .executeTakeFirst();
  const kept = await trx.selectFrom('uploads').select('sha256').where('sha256', '=', sha256).executeTakeFirst();
  const listed = await trx.selectFrom('targets').select('path').where('sha256', '=', sha256).executeTakeFirst();
  if (!dropped || kept || listed) return;
  await blobs.remove(sha256);
  const details = { uploadedBy: dropped.actor };
  await appendAudit(trx, clock, { actor: 'server', action: 'blob.drop', subject: sha256, details });
}
