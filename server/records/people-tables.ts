import type { Kysely } from 'kysely';
import type { Role } from '../actor/roles.js';

export interface PersonRow {
  id: string;
  /** Lower case, unique: what a person signs in with. */
  email: string;
  name: string;
  role: Role;
  /** Set for role `customer` only. */
  customerId: string | null;
  /** See `password.ts`; null until the invitation is accepted. */
  passwordHash: string | null;
  /** Sealed with the server's records key. */
  totpSecret: string;
  /** The last time step whose code was accepted: no code counts twice. */
  totpStep: number;
  /** SHA-256 hex of the open invitation. */
  invitationDigest: string | null;
  invitationExpiresAt: string | null;
  disabledAt: string | null;
  createdAt: string;
  lastSignInAt: string | null;
}

export interface SessionRow {
  /** SHA-256 hex of the cookie. */
  digest: string;
  personId: string;
  /** How the person proved who they are: `local` now, an OpenID Connect issuer one day. */
  method: string;
  createdAt: string;
  lastSeenAt: string;
}

export interface RefusalRow {
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  /** Of the problem. */
  code: string;
  count: number;
}

/** The step of `records/migrations.ts` that adds people, their sessions, and counts of refusals by day. */
export async function peopleTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('people')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('email', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('customerId', 'text', (c) => c.references('customers.id'))
    .addColumn('passwordHash', 'text')
    .addColumn('totpSecret', 'text', (c) => c.notNull())
    .addColumn('totpStep', 'integer', (c) => c.notNull())
    .addColumn('invitationDigest', 'text', (c) => c.unique())
    .addColumn('invitationExpiresAt', 'text')
    .addColumn('disabledAt', 'text')
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('lastSignInAt', 'text')
    .execute();
  await db.schema
    .createTable('sessions')
    .addColumn('digest', 'text', (c) => c.primaryKey())
    .addColumn('personId', 'text', (c) => c.notNull().references('people.id').onDelete('cascade'))
    .addColumn('method', 'text', (c) => c.notNull())
    .addColumn('createdAt', 'text', (c) => c.notNull())
    .addColumn('lastSeenAt', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('sessions_person').on('sessions').column('personId').execute();
  await db.schema
    .createTable('refusals')
    .addColumn('day', 'text', (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('count', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('refusals_day_code', ['day', 'code'])
    .execute();
}
