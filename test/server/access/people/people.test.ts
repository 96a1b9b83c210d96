import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dayMs, FixedClock, hourMs, minuteMs, secondMs } from '../../../../base/clock.js';
import { newSealingKey } from '../../../../keys/sealing.js';
import { actorOf } from '../../../../server/actor/actor.js';
import { parseListQuery } from '../../../../server/input/listing.js';
import { Attempts } from '../../../../server/access/people/attempts.js';
import { acceptInvitation, findInvitation } from '../../../../server/access/people/invitation.js';
import {
  changePerson,
  invitePerson,
  listPeople,
  personList,
  reinvitePerson,
} from '../../../../server/access/people/person.js';
import {
  findSession,
  formTokenMatches,
  idleMs,
  maxAgeMs,
  sessionCookie,
} from '../../../../server/access/people/session.js';
import { changePassword, signIn } from '../../../../server/access/people/sign-in.js';
import { openRecords, type Records } from '../../../../server/records/database.js';
import { RecordsKey } from '../../../../server/records/records-key.js';
import { expectCode } from '../../../support/expect-code.js';
import { codeAt, joinedPerson, type TestPerson, testOwner, testPassword } from '../../../support/person.js';
import { silentLog, testStart } from '../../../support/server.js';

let dir: string;
let records: Records;
const clock = new FixedClock(testStart);
let attempts: Attempts;
const keys = { records: new RecordsKey(newSealingKey()) };
const deps = () => ({ records, clock, keys, log: silentLog });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'yms-people-'));
  records = await openRecords(join(dir, 'records.sqlite'));
});
afterAll(async () => {
  await records.destroy();
  await rm(dir, { recursive: true });
});
beforeEach(() => {
  attempts = new Attempts(deps());
  clock.advanceMs(dayMs);
});

let count = 0;
const joined = (role: Parameters<typeof joinedPerson>[1] = 'auditor') =>
  joinedPerson(deps(), role, `person${++count}@example.com`);

/** The code after the last that was used. */
function nextCode({ totpSecret }: TestPerson): string {
  clock.advanceMs(30 * secondMs);
  return codeAt(totpSecret, clock.now());
}

const enter = (who: TestPerson, changed: Partial<{ email: string; password: string; code: string }> = {}) =>
  signIn(
    deps(),
    attempts,
    { email: who.person.email, password: testPassword, code: changed.code ?? nextCode(who), ...changed },
    '192.0.2.1',
  );

const auditCount = async () => (await records.selectFrom('audit').select('sequence').execute()).length;
const sessionCount = async () => (await records.selectFrom('sessions').select('digest').execute()).length;

describe('signing in', () => {
  test('takes address, password and code, and starts a session of its own', async () => {
    const who = await joined();
    const session = await enter(who);
    expect(session.secret).not.toBe(who.session.secret);
    const found = await findSession(deps(), `other=1; ${sessionCookie}=${session.secret}`);
    expect(found?.person).toMatchObject({ id: who.person.id, role: 'auditor', state: 'active' });
    expect(found?.actor.permissions.has('audit:read')).toBe(true);
    expect(found?.actor.permissions.has('people:write')).toBe(false);
  });

  test.each([
    ['another password', { password: 'correct horse batterz' }],
    ['no password', { password: '' }],
    ['another code', { code: '000000' }],
    ['no code', { code: '' }],
    ['another address', { email: 'nobody@example.com' }],
    ['no address', { email: '' }],
  ])('is refused with %s, always in the same words', async (_, changed) => {
    const who = await joined();
    const before = [await auditCount(), await sessionCount()];
    const refused = await enter(who, changed).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'sign-in-refused',
      message: 'sign-in: expected a known address, its password and code, got at least one that is wrong',
    });
    expect([await auditCount(), await sessionCount()]).toEqual(before);
  });

  test('takes a code once, also the same one twice at the same time', async () => {
    const who = await joined();
    const code = nextCode(who);
    const both = await Promise.allSettled([enter(who, { code }), enter(who, { code })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expectCode('sign-in-refused', () => enter(who, { code }));
  });

  test('takes codes of half a minute before and after, and no older ones', async () => {
    const who = await joined();
    clock.advanceMs(hourMs);
    await enter(who, { code: codeAt(who.totpSecret, new Date(clock.now().getTime())) });
    clock.advanceMs(hourMs);
    const old = codeAt(who.totpSecret, new Date(clock.now().getTime() - minuteMs));
    await expectCode('sign-in-refused', () => enter(who, { code: old }));
  });

  test('is slowed down for one account, and another account is not', async () => {
    const [who, other] = [await joined(), await joined()];
    for (let i = 0; i < 8; i++) await expectCode('sign-in-refused', () => enter(who, { code: '000000' }));
    await expectCode('rate-limited', () => enter(who));
    await enter(other);
    clock.advanceMs(4 * minuteMs);
    await enter(who);
    await enter(who, {}); // what was right is forgiven
  });

  test('a person who was shut out is out at once, and cannot come back', async () => {
    const who = await joined();
    const cookie = `${sessionCookie}=${(await enter(who)).secret}`;
    expect(await findSession(deps(), cookie)).not.toBeNull();
    await changePerson(deps(), testOwner, who.person.id, { disabled: true });
    expect(await findSession(deps(), cookie)).toBeNull();
    await expectCode('sign-in-refused', () => enter(who));
    await changePerson(deps(), testOwner, who.person.id, { disabled: false });
    expect(await findSession(deps(), cookie)).toBeNull();
    await enter(who);
  });
});

describe('a session', () => {
  test('ends when nobody clicks, and at last however much one clicks', async () => {
    const who = await joined();
    clock.advanceMs(idleMs - secondMs);
    expect(await findSession(deps(), who.cookie)).not.toBeNull();
    clock.advanceMs(idleMs - secondMs);
    expect(await findSession(deps(), who.cookie)).not.toBeNull();
    clock.advanceMs(idleMs + secondMs);
    expect(await findSession(deps(), who.cookie)).toBeNull();

    const busy = await joined();
    const start = clock.now().getTime();
    while (clock.now().getTime() - start < maxAgeMs - hourMs) {
      clock.advanceMs(hourMs);
      expect(await findSession(deps(), busy.cookie)).not.toBeNull();
    }
    clock.advanceMs(hourMs);
    expect(await findSession(deps(), busy.cookie)).toBeNull();
  });

  test.each([
    ['none', undefined],
    ['another name', 'yms-session=x'],
    ['an empty one', `${sessionCookie}=`],
    ['an unknown one', `${sessionCookie}=${'a'.repeat(43)}`],
    ['quotes', `${sessionCookie}="' or 1=1 --"`],
  ])('is not found by %s', async (_, cookie) => {
    expect(await findSession(deps(), cookie)).toBeNull();
  });

  test('two cookies of the name are none', async () => {
    const { cookie } = await joined();
    expect(await findSession(deps(), `${cookie}; ${cookie}`)).toBeNull();
  });

  test('has a form token that no other session has', async () => {
    const [one, other] = [await joined(), await joined()];
    const session = await findSession(deps(), one.cookie);
    const foreign = await findSession(deps(), other.cookie);
    if (!session || !foreign) return expect.fail('no session');
    expect(formTokenMatches(session, session.formToken)).toBe(true);
    for (const token of ['', foreign.formToken, `${session.formToken}a`])
      expect(formTokenMatches(session, token)).toBe(false);
  });

  test('is not in the records, nor is a password or an invitation', async () => {
    const { session } = await joined();
    const { invitation } = await invitePerson(deps(), testOwner, {
      email: 'kept@example.com',
      name: 'Kept',
      role: 'owner',
      customerId: null,
    });
    const all = JSON.stringify([
      await records.selectFrom('sessions').selectAll().execute(),
      await records.selectFrom('people').selectAll().execute(),
      await records.selectFrom('audit').selectAll().execute(),
    ]);
    for (const secret of [session.secret, testPassword, invitation]) expect(all).not.toContain(secret);
  });
});

describe('an invitation', () => {
  const terms = () => ({ email: `new${++count}@example.com`, name: 'New', role: 'auditor' as const, customerId: null });

  test('is open once and for a week', async () => {
    const { person, invitation } = await invitePerson(deps(), testOwner, terms());
    const { totpSecret } = await findInvitation(deps(), invitation);
    const given = { invitation, password: testPassword, code: codeAt(totpSecret, clock.now()) };
    await expectCode('code-wrong', () => acceptInvitation(deps(), { ...given, code: '000000' }));
    await expectCode('password-weak', () => acceptInvitation(deps(), { ...given, password: 'short' }));
    await expectCode('password-weak', () => acceptInvitation(deps(), { ...given, password: 'aaaaaaaaaaaaaaa' }));
    await expectCode('password-weak', () =>
      acceptInvitation(deps(), { ...given, password: `my ${person.email.split('@')[0] ?? ''} word` }),
    );
    await acceptInvitation(deps(), given);
    await expectCode('invitation-unknown', () => acceptInvitation(deps(), given));

    const late = await invitePerson(deps(), testOwner, terms());
    clock.advanceMs(7 * dayMs);
    await expectCode('invitation-unknown', () => findInvitation(deps(), late.invitation));
  });

  test('of somebody who lost the phone ends the old password and the sessions', async () => {
    const who = await joined();
    const { invitation } = await reinvitePerson(deps(), testOwner, who.person.id);
    expect(await findSession(deps(), who.cookie)).toBeNull();
    await expectCode('sign-in-refused', () => enter(who));
    const { totpSecret } = await findInvitation(deps(), invitation);
    expect(totpSecret).not.toBe(who.totpSecret);
    const code = codeAt(totpSecret, clock.now());
    await acceptInvitation(deps(), { invitation, password: 'another good password', code });
    await expectCode('sign-in-refused', () => enter({ ...who, totpSecret }));
    await enter({ ...who, totpSecret }, { password: 'another good password' });
  });

  test('is not given twice for an address, whatever its case', async () => {
    const one = terms();
    await invitePerson(deps(), testOwner, one);
    const before = await auditCount();
    await expectCode('email-taken', () => invitePerson(deps(), testOwner, one));
    expect(await auditCount()).toBe(before);
  });

  test('of role customer needs a customer, and no other role has one', async () => {
    await expectCode('request-body', () => invitePerson(deps(), testOwner, { ...terms(), role: 'customer' }));
    const customerId = 'cus-000000000000-0000-000000000000';
    await expectCode('request-body', () => invitePerson(deps(), testOwner, { ...terms(), customerId }));
    await expectCode('reference-unknown', () =>
      invitePerson(deps(), testOwner, { ...terms(), role: 'customer', customerId }),
    );
  });
});

describe('people', () => {
  test('are changed by owners only, and listed by auditors', async () => {
    const who = await joined();
    for (const role of ['license-manager', 'publisher', 'auditor', 'customer'] as const) {
      const actor = actorOf('test', role, null);
      await expectCode('scope-missing', () => changePerson(deps(), actor, who.person.id, { role: 'owner' }));
      await expectCode('scope-missing', () => reinvitePerson(deps(), actor, who.person.id));
    }
    const list = parseListQuery({ q: who.person.email }, personList);
    expect((await listPeople(deps(), actorOf('test', 'auditor', null), list)).items).toEqual([who.person]);
    await expectCode('scope-missing', () => listPeople(deps(), actorOf('test', 'customer', 'x'), list));
  });

  test('the last owner who can sign in stays one', async () => {
    await records.deleteFrom('sessions').execute();
    await records.deleteFrom('people').execute();
    const only = await joined('owner');
    const { id } = only.person;
    await expectCode('last-owner', () => changePerson(deps(), testOwner, id, { role: 'auditor' }));
    await expectCode('last-owner', () => changePerson(deps(), testOwner, id, { disabled: true }));
    await expectCode('last-owner', () => reinvitePerson(deps(), testOwner, id));
    expect(await findSession(deps(), only.cookie)).not.toBeNull();
    await joined('owner');
    expect((await changePerson(deps(), testOwner, id, { role: 'auditor' })).shown.role).toBe('auditor');
  });

  test('change their password with the old one and a code, and other sessions end', async () => {
    const who = await joined();
    const other = `${sessionCookie}=${(await enter(who)).secret}`;
    const session = await findSession(deps(), who.cookie);
    if (!session) return expect.fail('no session');
    const change = (given: Partial<{ password: string; code: string; next: string }>) =>
      changePassword(
        deps(),
        attempts,
        session,
        { password: testPassword, code: given.code ?? nextCode(who), next: 'another good password', ...given },
        'account',
      );
    await expectCode('sign-in-refused', () => change({ password: 'wrong wrong wrong' }));
    await expectCode('sign-in-refused', () => change({ code: '000000' }));
    await expectCode('password-weak', () => change({ next: 'short' }));
    expect(await findSession(deps(), other)).not.toBeNull();
    await change({});
    expect(await findSession(deps(), other)).toBeNull();
    expect(await findSession(deps(), who.cookie)).not.toBeNull();
    await enter(who, { password: 'another good password' });
  });
});
