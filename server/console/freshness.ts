/** Whether hosts have what is published, from their last reports. */
import { ownedBy } from '../actor/actor.js';
import { dayMs, formatSeconds } from '../../base/clock.js';
import { compareReleases, type ReleaseOrder } from '../../packs/release-order.js';
import { licenseFeatures, loadSold } from '../licensing/sold-license.js';
import { contains } from '../input/listing.js';
import type { Records } from '../records/database.js';

export interface Newest {
  readonly feature: string;
  readonly pack: string;
  readonly channel: string;
  readonly version: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly committedAt: string;
}

export interface InstalledPack {
  readonly feature: string;
  readonly pack: string;
  readonly channel: string;
  readonly version: string;
  /** Absent for the first. */
  readonly epoch?: number;
  readonly sequence: number;
  readonly installedAt: string;
}

export type Freshness = 'up to date' | 'behind' | 'silent' | 'not yet seen';

/** A host that said nothing for so long is silent, whatever it had. */
export const silentDays = 7;

/** The newest full pack of each feature, pack and channel. */
export async function newestPacks(records: Records): Promise<Newest[]> {
  const rows = await records
    .selectFrom('targets')
    .innerJoin('packs', (join) =>
      join.onRef('packs.path', '=', 'targets.path').onRef('packs.sha256', '=', 'targets.sha256'),
    )
    .select(['packs.feature', 'packs.pack', 'packs.channel', 'packs.version', 'packs.epoch', 'packs.sequence'])
    .select('targets.committedAt')
    .where('targets.current', '=', 1)
    .where('packs.kind', '=', 'full')
    .execute();
  const newest = new Map<string, Newest>();
  for (const row of rows) {
    const before = newest.get(packName(row));
    if (!before || compareReleases(before, row) < 0) newest.set(packName(row), row);
  }
  return [...newest.values()];
}

export function packName({ feature, pack, channel }: Pick<Newest, 'feature' | 'pack' | 'channel'>): string {
  return `${feature}/${pack}/${channel}`;
}

/** Whether what a host has is this release, or a newer one. */
export function hasReached({ epoch = 1, sequence }: InstalledPack, want: ReleaseOrder): boolean {
  return compareReleases({ epoch, sequence }, want) >= 0;
}

export interface Report {
  readonly packs: readonly InstalledPack[];
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

/** What the server accepted as a status report. */
export function parseReport(status: string | null): Report {
  if (status === null) return { packs: [], lastError: null };
  const { packs, lastError } = JSON.parse(status) as { packs: InstalledPack[]; lastError?: Report['lastError'] };
  return { packs, lastError: lastError ?? null };
}

/** Of one host, by the features and the channel of its license. */
export function freshnessOf(
  host: { readonly status: string | null; readonly statusAt: string | null },
  licensed: { readonly features: readonly string[]; readonly channel: string },
  newest: readonly Newest[],
  now: Date,
): Freshness {
  if (host.statusAt === null) return 'not yet seen';
  if (host.statusAt < formatSeconds(new Date(now.getTime() - silentDays * dayMs))) return 'silent';
  const { packs } = parseReport(host.status);
  const wanted = newest.filter(
    ({ feature, channel }) => channel === licensed.channel && licensed.features.includes(feature),
  );
  const has = (want: Newest) => packs.some((pack) => packName(pack) === packName(want) && hasReached(pack, want));
  return wanted.every(has) ? 'up to date' : 'behind';
}

export interface LicensedHost {
  readonly id: string;
  readonly name: string;
  readonly licenseId: string;
  readonly customerId: string;
  readonly customerName: string;
  readonly client: string;
  readonly createdAt: string;
  readonly status: string | null;
  readonly statusAt: string | null;
  readonly lastSeenAt: string | null;
  readonly seatFreedAt: string | null;
  readonly groupId: string | null;
  readonly flag: string | null;
  readonly keyid: string;
  readonly features: readonly string[];
  readonly channel: string;
}

interface HostFilter {
  readonly customerId: string | null;
  readonly licenseId?: string;
  readonly groupId?: string;
  readonly id?: string;
  /** In names. */
  readonly words?: string;
  readonly after?: string;
  readonly limit: number;
}

/** Hosts by id with what their licenses cover now. */
export async function licensedHosts(records: Records, filter: HostFilter): Promise<LicensedHost[]> {
  const { customerId, licenseId, groupId, id, words, after, limit } = filter;
  let query = records
    .selectFrom('hosts')
    .innerJoin('licenses', 'licenses.id', 'hosts.licenseId')
    .innerJoin('customers', 'customers.id', 'licenses.customerId')
    .selectAll('hosts')
    .select(['licenses.customerId', 'customers.name as customerName'])
    .where('hosts.id', '>', after ?? '')
    .where(ownedBy({ customerId }, 'licenses.customerId'));
  if (licenseId !== undefined) query = query.where('hosts.licenseId', '=', licenseId);
  if (groupId !== undefined) query = query.where('hosts.groupId', '=', groupId);
  if (id !== undefined) query = query.where('hosts.id', '=', id);
  if (words !== undefined)
    query = query.where((e) => e.or([contains('hosts.name', words), contains('customers.name', words)]));
  const rows = await query.orderBy('hosts.id').limit(limit).execute();
  const ids = [...new Set(rows.map((row) => row.licenseId))];
  const sold =
    ids.length === 0 ? [] : await records.selectFrom('licenses').selectAll().where('id', 'in', ids).execute();
  const terms = new Map(
    (await loadSold(records, sold)).map((license) => [
      license.id,
      { features: licenseFeatures(license), channel: license.channel },
    ]),
  );
  return rows.map((row) => ({ ...row, ...(terms.get(row.licenseId) ?? { features: [], channel: '' }) }));
}
