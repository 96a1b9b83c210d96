import { shown } from '../../../base/shown.js';
import { z } from 'zod';
import { formatSeconds } from '../../../base/clock.js';
import { type Actor, requirePermission } from '../../actor/actor.js';
import { appendAudit } from '../../audit/audit.js';
import type { PeopleDeps } from '../../deps.js';
import { entityTag, requireMatch, type Tagged } from '../../input/entity-tag.js';
import { refusal, ServerError, unknownId, unknownReference } from '../../error.js';
import { newId } from '../../records/ids.js';
import { contains, type Listed, listPage, type ListQuery, type ListSpec } from '../../input/listing.js';
import { isUniqueViolation, type Records, type RecordsTransaction } from '../../records/database.js';
import { holdLock, holdRow } from '../../records/lock.js';
import { transact } from '../../records/transaction.js';
import { newInvitation } from './invitation.js';
import { type Role, roles } from '../../actor/roles.js';
import { displayName, id, searchText } from '../../input/fields.js';
import type { PersonRow } from '../../records/people-tables.js';
import { type Person, shownPerson } from './shown-person.js';

/** ASCII on purpose: two addresses that look alike would be two accounts. Lower case counts as upper case. */
export const emailField = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[!-?A-~]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'an e-mail address such as ada@example.com');

export const newPersonSchema = z.strictObject({
  email: emailField,
  name: displayName,
  role: z.enum(roles),
  customerId: id.nullable().default(null),
});
export type NewPerson = z.output<typeof newPersonSchema>;

export const personChangeSchema = z
  .strictObject({
    name: displayName.optional(),
    role: z.enum(roles).optional(),
    customerId: id.nullable().optional(),
    disabled: z.boolean().optional(),
  })
  .refine((members) => Object.keys(members).length > 0, 'at least one member to change');
export type PersonChange = z.output<typeof personChangeSchema>;

/** Held by whoever may take away an owner: of two at once, the second sees what the first has done. */
const owners = 'owners';

export const personList: ListSpec = {
  id: 'people.id',
  sorts: { name: 'people.name', email: 'people.email' },
  filters: { q: searchText, role: z.enum(roles), customerId: id },
};

export async function listPeople(
  { records }: Pick<PeopleDeps, 'records'>,
  actor: Actor,
  list: ListQuery,
): Promise<Listed<Person>> {
  requirePermission(actor, 'people:read');
  const { q, role, customerId } = list.filters;
  let query = records.selectFrom('people').selectAll();
  if (q !== undefined) query = query.where((e) => e.or([contains('people.name', q), contains('people.email', q)]));
  if (role !== undefined) query = query.where('role', '=', role as Role);
  if (customerId !== undefined) query = query.where('customerId', '=', customerId);
  return listPage(query, list, personList, {
    idOf: (row) => row.id,
    valueOf: (row, column) => (column === 'people.name' ? row.name : column === 'people.email' ? row.email : row.id),
    show: shownPerson,
  });
}

/** @throws ServerError `not-found` */
export async function getPerson(
  { records }: Pick<PeopleDeps, 'records'>,
  actor: Actor,
  personId: string,
): Promise<Tagged<Person>> {
  requirePermission(actor, 'people:read');
  return tagged(await findRow(records, personId));
}

/** @throws ServerError `email-taken`, `reference-unknown`, `request-body` for a role that does not fit its customer */
export async function invitePerson(
  deps: PeopleDeps,
  actor: Actor,
  terms: NewPerson,
): Promise<{ person: Person; invitation: string }> {
  requirePermission(actor, 'people:write');
  requireFittingCustomer(terms);
  const { records, clock } = deps;
  const personId = newId('per', clock);
  const { invitation, ...columns } = newInvitation(deps, personId);
  const row: PersonRow = {
    ...terms,
    ...columns,
    id: personId,
    passwordHash: null,
    totpStep: 0,
    disabledAt: null,
    createdAt: formatSeconds(clock.now()),
    lastSignInAt: null,
  };
  await transact(records, async (trx) => {
    await requireCustomer(trx, terms.customerId);
    try {
      await trx.insertInto('people').values(row).execute();
    } catch (cause) {
      if (!isUniqueViolation(cause)) throw cause;
      throw refusal(
        'email-taken',
        { path: ['email'], expected: 'an address of nobody yet', got: terms.email },
        { cause },
      );
    }
    await appendAudit(trx, clock, {
      actor: actor.name,
      action: 'person.invite',
      subject: row.id,
      details: { before: null, after: { ...terms } },
    });
  });
  return { person: shownPerson(row), invitation };
}

/**
 * A new invitation for somebody who lost the password or the phone. It ends their sessions, and the old password and
 * second factor count no more.
 *
 * @throws ServerError `not-found`, `last-owner`
 */
export async function reinvitePerson(
  deps: PeopleDeps,
  actor: Actor,
  personId: string,
): Promise<{ person: Person; invitation: string }> {
  requirePermission(actor, 'people:write');
  const { records, clock } = deps;
  const { invitation, ...columns } = newInvitation(deps, personId);
  return transact(records, async (trx) => {
    await holdLock(trx, owners);
    await holdRow(trx, 'people', personId);
    const row = await findRow(trx, personId);
    if (row.passwordHash !== null) await requireOtherOwner(trx, row);
    await trx
      .updateTable('people')
      .set({ ...columns, passwordHash: null, totpStep: 0 })
      .where('id', '=', personId)
      .execute();
    await trx.deleteFrom('sessions').where('personId', '=', personId).execute();
    await appendAudit(trx, clock, { actor: actor.name, action: 'person.reinvite', subject: personId });
    return { person: shownPerson({ ...row, ...columns, passwordHash: null }), invitation };
  });
}

/**
 * It takes effect at the person's next click.
 *
 * @throws ServerError `not-found`, `precondition-failed`, `last-owner`, `reference-unknown`, `request-body`
 */
export async function changePerson(
  { records, clock }: PeopleDeps,
  actor: Actor,
  personId: string,
  change: PersonChange,
  ifMatch?: string,
): Promise<Tagged<Person>> {
  requirePermission(actor, 'people:write');
  return transact(records, async (trx) => {
    await holdLock(trx, owners);
    await holdRow(trx, 'people', personId);
    const row = await findRow(trx, personId);
    requireMatch(ifMatch, tagged(row).tag, `person ${personId}`);
    const { disabled, ...others } = change;
    const now = formatSeconds(clock.now());
    const next: PersonRow = {
      ...row,
      ...(Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) as Partial<PersonRow>),
      disabledAt: disabled === undefined ? row.disabledAt : disabled ? (row.disabledAt ?? now) : null,
    };
    requireFittingCustomer(next);
    await requireCustomer(trx, next.customerId);
    if (next.role !== 'owner' || next.disabledAt !== null) await requireOtherOwner(trx, row);
    const { name, role, customerId, disabledAt } = next;
    await trx.updateTable('people').set({ name, role, customerId, disabledAt }).where('id', '=', personId).execute();
    if (disabledAt !== null) await trx.deleteFrom('sessions').where('personId', '=', personId).execute();
    const before = { name: row.name, role: row.role, customerId: row.customerId, disabled: row.disabledAt !== null };
    const after = { name, role, customerId, disabled: disabledAt !== null };
    await appendAudit(trx, clock, {
      actor: actor.name,
      action: 'person.update',
      subject: personId,
      details: { before, after },
    });
    return tagged(next);
  });
}

function tagged(row: PersonRow): Tagged<Person> {
  const { id: personId, email, name, role, customerId, state } = shownPerson(row);
  return { shown: shownPerson(row), tag: entityTag({ id: personId, email, name, role, customerId, state }) };
}

async function findRow(trx: Records | RecordsTransaction, personId: string): Promise<PersonRow> {
  const row = await trx.selectFrom('people').selectAll().where('id', '=', personId).executeTakeFirst();
  if (!row) throw unknownId('person', personId);
  return row;
}

/** Somebody must be able to let others in again. */
async function requireOtherOwner(trx: RecordsTransaction, row: PersonRow): Promise<void> {
  if (row.role !== 'owner' || row.disabledAt !== null || row.passwordHash === null) return;
  const other = await trx
    .selectFrom('people')
    .select('id')
    .where('role', '=', 'owner')
    .where('id', '!=', row.id)
    .where('disabledAt', 'is', null)
    .where('passwordHash', 'is not', null)
    .executeTakeFirst();
  if (!other) throw new ServerError('last-owner', 'person: expected another owner who can sign in, got the only one');
}

function requireFittingCustomer({ role, customerId }: Pick<PersonRow, 'role' | 'customerId'>): void {
  if ((role === 'customer') !== (customerId !== null))
    throw refusal('request-body', {
      path: ['customerId'],
      expected: 'a customer for role customer, and only there',
      got: `${shown(customerId)} for role ${role}`,
    });
}

async function requireCustomer(trx: RecordsTransaction, customerId: string | null): Promise<void> {
  if (customerId === null) return;
  if (!(await trx.selectFrom('customers').select('id').where('id', '=', customerId).executeTakeFirst()))
    throw unknownReference('customerId', customerId);
}
