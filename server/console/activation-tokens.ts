/** Tokens that take seats of one license without its key: on the license's page, also for the customer's own admin. */
import {
  activationTokenList,
  createActivationToken,
  deleteActivationToken,
  listActivationTokens,
  newActivationTokenSchema,
  type ShownToken,
} from '../access/api-tokens.js';
import { parseListQuery } from '../input/listing.js';
import type { PageRouter } from './page-router.js';
import { dayIn, field, form, numberIn } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Part } from './html.js';
import { ago, day } from './moment.js';
import { shownOnce } from './once.js';
import { table } from './table.js';
import { may, type PageContext } from './page-context.js';

export function activationTokenPages(pages: PageRouter): void {
  pages.form('/activation-tokens', 'activation-tokens:write', async (context, values) => {
    const terms = parseInput(newActivationTokenSchema, {
      name: values.get('name')?.trim() ?? '',
      licenseId: values.get('licenseId') ?? '',
      uses: numberIn(values, 'uses'),
      expiresAt: dayIn(values, 'expiresAt', 'end'),
    });
    const { name, token } = await createActivationToken(context.deps, context.actor, terms);
    const back = html`<p><a class="button" href="/admin/licenses/${terms.licenseId}">To the license</a></p>`;
    return { title: 'Activation token', body: shownOnce(`Activation token ${name}`, token, back) };
  });
  pages.form('/activation-tokens/:id/remove', 'activation-tokens:write', async (context, values) => {
    await deleteActivationToken(context.deps, context.actor, context.params['id'] ?? '');
    return { to: `/admin/licenses/${encodeURIComponent(values.get('licenseId') ?? '')}?done=removed` };
  });
}

export async function activationTokensSection(context: PageContext, licenseId: string): Promise<Part> {
  if (!may(context, 'activation-tokens:write')) return null;
  const list = parseListQuery({ licenseId, limit: '100' }, activationTokenList);
  const { items } = await listActivationTokens(context.deps, context.actor, list);
  const license = html`<input type="hidden" name="licenseId" value="${licenseId}" />`;
  return html`<h2>Activation tokens</h2>
    ${table<ShownToken>({
      caption: 'Activation tokens',
      rows: items,
      empty: html`<p>None. An activation token takes seats of this license without its key.</p>`,
      columns: [
        { label: 'Name', header: true, show: ({ name }) => name },
        { label: 'Uses left', numeric: true, show: ({ usesLeft }) => usesLeft },
        { label: 'Ends', show: ({ expiresAt }) => (expiresAt === null ? 'never' : day(expiresAt)) },
        { label: 'Last use', show: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : ago(lastUsedAt, context.now)) },
        {
          label: 'Act',
          show: ({ id, name }) =>
            form(context, `/admin/activation-tokens/${id}/remove`, license, { submit: `End ${name}`, class: 'act' }),
        },
      ],
    })}
    <details class="more">
      <summary>New activation token</summary>
      ${form(
        context,
        '/admin/activation-tokens',
        html`${license} ${field(null, { name: 'name', label: 'Name', scope: 'token' })}
        ${field(null, { name: 'uses', label: 'Hosts', type: 'number', min: 1, value: 1, scope: 'token' })}
        ${field(null, { name: 'expiresAt', label: 'Ends', type: 'date', required: false, scope: 'token' })}`,
        { submit: 'Make the token', name: 'New activation token' },
      )}
    </details>`;
}
