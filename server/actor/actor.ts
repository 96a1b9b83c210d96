import { type RawBuilder, sql } from 'kysely';
import { ServerError } from '../error.js';
import { type Permission, type Role, rolePermissions } from './roles.js';

/** Who asks for something to be shown or done: behind an API token, or a person who has signed in. */
export interface Actor {
  /** For the audit log: `token:<id>`, `person:<id>` or `server`. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The only customer whose things it may see; null for the vendor's own people. */
  readonly customerId: string | null;
}

/** `narrowed` takes permissions away from the role, and can add none. */
export function actorOf(
  name: string,
  role: Role,
  customerId: string | null,
  narrowed: readonly string[] | null = null,
): Actor {
  const own = rolePermissions[role].filter((permission) => narrowed === null || narrowed.includes(permission));
  return { name, permissions: new Set(own), customerId: role === 'customer' ? (customerId ?? '') : null };
}

/** What the server does by itself when its time has come. */
export const serverActor: Actor = { name: 'server', permissions: new Set(), customerId: null };

/** @throws ServerError `scope-missing` */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (!actor.permissions.has(permission))
    throw new ServerError(
      'scope-missing',
      `authorization: expected permission ${permission}, got ${actor.name} without it`,
    );
}

/**
 * What an actor may see of many rows: the clause of every query whose rows belong to customers, and the same rule as
 * {@link mayKnow}. Both stand here, so that one cannot be changed without the other.
 *
 * @param column of the customer's id, such as `licenses.customerId`
 */
export function ownedBy({ customerId }: Pick<Actor, 'customerId'>, column: string): RawBuilder<boolean> {
  return customerId === null ? sql<boolean>`1 = 1` : sql<boolean>`${sql.ref(column)} = ${customerId}`;
}

/** Whether the actor may know of something that belongs to this customer. What it may not know of is answered as absent. */
export function mayKnow(actor: Actor, customerId: string): boolean {
  return actor.customerId === null || actor.customerId === customerId;
}
