/** Hosts: the endpoints that took a seat. */
import { shown } from '../../base/shown.js';
import { z } from 'zod';
import type { Json } from '../../base/json.js';
import { type Actor, mayKnow, requirePermission, ownedBy } from '../actor/actor.js';
import { appendAudit } from '../audit/audit.js';
import type { ServerDeps } from '../deps.js';
import { entityTag, requireMatch, type Tagged } from '../input/entity-tag.js';
import { refusal, ServerError, unknownId } from '../error.js';
import { requireGroup } from './groups.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { HostRow } from '../records/tables.js';
import { holdRow } from '../records/lock.js';
import { transact } from '../records/transaction.js';
import { displayName, id, searchText, time } from '../input/fields.js';

export const hostChangeSchema = z
  .strictObject({
    name: displayName.optional(),
    groupId: id.nullable().optional(),
    /** Takes a flag away; nobody can set one by hand. */
    flag: z.null().optional(),
  })
  .refine((members) => Object.keys(members).length > 0, 'at least one member to change');
export type HostChange = z.output<typeof hostChangeSchema>;

export interface ShownHost {
  readonly id: string;
  readonly licenseId: string;
  readonly customerId: string;
  readonly groupId: string | null;
  readonly keyid: string;
  readonly name: string;
  readonly client: string;
  readonly createdAt: string;
  /** Its last report. */
  readonly status: Json;
  readonly statusAt: string | null;
  readonly lastSeenAt: string | null;
  readonly seatFreedAt: string | null;
  readonly flag: string | null;
  readonly flaggedAt: string | null;
}

export const hostList: ListSpec = {
  id: 'hosts.id',
  sorts: { name: 'hosts.name', createdAt: 'hosts.createdAt' },
  filters: {
    licenseId: id,
    customerId: id,
    groupId: id,
    flagged: z.enum(['true', 'false']),
    notSeenSince: time,
    q: searchText,
  },
};

type OwnedHost = HostRow & { readonly customerId: string };

export async function listHosts({ records }: ServerDeps, actor: Actor, list: ListQuery): Promise<Listed<ShownHost>> {
  requirePermission(actor, 'hosts:read');
  const { licenseId, customerId, groupId, flagged, notSeenSince, q } = list.filters;
  let query = ownedHosts(records).where(ownedBy(actor, 'licenses.customerId'));
  if (licenseId !== undefined) query = query.where('hosts.licenseId', '=', licenseId);
  if (customerId !== undefined) query = query.where('licenses.customerId', '=', customerId);
  if (groupId !== undefined) query = query.where('hosts.groupId', '=', groupId);
  if (flagged !== undefined) query = query.where('hosts.flag', flagged === 'true' ? 'is not' : 'is', null);
  if (notSeenSince !== undefined)
    query = query.where((e) => e.or([e('hosts.lastSeenAt', 'is', null), e('hosts.lastSeenAt', '<', notSeenSince)]));
  if (q !== undefined) query = query.where(contains('hosts.name', q));
  return listPage(query, list, hostList, {
    idOf: (row) => row.id,
    valueOf: (row, column) =>
      column === 'hosts.name' ? row.name : column === 'hosts.createdAt' ? row.createdAt : row.id,
    show: shownHost,
  });
}

/** @throws ServerError `not-found` */
export async function getHost({ records }: ServerDeps, actor: Actor, hostId: string): Promise<Tagged<ShownHost>> {
  requirePermission(actor, 'hosts:read');
  return tagged(await requireHost(records, actor, hostId));
}

/** @throws ServerError `not-found`, `precondition-failed`; `reference-unknown` for a group of another customer */
export async function updateHost(
  { records, clock }: ServerDeps,
  actor: Actor,
  hostId: string,
  change: HostChange,
  ifMatch?: string,
): Promise<Tagged<ShownHost>> {
  requirePermission(actor, 'hosts:write');
  return transact(records, async (trx) => {
    if (typeof change.groupId === 'string') await holdRow(trx, 'groups', change.groupId);
    await holdRow(trx, 'hosts', hostId);
    const row = await requireHost(trx, actor, hostId);
    requireMatch(ifMatch, tagged(row).tag, `host ${hostId}`);
    const { name = row.name, groupId = row.groupId } = change;
    if (change.groupId !== undefined && change.groupId !== null) await requireOwnGroup(trx, actor, row, change.groupId);
    const flag = change.flag === null ? { flag: null, flaggedAt: null } : { flag: row.flag, flaggedAt: row.flaggedAt };
    await trx
      .updateTable('hosts')
      .set({ name, groupId, ...flag })
      .where('id', '=', hostId)
      .execute();
    const next = { ...row, name, groupId, ...flag };
    const details = { before: changeable(row), after: changeable(next) };
    await appendAudit(trx, clock, { actor: actor.name, action: 'host.update', subject: hostId, details });
    return tagged(next);
  });
}

async function requireOwnGroup(
  trx: RecordsTransaction,
  actor: Actor,
  { customerId }: OwnedHost,
  groupId: string,
): Promise<void> {
  const unknown = (cause?: unknown) => {
    const expected = 'a group of the host’s customer';
    return refusal('reference-unknown', { path: ['groupId'], expected, got: shown(groupId) }, { cause });
  };
  const group = await requireGroup(trx, actor, groupId).catch((cause: unknown) => {
    throw cause instanceof ServerError ? unknown(cause) : cause;
  });
  if (group.customerId !== customerId) throw unknown();
}

/** Frees its seat and ends its tokens. @throws ServerError `not-found`, `precondition-failed` */
export async function removeHost(
  { records, clock }: ServerDeps,
  actor: Actor,
  hostId: string,
  ifMatch?: string,
): Promise<void> {
  requirePermission(actor, 'hosts:write');
  await transact(records, async (trx) => {
    await holdRow(trx, 'hosts', hostId);
    const row = await requireHost(trx, actor, hostId);
    requireMatch(ifMatch, tagged(row).tag, `host ${hostId}`);
    await trx.deleteFrom('hosts').where('id', '=', hostId).execute();
    const details = {
      before: { license: row.licenseId, keyid: row.keyid, ...changeable(row) },
      after: null,
    };
    await appendAudit(trx, clock, { actor: actor.name, action: 'host.delete', subject: hostId, details });
  });
}

async function requireHost(db: Records | RecordsTransaction, actor: Actor, hostId: string): Promise<OwnedHost> {
  const row = await ownedHosts(db).where('hosts.id', '=', hostId).executeTakeFirst();
  if (!row || !mayKnow(actor, row.customerId)) throw unknownId('host', hostId);
  return row;
}

function ownedHosts(db: Records | RecordsTransaction) {
  return db
    .selectFrom('hosts')
    .innerJoin('licenses', 'licenses.id', 'hosts.licenseId')
    .selectAll('hosts')
    .select('licenses.customerId');
}

function shownHost(row: OwnedHost): ShownHost {
  const { id: hostId, licenseId, customerId, groupId, keyid, name, client, createdAt, statusAt } = row;
  const { lastSeenAt, seatFreedAt, flag, flaggedAt } = row;
  const status = row.status === null ? null : (JSON.parse(row.status) as Json);
  const seen = { status, statusAt, lastSeenAt, seatFreedAt, flag, flaggedAt };
  return { id: hostId, licenseId, customerId, groupId, keyid, name, client, createdAt, ...seen };
}

function changeable({ name, groupId, flag }: HostRow): { name: string; groupId: string | null; flag: string | null } {
  return { name, groupId, flag };
}

function tagged(row: OwnedHost): Tagged<ShownHost> {
  return { shown: shownHost(row), tag: entityTag({ id: row.id, ...changeable(row) }) };
}
