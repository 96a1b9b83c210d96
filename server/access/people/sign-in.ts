import { formatSeconds } from '../../../base/clock.js';
import { appendAudit } from '../../audit/audit.js';
import type { PeopleDeps, ServerDeps } from '../../deps.js';
import { ServerError } from '../../error.js';
import type { Attempts } from './attempts.js';
import { hashPassword, passwordMatches, requireGoodPassword } from './password.js';
import type { PersonRow } from '../../records/people-tables.js';
import { type NewSession, type Session, startSession } from './session.js';
import type { Person } from './shown-person.js';
import { acceptedTotpStep } from './totp.js';
import { transact } from '../../records/transaction.js';
import { secondFactorPlace } from '../../records/records-key.js';

export interface Credentials {
  /** Lower case. */
  readonly email: string;
  readonly password: string;
  readonly code: string;
}

type SignInDeps = PeopleDeps & Pick<ServerDeps, 'log'>;

/**
 * Local accounts: password and one-time code at once, so that nobody learns which of them was wrong.
 *
 * @throws ServerError `rate-limited`, `sign-in-refused`
 */
export async function signIn(
  deps: SignInDeps,
  attempts: Attempts,
  credentials: Credentials,
  address: string,
): Promise<NewSession> {
  const { records, clock, log } = deps;
  const { email } = credentials;
  await attempts.spend(email, address);
  const row = await records.selectFrom('people').selectAll().where('email', '=', email).executeTakeFirst();
  const step = await provenStep(deps, row, credentials);
  if (!row || step === null) {
    log.warn({ address, personId: row?.id ?? null }, 'sign-in refused');
    throw refused();
  }
  const session = await transact(records, async (trx) => {
    await takeStep(trx, row, step, { lastSignInAt: formatSeconds(clock.now()) });
    await appendAudit(trx, clock, { actor: `person:${row.id}`, action: 'person.sign-in', subject: row.id });
    return startSession(trx, clock, row.id, 'local');
  });
  await attempts.forgive(email, address);
  return session;
}

/**
 * Needs the old password and a code, and ends the person's other sessions.
 *
 * @throws ServerError `rate-limited`, `sign-in-refused`, `password-weak`
 */
export async function changePassword(
  deps: SignInDeps,
  attempts: Attempts,
  session: Session,
  given: { readonly password: string; readonly code: string; readonly next: string },
  address: string,
): Promise<void> {
  const { records, clock } = deps;
  const { id, email }: Person = session.person;
  requireGoodPassword(given.next, email);
  await attempts.spend(email, address);
  const row = await records.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst();
  const step = await provenStep(deps, row, given);
  if (!row || step === null) throw refused();
  const passwordHash = await hashPassword(given.next);
  await transact(records, async (trx) => {
    await takeStep(trx, row, step, { passwordHash });
    await trx.deleteFrom('sessions').where('personId', '=', id).where('digest', '!=', session.digest).execute();
    await appendAudit(trx, clock, { actor: `person:${id}`, action: 'person.password', subject: id });
  });
  await attempts.forgive(email, address);
}

async function provenStep(
  { clock, keys }: SignInDeps,
  row: PersonRow | undefined,
  { password, code }: Pick<Credentials, 'password' | 'code'>,
): Promise<number | null> {
  const isRight = await passwordMatches(password, row?.passwordHash ?? null);
  if (!row || !isRight || row.disabledAt !== null) return null;
  const totpSecret = keys.records.open(secondFactorPlace(row.id), row.totpSecret);
  return acceptedTotpStep(totpSecret, code, clock.now(), row.totpStep);
}

/** Two requests with the same code: one of them gets in. The password must still be the one that was checked. */
async function takeStep(
  trx: Parameters<typeof startSession>[0],
  row: PersonRow,
  step: number,
  columns: Partial<Pick<PersonRow, 'lastSignInAt' | 'passwordHash'>>,
): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable('people')
    .set({ ...columns, totpStep: step })
    .where('id', '=', row.id)
    .where('totpStep', '<', step)
    .where('passwordHash', '=', row.passwordHash)
    .where('disabledAt', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw refused();
}

function refused(): ServerError {
  return new ServerError(
    'sign-in-refused',
    'sign-in: expected a known address, its password and code, got at least one that is wrong',
    {
      hint: 'each code works once: wait for the next one',
    },
  );
}
