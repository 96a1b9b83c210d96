import { formatSeconds } from '../../../base/clock.js';
import { appendAudit } from '../../audit/audit.js';
import type { ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import { compareReleases, maxSequenceStep, releaseWords } from '../../../packs/release-order.js';
import { isUniqueViolation, type RecordsTransaction } from '../../records/database.js';
import type { PackRow } from '../../records/tables.js';
import { transact } from '../../records/transaction.js';
import { dropLater, insertMetadata, type OnlineVersions, signSnapshot } from '../repository.js';
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
  const { roots, targets, roles, packs, feeds, repository, startsOver } = accepted;
  try {
    return await transact(records, async (trx) => {
      for (const pack of packs) await savePack(trx, pack);
      for (const { signed, bytes } of roots) await insertMetadata(trx, clock, 'root', signed.version, bytes);
      if (targets) await insertMetadata(trx, clock, 'targets', targets.signed.version, targets.bytes);
      for (const [name, { signed, bytes }] of roles) {
        await insertMetadata(trx, clock, name, signed.version, bytes);
        if (startsOver) await dropLater(trx, name, signed.version);
      }
      const dropped = await droppedTargets(trx, roles);
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
          ...(dropped.length > 0 && { dropped }),
          ...(feeds.length > 0 && { feeds: feeds.map(({ path, sha256 }) => ({ path, sha256 })) }),
        },
      });
      return signSnapshot(trx, { keys, clock, startsOver }, repository, before);
    });
  } catch (cause) {
    if (isUniqueViolation(cause))
      throw new ServerError('version-not-next', 'commit: expected to be alone, got a newer commit meanwhile', {
        cause,
      });
    throw cause;
  }
}

/** For the audit log: what the roles listed until now and list no more, at any hash. */
async function droppedTargets(trx: RecordsTransaction, roles: AcceptedCommit['roles']): Promise<string[]> {
  const dropped: string[] = [];
  for (const [role, { signed }] of roles) {
    const listed = await trx
      .selectFrom('targets')
      .select('path')
      .where('role', '=', role)
      .where('current', '=', 1)
      .orderBy('path')
      .execute();
    dropped.push(...listed.map(({ path }) => path).filter((path) => !Object.hasOwn(signed.targets, path)));
  }
  return dropped;
}

/**
 * Of a path (epoch, sequence) only rises, and the sequence by no more than a step: an old pack comes back under a new
 * number, never by its old file, and nobody uses the numbers up. A file that is listed now may stay.
 */
async function savePack(trx: RecordsTransaction, pack: PackRow): Promise<void> {
  const isListed = await trx
    .selectFrom('targets')
    .select('path')
    .where('path', '=', pack.path)
    .where('sha256', '=', pack.sha256)
    .where('current', '=', 1)
    .executeTakeFirst();
  const newest = await trx
    .selectFrom('packs')
    .select(['epoch', 'sequence'])
    .where('path', '=', pack.path)
    .$if(isListed !== undefined, (others) => others.where('sha256', '!=', pack.sha256))
    .orderBy('epoch', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newest && compareReleases(pack, newest) <= 0)
    throw sequenceRefused(pack, `above ${releaseWords(newest)}`, newest);
  const base = newest?.epoch === pack.epoch ? newest.sequence : 0;
  if (isListed === undefined && pack.sequence > base + maxSequenceStep)
    throw sequenceRefused(pack, `of at most ${base + maxSequenceStep}`, { epoch: pack.epoch, sequence: base });
  await trx
    .insertInto('packs')
    .values(pack)
    .onConflict((conflict) => conflict.columns(['path', 'sha256']).doUpdateSet({ epoch: pack.epoch }))
    .execute();
}

function sequenceRefused(
  pack: PackRow,
  expected: string,
  newest: { readonly epoch: number; readonly sequence: number },
): ServerError {
  const next = newest.epoch === pack.epoch ? newest.sequence + 1 : 1;
  return new ServerError(
    'target-sequence',
    `${pack.path}: expected a sequence ${expected}, got ${releaseWords(pack)}`,
    { place: { file: pack.path }, hint: `build it again with yms build --sequence ${next}` },
  );
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
