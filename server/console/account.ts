import type { Attempts } from '../access/people/attempts.js';
import { minPasswordLength } from '../access/people/password.js';
import { endSession } from '../access/people/session.js';
import { changePassword } from '../access/people/sign-in.js';
import type { PageRouter } from './page-router.js';
import { field, form } from './form.js';
import { html } from './html.js';
import { facts } from './table.js';
import type { Page, PageContext } from './page-context.js';

export function accountPages(pages: PageRouter, attempts: Attempts): void {
  pages.page('/account', null, accountPage);
  pages.form(
    '/account',
    null,
    async (context, values) => {
      const text = (name: string) => values.get(name) ?? '';
      const given = { password: text('old-password'), code: text('code'), next: text('password') };
      await changePassword(context.deps, attempts, context.session, given, 'account');
      return { to: '/admin/account?done=password' };
    },
    accountPage,
  );
  pages.signOut('/sign-out', (context) => endSession(context.deps, context.session));
}

function accountPage(context: PageContext): Promise<Page> {
  const { person } = context.session;
  const attempt = context.attempt && { ...context.attempt, values: new URLSearchParams() };
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
      ${form(context, '/admin/account', fields, { submit: 'Change the password', name: 'Change the password' })}`,
  });
}
