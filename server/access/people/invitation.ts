import { randomBytes } from 'node:crypto';
import { sha256Hex, utf8 } from '../../../base/bytes.js';
import { dayMs, formatSeconds } from '../../../base/clock.js';
import { appendAudit } from '../../audit/audit.js';
import type { PeopleDeps } from '../../deps.js';
import { refusal, ServerError } from '../../error.js';
import { hashPassword, requireGoodPassword } from './password.js';
import type { PersonRow } from '../../records/people-tables.js';
import { type NewSession, startSession } from './session.js';
import { acceptedTotpStep, newTotpSecret } from './totp.js';
import { transact } from '../../records/transaction.js';
import { secondFactorPlace } from '../../records/records-key.js';

/** How long an invitation may lie in a mailbox. */
export const invitationDays = 7;
const pattern = /^yms_invitation_[A-Za-z0-9_-]{43}$/;

export interface NewInvitation extends Pick<PersonRow, 'invitationDigest' | 'invitationExpiresAt' | 'totpSecret'> {
  /** Shown once: `yms_invitation_<43 characters>`, a bearer secret. */
  readonly invitation: string;
}

export function newInvitation({ clock, keys }: Omit<PeopleDeps, 'records'>, personId: string): NewInvitation {
  const invitation = `yms_invitation_${randomBytes(32).toString('base64url')}`;
  return {
    invitation,
    invitationDigest: digest(invitation),
    invitationExpiresAt: formatSeconds(new Date(clock.now().getTime() + invitationDays * dayMs)),
    totpSecret: keys.records.seal(secondFactorPlace(personId), newTotpSecret()),
  };
}

/** Where the invited person opens it, below the address of the server. */
export function invitationPath(invitation: string): string {
  return `/admin/invitation?token=${encodeURIComponent(invitation)}`;
}

/**
 * The invited person, with the second factor in the clear.
 *
 * @throws ServerError `invitation-unknown`, also for one that ran out, was used, or whose person is disabled
 */
export async function findInvitation({ records, clock, keys }: PeopleDeps, invitation: string): Promise<PersonRow> {
  const row = pattern.test(invitation)
    ? await records
        .selectFrom('people')
        .selectAll()
        .where('invitationDigest', '=', digest(invitation))
        .executeTakeFirst()
    : undefined;
  if (!row || row.disabledAt !== null || (row.invitationExpiresAt ?? '') <= formatSeconds(clock.now()))
    throw new ServerError(
      'invitation-unknown',
      'invitation: expected an open one, got one that is unknown, used or expired',
      {
        hint: 'ask an owner for a new one',
      },
    );
  return { ...row, totpSecret: keys.records.open(secondFactorPlace(row.id), row.totpSecret) };
}

/**
 * The invited person chooses a password and shows that the authenticator app has the second factor; then they are
 * signed in.
 *
 * @throws ServerError `invitation-unknown`, `password-weak`, `code-wrong`
 */
export async function acceptInvitation(
  deps: PeopleDeps,
  { invitation, password, code }: { readonly invitation: string; readonly password: string; readonly code: string },
): Promise<NewSession> {
  const { records, clock } = deps;
  const person = await findInvitation(deps, invitation);
  requireGoodPassword(password, person.email);
  const step = acceptedTotpStep(person.totpSecret, code, clock.now(), person.totpStep);
  if (step === null)
    throw refusal('code-wrong', {
      path: ['code'],
      expected: 'the six digits that the app shows now',
      got: 'a code that is wrong or was used',
    });
  const passwordHash = await hashPassword(password);
  return transact(records, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('people')
      .set({ passwordHash, totpStep: step, invitationDigest: null, invitationExpiresAt: null })
      .set({ lastSignInAt: formatSeconds(clock.now()) })
      .where('id', '=', person.id)
      .where('invitationDigest', '=', digest(invitation))
      .executeTakeFirst();
    if (numUpdatedRows !== 1n)
      throw new ServerError('invitation-unknown', 'invitation: expected an open one, got one that was used meanwhile');
    await appendAudit(trx, clock, { actor: `person:${person.id}`, action: 'person.join', subject: person.id });
    return startSession(trx, clock, person.id, 'local');
  });
}

function digest(invitation: string): string {
  return sha256Hex(utf8('yms invitation\n'), utf8(invitation));
}
