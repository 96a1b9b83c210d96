import {
  createToken,
  deleteToken,
  listTokens,
  newTokenSchema,
  rotateToken,
  rotationSchema,
  type ShownToken,
  tokenList,
  issuedScopes,
} from '../access/api-tokens.js';
import { type Listed, parseListQuery } from '../input/listing.js';
import { scopes } from '../actor/scope.js';
import { customerOptions } from './customer-options.js';
import type { PageRouter } from './page-router.js';
import { dayIn, field, form, numberIn, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Html, type Part } from './html.js';
import { ago, day } from './moment.js';
import { shownOnce } from './once.js';
import { pageQuery } from './page-query.js';
import { nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

export function tokenPages(pages: PageRouter): void {
  pages.page('/tokens', 'tokens:read', tokensPage);
  pages.form(
    '/tokens',
    'tokens:write',
    async (context, values) => {
      const terms = parseInput(newTokenSchema, {
        name: values.get('name')?.trim() ?? '',
        scope: values.get('scope') ?? '',
        licenseId: values.get('licenseId')?.trim() || undefined,
        customerId: values.get('customerId') || undefined,
        expiresAt: dayIn(values, 'expiresAt', 'end'),
      });
      const { name, token } = await createToken(context.deps, context.actor, terms);
      return tokenPage(name, token);
    },
    tokensPage,
  );
  pages.form('/tokens/:id/rotate', 'tokens:write', async (context, values) => {
    const terms = parseInput(rotationSchema, { graceHours: numberIn(values, 'graceHours') ?? 0 });
    const { name, token } = await rotateToken(context.deps, context.actor, context.params['id'] ?? '', terms);
    return tokenPage(name, token);
  });
  pages.form('/tokens/:id/remove', 'tokens:write', async (context) => {
    await deleteToken(context.deps, context.actor, context.params['id'] ?? '');
    return { to: '/admin/tokens?done=removed' };
  });
}

function tokenPage(name: string, token: string): Page {
  return {
    title: 'Token',
    body: shownOnce(`Token ${name}`, token, html`<p><a class="button" href="/admin/tokens">To all tokens</a></p>`),
  };
}

async function tokensPage(context: PageContext): Promise<Page> {
  const query = pageQuery(context);
  if (!query.has('sort')) query.set('sort', '-createdAt');
  const { items, next } = await askedTokens(context, query);
  const write = may(context, 'tokens:write');
  return {
    title: 'Tokens',
    body: html`<p>Tokens are for programs; people <a href="/admin/people">sign in</a>.</p>
      <form class="filters" role="search" aria-label="Filter tokens">
        ${field(null, { name: 'q', label: 'Name', type: 'search', value: query.get('q') ?? '', required: false })}
        ${select(null, {
          name: 'scope',
          label: 'Scope',
          value: query.get('scope') ?? '',
          options: [['', 'all but hosts'], ...scopes.map((scope) => [scope, scope] as const)],
        })}
        <div class="actions"><button>Filter</button></div>
      </form>
      ${table<ShownToken>({
        caption: 'Tokens',
        rows: items,
        empty: html`<p>No token is like that.</p>
          <p><a href="/admin/tokens">Show all</a></p>`,
        columns: [
          { label: 'Name', header: true, show: ({ name }) => name },
          { label: 'Scope', show: ({ scope }) => scope },
          { label: 'Of', show: ({ licenseId, hostId }) => ownerLink(licenseId, hostId) },
          { label: 'Made', show: ({ createdAt }) => day(createdAt) },
          {
            label: 'Last use',
            show: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : ago(lastUsedAt, context.now)),
          },
          { label: 'Ends', show: ({ expiresAt }) => (expiresAt === null ? 'never' : day(expiresAt)) },
          { label: 'Act', show: (token) => write && acts(context, token) },
        ],
      })}
      ${nextLink('/admin/tokens', query, next)}
      ${
        write &&
        html`<h2>New token</h2>
          ${await newForm(context)}`
      }`,
  };
}

/** Hosts' tokens come by the thousand: they are shown when they are asked for. */
async function askedTokens({ deps, actor }: PageContext, query: URLSearchParams): Promise<Listed<ShownToken>> {
  const list = (scope: Readonly<Record<string, string>>) =>
    listTokens(deps, actor, parseListQuery({ ...Object.fromEntries(query), ...scope }, tokenList));
  if (query.has('scope')) return list({});
  const some = await Promise.all(issuedScopes.map(async (scope) => (await list({ scope, limit: '100' })).items));
  return { items: some.flat(), next: null };
}

function ownerLink(licenseId: string | null, hostId: string | null): Part {
  if (hostId !== null) return html`<a href="/admin/hosts/${hostId}">host</a>`;
  if (licenseId !== null) return html`<a href="/admin/licenses/${licenseId}">license</a>`;
  return 'the vendor';
}

function acts(context: PageContext, { id, scope, name }: ShownToken): Html {
  const rotate = html`<input type="hidden" name="graceHours" value="24" />`;
  return html`<details>
    <summary>Change<span class="hidden"> of ${name}</span></summary>
    <div class="acts">
      ${
        scope !== 'host' &&
        form(context, `/admin/tokens/${id}/rotate`, rotate, {
          submit: 'Replace, old one ends in 24 hours',
          class: 'act',
        })
      }
      ${form(context, `/admin/tokens/${id}/remove`, null, { submit: 'End now', danger: true, class: 'act' })}
    </div>
  </details>`;
}

async function newForm(context: PageContext): Promise<Html> {
  const { attempt } = context;
  return form(
    context,
    '/admin/tokens',
    html`${field(attempt, { name: 'name', label: 'Name', hint: 'Of the program that will use it.' })}
    ${select(attempt, { name: 'scope', label: 'Scope', options: issuedScopes.map((scope) => [scope, scope] as const) })}
    ${select(attempt, {
      name: 'customerId',
      label: 'Customer',
      hint: 'For scope customer only.',
      options: [['', 'none'], ...(await customerOptions(context))],
    })}
    ${field(attempt, {
      name: 'licenseId',
      label: 'License',
      required: false,
      hint: 'For scope feed only: the id of a license.',
    })}
    ${field(attempt, { name: 'expiresAt', label: 'Ends', type: 'date', required: false, hint: 'Empty: never.' })}`,
    { submit: 'Make the token', name: 'New token' },
  );
}
