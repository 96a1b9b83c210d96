import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256Hex, utf8 } from '../../../base/bytes.js';
import { type Clock, formatSeconds, hourMs, minuteMs } from '../../../base/clock.js';
import { type Actor, actorOf } from '../../actor/actor.js';
import type { ServerDeps } from '../../deps.js';
import type { RecordsTransaction } from '../../records/database.js';
import { type Person, shownPerson } from './shown-person.js';

/** A session ends after this long without a click, and after {@link maxAgeMs} whatever happens. */
export const idleMs = 2 * hourMs;
export const maxAgeMs = 12 * hourMs;
const seenGrainMs = minuteMs;

/** `__Host-`: only this very host may set it, over TLS (or on loopback), for all of its paths (RFC 6265bis). */
export const sessionCookie = '__Host-yms-session';
const pattern = /^[A-Za-z0-9_-]{43}$/;

export interface NewSession {
  /** The cookie's value: 32 random bytes; the records keep its digest. */
  readonly secret: string;
}

export interface Session {
  readonly person: Person;
  readonly actor: Actor;
  /** Goes into each form and must come back with it. */
  readonly formToken: string;
  readonly digest: string;
}

/**
 * The seam for other ways to sign in: whoever has proved that somebody is `personId` (a password here, an OpenID
 * Connect provider one day) calls this with the name of the proof.
 */
export async function startSession(
  trx: RecordsTransaction,
  clock: Clock,
  personId: string,
  method: string,
): Promise<NewSession> {
  const secret = randomBytes(32).toString('base64url');
  const now = formatSeconds(clock.now());
  await trx
    .deleteFrom('sessions')
    .where('createdAt', '<', formatSeconds(new Date(clock.now().getTime() - maxAgeMs)))
    .execute();
  await trx
    .insertInto('sessions')
    .values({ digest: digestOf(secret), personId, method, createdAt: now, lastSeenAt: now })
    .execute();
  return { secret };
}

/** Who sends this Cookie header, as the records have them now, or null. */
export async function findSession(
  { records, clock }: Pick<ServerDeps, 'records' | 'clock'>,
  cookieHeader: string | undefined,
): Promise<Session | null> {
  const secret = cookieValue(cookieHeader);
  if (secret === null) return null;
  const digest = digestOf(secret);
  const now = clock.now().getTime();
  const row = await records
    .selectFrom('sessions')
    .innerJoin('people', 'people.id', 'sessions.personId')
    .selectAll('people')
    .select('sessions.lastSeenAt')
    .where('sessions.digest', '=', digest)
    .where('sessions.createdAt', '>', formatSeconds(new Date(now - maxAgeMs)))
    .where('sessions.lastSeenAt', '>', formatSeconds(new Date(now - idleMs)))
    .where('people.disabledAt', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  if (row.lastSeenAt < formatSeconds(new Date(now - seenGrainMs)))
    await records
      .updateTable('sessions')
      .set({ lastSeenAt: formatSeconds(clock.now()) })
      .where('digest', '=', digest)
      .execute();
  const actor = actorOf(`person:${row.id}`, row.role, row.customerId);
  return { person: shownPerson(row), actor, formToken: formTokenOf(secret), digest };
}

export async function endSession({ records }: Pick<ServerDeps, 'records'>, session: Session): Promise<void> {
  await records.deleteFrom('sessions').where('digest', '=', session.digest).execute();
}

/** Whether a form came from a page of this session. */
export function formTokenMatches({ formToken }: Session, presented: string): boolean {
  const [expected, got] = [utf8(formToken), utf8(presented)];
  return expected.length === got.length && timingSafeEqual(expected, got);
}

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export const clearCookie = `${sessionCookie}=; ${attributes}; Max-Age=0`;

export function setCookie({ secret }: NewSession): string {
  return `${sessionCookie}=${secret}; ${attributes}`;
}

function cookieValue(header: string | undefined): string | null {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${sessionCookie}=`))
    .map((pair) => pair.slice(sessionCookie.length + 1));
  const [value] = values;
  return value !== undefined && values.length === 1 && pattern.test(value) ? value : null;
}

function digestOf(secret: string): string {
  return sha256Hex(utf8('yms session\n'), utf8(secret));
}

function formTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('yms form').digest('base64url');
}
