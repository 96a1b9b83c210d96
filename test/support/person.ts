import { TOTP } from 'otpauth';
import { actorOf } from '../../server/actor/actor.js';
import { hashPassword } from '../../server/access/people/password.js';
import { invitePerson } from '../../server/access/people/person.js';
import type { Person } from '../../server/access/people/shown-person.js';
import { type NewSession, sessionCookie, startSession } from '../../server/access/people/session.js';
import type { Role } from '../../server/actor/roles.js';
import type { PeopleDeps } from '../../server/deps.js';
import { secondFactorPlace } from '../../server/records/records-key.js';

export const testOwner = actorOf('test', 'owner', null);
export const testPassword = 'correct horse battery';

export interface TestPerson {
  readonly person: Person;
  readonly totpSecret: string;
  readonly session: NewSession;
  /** For a Cookie header. */
  readonly cookie: string;
}

/** What an authenticator app shows at `time`. */
export function codeAt(totpSecret: string, time: Date): string {
  return new TOTP({ secret: totpSecret }).generate({ timestamp: time.getTime() });
}

/** Deriving takes half a second; a test that is not about it need not wait. */
let knownHash: Promise<string> | null = null;

/** Somebody who was invited and has joined, with {@link testPassword}; no one-time code is used up yet. */
export async function joinedPerson(
  { records, clock, keys }: PeopleDeps,
  role: Role,
  email = `${role}@example.com`,
  customerId: string | null = null,
): Promise<TestPerson> {
  const terms = { email, name: `The ${role}`, role, customerId };
  const { person } = await invitePerson({ records, clock, keys }, testOwner, terms);
  knownHash ??= hashPassword(testPassword);
  const { totpSecret: sealed } = await records
    .updateTable('people')
    .set({ passwordHash: await knownHash, invitationDigest: null, invitationExpiresAt: null })
    .where('id', '=', person.id)
    .returning('totpSecret')
    .executeTakeFirstOrThrow();
  const totpSecret = keys.records.open(secondFactorPlace(person.id), sealed);
  const session = await records.transaction().execute((trx) => startSession(trx, clock, person.id, 'local'));
  return { person: { ...person, state: 'active' }, totpSecret, session, cookie: `${sessionCookie}=${session.secret}` };
}
