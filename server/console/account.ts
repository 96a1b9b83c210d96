import type { Attempts } from '../access/people/attempts.js';
import { minPasswordLength } from '../access/people/password.js';
import { endSession } from '../access/people/session.js';
import { changePassword } from '../access/people/sign-in.js';
import type { Desk } from './desk.js';
import { field, form } from './form.js';
import { html } from './html.js';
import { facts } from './table.js';
import type { Page, Visit } from './visit.js';

export function accountPages(desk: Desk, attempts: Attempts): void {
  desk.page('/account', null, accountPage);
  desk.act(
    '/account',
    null,
    async (visit, values) => {
      const text = (name: string) => values.get(name) ?? '';
      const given = { password: text('old-password'), code: text('code'), next: text('password') };
      await changePassword(visit.deps, attempts, visit.session, given, 'account');
      return { to: '/admin/account?done=password' };
    },
    accountPage,
  );
  desk.signOut('/sign-out', (visit) => endSession(visit.deps, visit.session));
}

function accountPage(visit: Visit): Promise<Page> {
  const { person } = visit.session;
  const attempt = visit.attempt && { ...visit.attempt, values: new URLSearchParams() };
  const fields = html`<input type="hidden" name="username" value="${person.email}" autocomplete="username" /> ${field(
      attempt,
      {
        name: 'old-password',
        label: 'Password now',
        type: 'password',
        autocomplete: 'current-password',
      },
    )}
    ${field(attempt, {
      name: 'password',
      label: 'New password',
      type: 'password',
      autocomplete: 'new-password',
      hint: `At least ${minPasswordLength} characters. Four random words are long and easy to keep.`,
    })}
    ${field(attempt, {
      name: 'code',
      label: 'One-time code',
      autocomplete: 'one-time-code',
      inputmode: 'numeric',
      hint: 'The six digits that your app shows now; the one you signed in with is used up.',
    })}`;
  return Promise.resolve({
    title: 'Your account',
    body: html`${facts([
        ['Name', person.name],
        ['E-mail', person.email],
        ['Role', person.role],
      ])}
      <h2>Change the password</h2>
      ${form(visit, '/admin/account', fields, { submit: 'Change the password', name: 'Change the password' })}`,
  });
}
