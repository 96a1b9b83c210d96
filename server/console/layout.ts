import type { Problem } from '../http/problems.js';
import type { Permission } from '../actor/roles.js';
import type { Assets } from './assets.js';
import { html, type Html, type Part } from './html.js';
import { formTokenField } from './form.js';
import { may, type Page, type PageContext } from './page-context.js';

interface Place {
  readonly path: string;
  readonly label: string;
  readonly permission: Permission;
  /** Pressed after `g`. */
  readonly key: string;
}

const places: readonly Place[] = [
  { path: '/admin/customers', label: 'Customers', permission: 'customers:read', key: 'c' },
  { path: '/admin/licenses', label: 'Licenses', permission: 'licenses:read', key: 'l' },
  { path: '/admin/plans', label: 'Plans', permission: 'plans:read', key: 'p' },
  { path: '/admin/hosts', label: 'Hosts', permission: 'hosts:read', key: 'h' },
  { path: '/admin/releases', label: 'Releases', permission: 'releases:read', key: 'r' },
  { path: '/admin/reports', label: 'Reports', permission: 'reports:read', key: 's' },
  { path: '/admin/tokens', label: 'Tokens', permission: 'tokens:read', key: 't' },
  { path: '/admin/people', label: 'People', permission: 'people:read', key: 'e' },
  { path: '/admin/audit', label: 'Audit', permission: 'audit:read', key: 'a' },
];

/** What stands around every page. */
export class Layout {
  readonly #assets: Assets;

  constructor(assets: Assets) {
    this.#assets = assets;
  }

  signedIn(context: PageContext, page: Page): string {
    const { person } = context.session;
    const here = (path: string) => context.path === path || (path !== '/admin' && context.path.startsWith(`${path}/`));
    const link = (path: string, label: string, key: string) =>
      html`<li>
        <a href="${path}" data-key="${key}" ${here(path) && html`aria-current="page"`}>${label}</a>
      </li>`;
    return this.#document(
      page.title,
      html`<a class="skip" href="#main">Skip to the content</a>
        <header class="bar">
          <a class="brand" href="/admin">yms</a>
          <form role="search" action="/admin/search" class="search">
            <label for="search" class="hidden">Search everywhere</label>
            <input
              id="search"
              name="q"
              type="search"
              placeholder="Search everywhere"
              maxlength="100"
              value="${context.path === '/admin/search' ? (context.query.get('q') ?? '') : ''}"
            />
          </form>
          <div class="who">
            <a href="/admin/account">${person.name}</a>
            <form method="post" action="/admin/sign-out">
              <input type="hidden" name="${formTokenField}" value="${context.session.formToken}" />
              <button class="quiet">Sign out</button>
            </form>
          </div>
        </header>
        <nav class="places" aria-label="Console">
          <ul>
            ${link('/admin', 'Overview', 'o')}
            ${places.filter(({ permission }) => may(context, permission)).map((p) => link(p.path, p.label, p.key))}
          </ul>
        </nav>
        <main id="main" tabindex="-1">
          <h1>${page.title}</h1>
          ${notice(context)} ${alert(context)} ${page.body}
        </main>`,
    );
  }

  /** Before somebody has signed in. */
  outside(page: Page): string {
    return this.#document(
      page.title,
      html`<main id="main" class="outside">
        <p class="brand">yms</p>
        <h1>${page.title}</h1>
        ${page.body}
      </main>`,
    );
  }

  problem(problem: Problem, isSignedIn: boolean): string {
    const { title, detail, hint, requestId, status } = problem;
    return this.outside({
      title,
      body: html`<p>${detail}</p>
        ${hint !== undefined && html`<p class="hint">${hint}</p>`}
        <p class="hint">Status ${status}, request ${requestId}</p>
        <p><a href="${isSignedIn ? '/admin' : '/admin/sign-in'}">${isSignedIn ? 'To the overview' : 'Sign in'}</a></p>`,
    });
  }

  #document(title: string, body: Html): string {
    return html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <title>${title} · yms</title>
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <link rel="icon" href="${this.#assets.path('icon.svg')}" />
          <link rel="stylesheet" href="${this.#assets.path('console.css')}" />
          <script src="${this.#assets.path('console.js')}" defer></script>
        </head>
        <body>
          ${body}
        </body>
      </html>`.text;
  }
}

/** What a form did, after its redirect: our own words only, by name. */
const notices: Readonly<Record<string, string>> = {
  saved: 'Saved.',
  created: 'Created.',
  removed: 'Removed.',
  moved: 'The move is planned.',
  'move-cancelled': 'The move is cancelled.',
  password: 'The password is changed; your other sessions have ended.',
};

function notice({ query }: PageContext): Part {
  const text = notices[query.get('done') ?? ''];
  return text === undefined ? null : html`<p class="notice" role="status">${text}</p>`;
}

function alert({ attempt }: PageContext): Part {
  if (attempt === null) return null;
  return html`<div class="alert" role="alert">
    <p>${attempt.message}</p>
    ${attempt.hint !== null && html`<p class="hint">${attempt.hint}</p>`}
  </div>`;
}
