import type { Kysely } from 'kysely';
import { epochColumn } from './epoch-column.js';
import { peopleTables } from './people-tables.js';
import { salesTables } from './sales-tables.js';
import { sharedTables } from './shared-tables.js';

/**
 * Steps from an empty database to today's tables, each run once, in order, all in one transaction. A step that was
 * released is never changed. Only what SQLite and PostgreSQL both understand.
 */
export const migrations: readonly ((db: Kysely<unknown>) => Promise<void>)[] = [
  firstTables,
  salesTables,
  peopleTables,
  sharedTables,
  epochColumn,
];

async function firstTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('customers')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('licenses')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('customerId', 'text', (c) => c.notNull().references('customers.id'))
    .addColumn('keyDigest', 'text', (c) => c.notNull().unique())
    .addColumn('features', 'text', (c) => c.notNull())
    .addColumn('seats', 'integer', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('notBefore', 'text', (c) => c.notNull())
    .addColumn('expiresAt', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('lastSerial', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('hosts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('licenseId', 'text', (c) => c.notNull().references('licenses.id'))
    .addColumn('keyid', 'text', (c) => c.notNull())
    .addColumn('publicKey', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('client', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('status', 'text')
    .addColumn('statusAt', 'text')
    .addUniqueConstraint('hosts_license_key', ['licenseId', 'keyid'])
    .execute();
  await db.schema
    .createTable('documents')
    .addColumn('hostId', 'text', (c) => c.primaryKey().references('hosts.id').onDelete('cascade'))
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('contentDigest', 'text', (c) => c.notNull())
    .addColumn('issuedAt', 'text', (c) => c.notNull())
    .addColumn('expiresAt', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('tokens')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull().unique())
    .addColumn('licenseId', 'text', (c) => c.references('licenses.id'))
    .addColumn('hostId', 'text', (c) => c.references('hosts.id').onDelete('cascade'))
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('expiresAt', 'text')
    .addColumn('lastUsedAt', 'text')
    .execute();
  await db.schema.createIndex('tokens_host').on('tokens').column('hostId').execute();
  await db.schema
    .createTable('metadata')
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('metadata_role_version', ['role', 'version'])
    .execute();
  await db.schema
    .createTable('targets')
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('length', 'integer', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('current', 'integer', (c) => c.notNull())
    .addColumn('committedAt', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('targets_path_sha256', ['path', 'sha256'])
    .execute();
  await db.schema
    .createTable('packs')
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('feature', 'text', (c) => c.notNull())
    .addColumn('pack', 'text', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('sequence', 'bigint', (c) => c.notNull())
    .addColumn('keyCommitment', 'text', (c) => c.notNull())
    .addColumn('header', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('packs_path_sha256', ['path', 'sha256'])
    .execute();
  await db.schema
    .createTable('audit')
    .addColumn('sequence', 'integer', (c) => c.primaryKey())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('details', 'text', (c) => c.notNull())
    .addColumn('previous', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
}
