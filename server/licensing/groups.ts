/** Groups: hosts of one customer that are managed together. */
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { type Actor, mayKnow, requirePermission, ownedBy } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { entityTag, requireMatch, type Tagged } from '../input/entity-tag.js';
import { unknownId, unknownReference } from '../error.js';
import { newId } from '../records/ids.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { GroupRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { displayName, id, searchText } from '../input/fields.js';

export const newGroupSchema = z.strictObject({ customerId: id, name: displayName });
export const groupChangeSchema = z.strictObject({ name: displayName });

export const groupList: ListSpec = {
  id: 'groups.id',
  sorts: { name: 'groups.name', createdAt: 'groups.createdAt' },
  filters: { customerId: id, q: searchText },
};

/** @throws ServerError `reference-unknown` also for a customer that the actor may not know of */
export async function createGroup(
  { records, clock }: ServerDeps,
  actor: Actor,
  { customerId, name }: z.output<typeof newGroupSchema>,
): Promise<Tagged<GroupRow>> {
  requirePermission(actor, 'hosts:write');
  return transact(records, async (trx) => {
    const known = await trx.selectFrom('customers').select('id').where('id', '=', customerId).executeTakeFirst();
    if (!known || !mayKnow(actor, customerId)) throw unknownReference('customerId', customerId);
    const row: GroupRow = { id: newId('grp', clock), customerId, name, createdAt: formatSeconds(clock.now()) };
    await trx.insertInto('groups').values(row).execute();
    const details = { before: null, after: { customerId, name } };
    await appendAudit(trx, clock, { actor: actor.name, action: 'group.create', subject: row.id, details });
    return tagged(row);
  });
}

export async function listGroups({ records }: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<GroupRow>> {
  requirePermission(actor, 'hosts:read');
  const { customerId, q } = list.filters;
  let query = records.selectFrom('groups').selectAll().where(ownedBy(actor, 'groups.customerId'));
  if (customerId !== undefined) query = query.where('groups.customerId', '=', customerId);
  if (q !== undefined) query = query.where(contains('groups.name', q));
  return listPage(query, list, groupList, {
    idOf: (row) => row.id,
    valueOf: (row, column) =>
      column === 'groups.name' ? row.name : column === 'groups.createdAt' ? row.createdAt : row.id,
    show: (row) => row,
  });
}

/** @throws ServerError `not-found` */
export async function getGroup({ records }: ServerDeps, actor: Actor, groupId: string): Promise<Tagged<GroupRow>> {
  requirePermission(actor, 'hosts:read');
  return tagged(await requireGroup(records, actor, groupId));
}

/** @throws ServerError `not-found`, `precondition-failed` */
export async function updateGroup(
  { records, clock }: ServerDeps,
  actor: Actor,
  groupId: string,
  { name }: z.output<typeof groupChangeSchema>,
  ifMatch?: string,
): Promise<Tagged<GroupRow>> {
  requirePermission(actor, 'hosts:write');
  return transact(records, async (trx) => {
    await holdRow(trx, 'groups', groupId);
    const row = await requireGroup(trx, actor, groupId);
    requireMatch(ifMatch, tagged(row).tag, `group ${groupId}`);
    await trx.updateTable('groups').set({ name }).where('id', '=', groupId).execute();
    const details = { before: { name: row.name }, after: { name } };
    await appendAudit(trx, clock, { actor: actor.name, action: 'group.update', subject: groupId, details });
    return tagged({ ...row, name });
  });
}

/** Its hosts stay, without a group. @throws ServerError `not-found`, `precondition-failed` */
export async function deleteGroup(
  { records, clock }: ServerDeps,
  actor: Actor,
  groupId: string,
  ifMatch?: string,
): Promise<void> {
  requirePermission(actor, 'hosts:write');
  await transact(records, async (trx) => {
    await holdRow(trx, 'groups', groupId);
    const row = await requireGroup(trx, actor, groupId);
    requireMatch(ifMatch, tagged(row).tag, `group ${groupId}`);
    const { customerId, name } = row;
    const hosts = await trx
      .updateTable('hosts')
      .set({ groupId: null })
      .where('groupId', '=', groupId)
      .returning('id')
      .execute();
    await trx.deleteFrom('groups').where('id', '=', groupId).execute();
    const details = { before: { customerId, name, hosts: hosts.map(({ id: hostId }) => hostId) }, after: null };
    await appendAudit(trx, clock, { actor: actor.name, action: 'group.delete', subject: groupId, details });
  });
}

/** @throws ServerError `not-found` */
export async function requireGroup(db: Records | RecordsTransaction, actor: Actor, groupId: string): Promise<GroupRow> {
  const row = await db.selectFrom('groups').selectAll().where('id', '=', groupId).executeTakeFirst();
  if (!row || !mayKnow(actor, row.customerId)) throw unknownId('group', groupId);
  return row;
}

function tagged(row: GroupRow): Tagged<GroupRow> {
  return { shown: row, tag: entityTag({ ...row }) };
}
