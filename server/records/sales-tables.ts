import type { Kysely } from 'kysely';

/** Plans, additions and removals, groups, floating seats, feature moves, receipts, idempotent answers. */
export async function salesTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('plans')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('features', 'text', (c) => c.notNull())
    .addColumn('seats', 'integer', (c) => c.notNull())
    .addColumn('durationDays', 'integer', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('trial', 'integer', (c) => c.notNull())
    .addColumn('graceDays', 'integer', (c) => c.notNull())
    .addColumn('documentDays', 'integer', (c) => c.notNull())
    .addColumn('floatingDays', 'integer')
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('archivedAt', 'text')
    .execute();
  await db.schema
    .alterTable('licenses')
    .addColumn('planId', 'text', (c) => c.references('plans.id'))
    .execute();
  await db.schema
    .alterTable('licenses')
    .addColumn('removedFeatures', 'text', (c) => c.notNull().defaultTo('[]'))
    .execute();
  await db.schema.createIndex('licenses_customer').on('licenses').column('customerId').execute();
  await db.schema.createIndex('licenses_plan').on('licenses').column('planId').execute();
  await db.schema
    .createTable('groups')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('customerId', 'text', (c) => c.notNull().references('customers.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .alterTable('hosts')
    .addColumn('groupId', 'text', (c) => c.references('groups.id'))
    .execute();
  await db.schema.alterTable('hosts').addColumn('lastSeenAt', 'text').execute();
  await db.schema.alterTable('hosts').addColumn('seatFreedAt', 'text').execute();
  await db.schema
    .alterTable('hosts')
    .addColumn('confirmedSerial', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('hosts').addColumn('flag', 'text').execute();
  await db.schema.alterTable('hosts').addColumn('flaggedAt', 'text').execute();
  await db.schema
    .alterTable('tokens')
    .addColumn('customerId', 'text', (c) => c.references('customers.id'))
    .execute();
  await db.schema.alterTable('tokens').addColumn('permissions', 'text').execute();
  await db.schema.alterTable('tokens').addColumn('usesLeft', 'integer').execute();
  await movesAndReceipts(db);
}

async function movesAndReceipts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('customerFeatures')
    .addColumn('feature', 'text', (c) => c.primaryKey())
    .addColumn('customerId', 'text', (c) => c.notNull().references('customers.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('featureMoves')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('feature', 'text', (c) => c.notNull())
    .addColumn('fromPlans', 'text', (c) => c.notNull())
    .addColumn('toPlans', 'text', (c) => c.notNull())
    .addColumn('effectiveAt', 'text', (c) => c.notNull())
    .addColumn('keepExisting', 'integer', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('createdBy', 'text', (c) => c.notNull())
    .addColumn('appliedAt', 'text')
    .addColumn('cancelledAt', 'text')
    .execute();
  await db.schema
    .createTable('deliveries')
    .addColumn('hostId', 'text', (c) => c.notNull())
    .addColumn('serial', 'integer', (c) => c.notNull())
    .addColumn('licenseId', 'text', (c) => c.notNull())
    .addColumn('customerId', 'text', (c) => c.notNull())
    .addColumn('hostName', 'text', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('issuedAt', 'text', (c) => c.notNull())
    .addColumn('expiresAt', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('features', 'text', (c) => c.notNull())
    .addColumn('grants', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('deliveries_host_serial', ['hostId', 'serial'])
    .execute();
  await db.schema.createIndex('deliveries_sha256').on('deliveries').columns(['hostId', 'sha256']).execute();
  await db.schema
    .createTable('downloads')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('hostId', 'text', (c) => c.notNull())
    .addColumn('hostName', 'text', (c) => c.notNull())
    .addColumn('customerId', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('firstAt', 'text', (c) => c.notNull())
    .addColumn('lastAt', 'text', (c) => c.notNull())
    .addColumn('times', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('idempotency')
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('requestDigest', 'text', (c) => c.notNull())
    .addColumn('status', 'integer')
    .addColumn('body', 'text')
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('idempotency_actor_key', ['actor', 'key'])
    .execute();
  await db.schema
    .createTable('locks')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .execute();
}
