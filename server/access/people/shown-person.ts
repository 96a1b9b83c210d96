import type { Role } from '../../actor/roles.js';
import type { PersonRow } from '../../records/people-tables.js';

/** Somebody who signs in, as others may see them: without password, second factor and invitation. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** The customer whose rows a person of role `customer` sees; null for all other roles. */
  readonly customerId: string | null;
  readonly state: 'invited' | 'active' | 'disabled';
  readonly createdAt: string;
  readonly lastSignInAt: string | null;
}

export function shownPerson(row: PersonRow): Person {
  const { id, email, name, role, customerId, createdAt, lastSignInAt } = row;
  const state = row.disabledAt !== null ? 'disabled' : row.passwordHash === null ? 'invited' : 'active';
  return { id, email, name, role, customerId, state, createdAt, lastSignInAt };
}
