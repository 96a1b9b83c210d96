/** Pages for those who have not signed in yet: sign-in and invitation. */
import { type Request, type Response, Router } from 'express';
import { encode } from 'uqr';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import type { Attempts } from '../access/people/attempts.js';
import { acceptInvitation, findInvitation } from '../access/people/invitation.js';
import { minPasswordLength } from '../access/people/password.js';
import { emailField } from '../access/people/person.js';
import type { PersonRow } from '../records/people-tables.js';
import { setCookie } from '../access/people/session.js';
import { signIn } from '../access/people/sign-in.js';
import { totpUri } from '../access/people/totp.js';
import { problemOf } from '../http/problems.js';
import { onlyMethods } from '../http/routes/method.js';
import { readForm } from './form-body.js';
import { attemptOf, field, isRefusal } from './form.js';
import { html, type Html, type Part } from './html.js';
import type { Layout } from './layout.js';
import { requireSameOrigin } from './origin.js';
import type { Attempt, Page } from './page-context.js';

export function guestRoutes(deps: ServerDeps, layout: Layout, attempts: Attempts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const show = (response: Response, page: Page) => {
    response
      .status(page.status ?? 200)
      .type('html')
      .send(layout.outside(page));
  };
  router
    .route('/sign-in')
    .get((request, response) => show(response, signInPage(nextPath(request.query['next']), null)))
    .post(async (request, response) => {
      requireSameOrigin(request);
      const values = await readForm(request, deps);
      const next = nextPath(values.get('next'));
      try {
        const email = emailField.safeParse(values.get('email') ?? '').data ?? '';
        const credentials = { email, password: values.get('password') ?? '', code: values.get('code') ?? '' };
        const session = await signIn(deps, attempts, credentials, addressOf(request));
        response.set('Set-Cookie', setCookie(session)).redirect(303, next);
      } catch (error) {
        show(
          response,
          retry(response, error, values, (attempt) => signInPage(next, attempt)),
        );
      }
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/invitation')
    .get(async (request, response) => {
      const invitation = textOf(request.query['token']);
      show(response, invitationPage(invitation, await findInvitation(deps, invitation), null));
    })
    .post(async (request, response) => {
      requireSameOrigin(request);
      const values = await readForm(request, deps);
      const invitation = values.get('token') ?? '';
      const person = await findInvitation(deps, invitation);
      try {
        await attempts.spend(person.email, addressOf(request));
        const given = { password: values.get('password') ?? '', code: values.get('code') ?? '' };
        const session = await acceptInvitation(deps, { invitation, ...given });
        response.set('Set-Cookie', setCookie(session)).redirect(303, '/admin');
      } catch (error) {
        show(
          response,
          retry(response, error, values, (attempt) => invitationPage(invitation, person, attempt)),
        );
      }
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  return router;
}

function retry(response: Response, error: unknown, values: URLSearchParams, page: (attempt: Attempt) => Page): Page {
  const { status } = problemOf(error, '');
  if (!isRefusal(error) || status >= 500) throw error;
  if (error instanceof ServerError && error.retryAfterSeconds !== undefined)
    response.set('Retry-After', String(error.retryAfterSeconds));
  return { ...page(attemptOf(error, values)), status };
}

/** Without a proxy that says whom it forwards, a proxy's own address; the limits of accounts hold all the same. */
function addressOf(request: Request): string {
  return request.socket.remoteAddress ?? 'unknown';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A path of the console to go on to; anything else is the overview. */
export function nextPath(asked: unknown): string {
  return typeof asked === 'string' && /^\/admin(?:\/[a-z0-9-]+)*(?:\?[\w=&.%+-]*)?$/.test(asked) ? asked : '/admin';
}

function signInPage(next: string, attempt: Attempt | null): Page {
  return {
    title: 'Sign in',
    body: html`${alert(attempt)}
      <form method="post" action="/admin/sign-in" class="form">
        <input type="hidden" name="next" value="${next}" />
        ${field(attempt, { name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', autofocus: true })}
        ${field(attempt, {
          name: 'password',
          label: 'Password',
          type: 'password',
          autocomplete: 'current-password',
        })}
        ${field(attempt && withoutCode(attempt), {
          name: 'code',
          label: 'One-time code',
          autocomplete: 'one-time-code',
          inputmode: 'numeric',
          hint: 'The six digits that your authenticator app shows now.',
        })}
        <div class="actions"><button class="primary">Sign in</button></div>
      </form>
      <p class="hint">Lost the password or the phone? An owner can send you a new invitation.</p>`,
  };
}

/** A code works once, so it is never typed again. */
function withoutCode(attempt: Attempt): Attempt {
  const values = new URLSearchParams(attempt.values);
  values.delete('code');
  return { ...attempt, values };
}

function invitationPage(invitation: string, person: PersonRow, attempt: Attempt | null): Page {
  const uri = totpUri(person.totpSecret, person.email);
  return {
    title: 'Welcome to yms',
    body: html`${alert(attempt)}
      <p>
        This makes the account of <strong>${person.name}</strong>, who signs in as <strong>${person.email}</strong>.
      </p>
      <h2>1. Add the account to an authenticator app</h2>
      <div class="second-factor">
        ${qrCode(uri)}
        <div>
          <p>Scan the code with an app such as Aegis, 1Password or Google Authenticator.</p>
          <p>Or type this key: <code class="secret">${person.totpSecret.match(/.{1,4}/g)?.join(' ')}</code></p>
        </div>
      </div>
      <h2>2. Choose a password</h2>
      <form method="post" action="/admin/invitation" class="form">
        <input type="hidden" name="token" value="${invitation}" />
        <input type="hidden" name="email" value="${person.email}" autocomplete="username" />
        ${field(attempt, {
          name: 'password',
          label: 'Password',
          type: 'password',
          autocomplete: 'new-password',
          hint: `At least ${minPasswordLength} characters. Four random words are long and easy to keep.`,
        })}
        ${field(attempt && withoutCode(attempt), {
          name: 'code',
          label: 'One-time code',
          autocomplete: 'one-time-code',
          inputmode: 'numeric',
          hint: 'The six digits that the app shows now.',
        })}
        <div class="actions"><button class="primary">Make the account</button></div>
      </form>`,
  };
}

function alert(attempt: Attempt | null): Part {
  if (attempt === null) return null;
  return html`<div class="alert" role="alert">
    <p>${attempt.message}</p>
    ${attempt.hint !== null && html`<p class="hint">${attempt.hint}</p>`}
  </div>`;
}

function qrCode(text: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: 3 });
  const dark = data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="QR code of the key below">
    <rect width="${size}" height="${size}" class="qr-light" />
    <path d="${dark}" class="qr-dark" />
  </svg>`;
}
