/** Packs that are served and that no host is granted, since their content key does not open here. */
import { formatSeconds } from '../../base/clock.js';
import { CodedError } from '../../base/error.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import type { RecordsTransaction } from '../records/database.js';
import type { PackRow } from '../records/tables.js';

export interface RefusedPack {
  readonly row: PackRow;
  readonly error: unknown;
}

/** Logs and counts each; the audit log has the first time, and the time when a pack is granted again. */
export async function recordRefusedPacks(
  trx: RecordsTransaction,
  deps: Pick<ServerDeps, 'clock' | 'log' | 'metrics'>,
  granted: readonly PackRow[],
  refused: readonly RefusedPack[],
): Promise<void> {
  const { clock, log, metrics } = deps;
  for (const { row, error } of refused) {
    const code = error instanceof CodedError ? String(error.code) : 'internal';
    metrics.grantsRefused.inc({ feature: row.feature, code });
    log.error({ path: row.path, sha256: row.sha256, err: error }, 'grant refused');
    if (await mark(trx, row, formatSeconds(clock.now()))) await append(trx, deps, 'grant.refuse', row, { code });
  }
  for (const row of granted)
    if (row.refusedAt !== null && (await mark(trx, row, null))) await append(trx, deps, 'grant.restore', row, {});
}

/** @returns false when another host's document has said it already */
async function mark(trx: RecordsTransaction, row: PackRow, refusedAt: string | null): Promise<boolean> {
  const marked = await trx
    .updateTable('packs')
    .set({ refusedAt })
    .where('path', '=', row.path)
    .where('sha256', '=', row.sha256)
    .where('refusedAt', refusedAt === null ? 'is not' : 'is', null)
    .returning('path')
    .executeTakeFirst();
  return marked !== undefined;
}

async function append(
  trx: RecordsTransaction,
  { clock }: Pick<ServerDeps, 'clock'>,
  action: string,
  { path, sha256, version, keyCommitment }: PackRow,
  why: { readonly code?: string },
): Promise<void> {
  const details = { path, version, keyCommitment, ...why };
  await appendAudit(trx, clock, { actor: 'server', action, subject: sha256, details });
}
