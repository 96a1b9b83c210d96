/** What each host received, and when: license documents, and whole files. Kept also for hosts that were removed since. */
import { formatSeconds } from '../../base/clock.js';
import { type Actor, requirePermission, ownedBy } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { type Listed, listPage, type ListQuery, type ListSpec } from '../input/listing.js';
import { id, time } from '../input/fields.js';

export interface DocumentReceipt {
  readonly issuedAt: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly customerId: string;
  readonly licenseId: string;
  readonly serial: number;
  readonly state: string;
  readonly expiresAt: string;
  readonly features: readonly string[];
  /** `<feature>/<pack>/<channel> <version> <kind>`. */
  readonly grants: readonly string[];
  readonly sha256: string;
}

export const documentColumns = [
  'issuedAt',
  'hostId',
  'hostName',
  'customerId',
  'licenseId',
  'serial',
  'state',
  'expiresAt',
  'features',
  'grants',
  'sha256',
] as const satisfies readonly (keyof DocumentReceipt)[];

export const documentList: ListSpec = {
  id: 'deliveries.sha256',
  sorts: { issuedAt: 'deliveries.issuedAt' },
  filters: { customerId: id, licenseId: id, hostId: id, since: time },
};

export async function documentsReport(
  { records }: ServerDeps,
  actor: Actor,
  list: ListQuery,
): Promise<Listed<DocumentReceipt>> {
  requirePermission(actor, 'reports:read');
  const { customerId, licenseId, hostId, since } = list.filters;
  let query = records.selectFrom('deliveries').selectAll().where(ownedBy(actor, 'deliveries.customerId'));
  if (customerId !== undefined) query = query.where('deliveries.customerId', '=', customerId);
  if (licenseId !== undefined) query = query.where('deliveries.licenseId', '=', licenseId);
  if (hostId !== undefined) query = query.where('deliveries.hostId', '=', hostId);
  if (since !== undefined) query = query.where('deliveries.issuedAt', '>=', since);
  return listPage(query, list, documentList, {
    idOf: (row) => row.sha256,
    valueOf: (row, column) => (column === 'deliveries.issuedAt' ? row.issuedAt : row.sha256),
    show: (row) => ({
      issuedAt: row.issuedAt,
      hostId: row.hostId,
      hostName: row.hostName,
      customerId: row.customerId,
      licenseId: row.licenseId,
      serial: row.serial,
      state: row.state,
      expiresAt: row.expiresAt,
      features: JSON.parse(row.features) as string[],
      grants: JSON.parse(row.grants) as string[],
      sha256: row.sha256,
    }),
  });
}

export interface DownloadReceipt {
  readonly firstAt: string;
  readonly lastAt: string;
  readonly times: number;
  readonly hostId: string;
  readonly hostName: string;
  readonly customerId: string;
  readonly path: string;
  readonly sha256: string;
}

export const downloadColumns = [
  'firstAt',
  'lastAt',
  'times',
  'hostId',
  'hostName',
  'customerId',
  'path',
  'sha256',
] as const satisfies readonly (keyof DownloadReceipt)[];

export const downloadList: ListSpec = {
  id: 'downloads.id',
  sorts: { firstAt: 'downloads.firstAt' },
  filters: { customerId: id, hostId: id, since: time },
};

export async function downloadsReport(
  { records }: ServerDeps,
  actor: Actor,
  list: ListQuery,
): Promise<Listed<DownloadReceipt>> {
  requirePermission(actor, 'reports:read');
  const { customerId, hostId, since } = list.filters;
  let query = records.selectFrom('downloads').selectAll().where(ownedBy(actor, 'downloads.customerId'));
  if (customerId !== undefined) query = query.where('downloads.customerId', '=', customerId);
  if (hostId !== undefined) query = query.where('downloads.hostId', '=', hostId);
  if (since !== undefined) query = query.where('downloads.lastAt', '>=', since);
  return listPage(query, list, downloadList, {
    idOf: (row) => row.id,
    valueOf: (row, column) => (column === 'downloads.firstAt' ? row.firstAt : row.id),
    show: ({ firstAt, lastAt, times, hostId: host, hostName, customerId: customer, path, sha256 }) => ({
      firstAt,
      lastAt,
      times,
      hostId: host,
      hostName,
      customerId: customer,
      path,
      sha256,
    }),
  });
}

/** Notes that a host was sent a whole file. */
export async function recordDownload(
  { records, clock }: Pick<ServerDeps, 'records' | 'clock'>,
  hostId: string,
  path: string,
  sha256: string,
): Promise<void> {
  const host = await records
    .selectFrom('hosts')
    .innerJoin('licenses', 'licenses.id', 'hosts.licenseId')
    .select(['hosts.name', 'licenses.customerId'])
    .where('hosts.id', '=', hostId)
    .executeTakeFirst();
  if (!host) return;
  const at = formatSeconds(clock.now());
  await records
    .insertInto('downloads')
    .values({
      id: `${hostId} ${sha256} ${path}`,
      hostId,
      hostName: host.name,
      customerId: host.customerId,
      path,
      sha256,
      firstAt: at,
      lastAt: at,
      times: 1,
    })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((e) => ({ lastAt: at, times: e('downloads.times', '+', 1) })),
    )
    .execute();
}
