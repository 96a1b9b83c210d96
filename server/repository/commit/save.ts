import { formatSeconds } from '../../../base/clock.js';
import { appendAudit } from '../../audit/audit.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { isUniqueViolation, type RecordsTransaction } from '../../records/database.js';
import type { PackRow } from '../../records/tables.js';
import { transact } from '../../records/transaction.js';
import { insertMetadata, type OnlineVersions, signSnapshot } from '../repository.js';
import { settleUploads } from '../uploads.js';
import type { AcceptedCommit } from './accept.js';

/**
 * One transaction: records, metadata, snapshot, and the timestamp last. A process that dies in it leaves the release
 * before.
 *
 * @param before what was served when the commit was checked
 * @throws ServerError `target-sequence`; `version-not-next` when another server was faster
 */
export async function saveCommit(
  { records, clock, keys }: Pick<ServerDeps, 'records' | 'clock' | 'keys'>,
  accepted: AcceptedCommit,
  before: OnlineVersions,
  actor: string,
): Promise<OnlineVersions> {
  const { roots, targets, roles, packs, feeds, repository } = accepted;
  try {
    return await transact(records, async (trx) => {
      for (const pack of packs) await savePack(trx, pack);
      for (const { signed, bytes } of roots) await insertMetadata(trx, clock, 'root', signed.version, bytes);
      if (targets) await insertMetadata(trx, clock, 'targets', targets.signed.version, targets.bytes);
      for (const [name, { signed, bytes }] of roles) await insertMetadata(trx, clock, name, signed.version, bytes);
      for (const [role, held] of [...(targets ? [['targets', targets] as const] : []), ...roles])
        await replaceTargets(trx, role, held.signed.targets, formatSeconds(clock.now()));
      const listed = [...(targets ? [targets] : []), ...roles.values()];
      await settleUploads(
        trx,
        listed.flatMap(({ signed }) => Object.values(signed.targets).map(({ hashes }) => hashes.sha256)),
      );
      await appendAudit(trx, clock, {
        actor,
        action: 'release.commit',
        subject: 'repository',
        details: {
          roots: roots.map(({ signed }) => signed.version),
          targets: targets?.signed.version ?? null,
          roles: Object.fromEntries([...roles].map(([name, { signed }]) => [name, signed.version])),
          packs: packs.map(({ path, version, sequence, sha256 }) => ({ path, version, sequence, sha256 })),
          ...(feeds.length > 0 && { feeds: feeds.map(({ path, sha256 }) => ({ path, sha256 })) }),
        },
      });
      return signSnapshot(trx, keys, clock, repository, before);
    });
  } catch (cause) {
    if (isUniqueViolation(cause))
      throw new ServerError('version-not-next', 'commit: expected to be alone, got a newer commit meanwhile', {
        cause,
      });
    throw cause;
  }
}

/** A path's sequence only rises: an old pack comes back under a new number, never by its old file. */
async function savePack(trx: RecordsTransaction, pack: PackRow): Promise<void> {
  const newest = await trx
    .selectFrom('packs')
    .select(['sequence', 'sha256'])
    .where('path', '=', pack.path)
    .where('sha256', '!=', pack.sha256)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newest && pack.sequence <= newest.sequence)
    throw new ServerError(
      'target-sequence',
      `${pack.path}: expected a sequence above ${newest.sequence}, got ${pack.sequence}`,
      { place: { file: pack.path } },
    );
  await trx
    .insertInto('packs')
    .values(pack)
    .onConflict((conflict) => conflict.columns(['path', 'sha256']).doNothing())
    .execute();
}

async function replaceTargets(
  trx: RecordsTransaction,
  role: string,
  targets: Readonly<Record<string, { readonly length: number; readonly hashes: { readonly sha256: string } }>>,
  committedAt: string,
): Promise<void> {
  await trx.updateTable('targets').set({ current: 0 }).where('role', '=', role).execute();
  for (const [path, { length, hashes }] of Object.entries(targets))
    await trx
      .insertInto('targets')
      .values({ path, sha256: hashes.sha256, length, role, current: 1, committedAt })
      .onConflict((conflict) => conflict.columns(['path', 'sha256']).doUpdateSet({ current: 1 }))
      .execute();
}
