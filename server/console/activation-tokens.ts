/** Tokens that take seats of one licence without its key: on the licence's page, also for the customer's own admin. */
import {
  activationTokenList,
  createActivationToken,
  deleteActivationToken,
  listActivationTokens,
  newActivationTokenSchema,
  type ShownToken,
} from '../access/api-tokens.js';
import { parseListQuery } from '../input/listing.js';
import type { Desk } from './desk.js';
import { dayIn, field, form, numberIn, parseForm } from './form.js';
import { html, type Part } from './html.js';
import { ago, day } from './moment.js';
import { shownOnce } from './once.js';
import { table } from './table.js';
import { may, type Visit } from './visit.js';

export function activationTokenPages(desk: Desk): void {
  desk.act('/activation-tokens', 'activation-tokens:write', async (visit, values) => {
    const terms = parseForm(newActivationTokenSchema, {
      name: values.get('name')?.trim() ?? '',
      licenseId: values.get('licenseId') ?? '',
      uses: numberIn(values, 'uses'),
      expiresAt: dayIn(values, 'expiresAt', 'end'),
    });
    const { name, token } = await createActivationToken(visit.deps, visit.actor, terms);
    const back = html`<p><a class="button" href="/admin/licenses/${terms.licenseId}">To the licence</a></p>`;
    return { title: 'Activation token', body: shownOnce(`Activation token ${name}`, token, back) };
  });
  desk.act('/activation-tokens/:id/remove', 'activation-tokens:write', async (visit, values) => {
    await deleteActivationToken(visit.deps, visit.actor, visit.params['id'] ?? '');
    return { to: `/admin/licenses/${encodeURIComponent(values.get('licenseId') ?? '')}?done=removed` };
  });
}

export async function activationTokensSection(visit: Visit, licenseId: string): Promise<Part> {
  if (!may(visit, 'activation-tokens:write')) return null;
  const list = parseListQuery({ licenseId, limit: '100' }, activationTokenList);
  const { items } = await listActivationTokens(visit.deps, visit.actor, list);
  const license = html`<input type="hidden" name="licenseId" value="${licenseId}" />`;
  return html`<h2>Activation tokens</h2>
    ${table<ShownToken>({
      caption: 'Activation tokens',
      rows: items,
      empty: html`<p>None. An activation token takes seats of this licence without its key.</p>`,
      columns: [
        { label: 'Name', header: true, show: ({ name }) => name },
        { label: 'Uses left', numeric: true, show: ({ usesLeft }) => usesLeft },
        { label: 'Ends', show: ({ expiresAt }) => (expiresAt === null ? 'never' : day(expiresAt)) },
        { label: 'Last use', show: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : ago(lastUsedAt, visit.now)) },
        {
          label: 'Act',
          show: ({ id, name }) =>
            form(visit, `/admin/activation-tokens/${id}/remove`, license, { submit: `End ${name}`, class: 'act' }),
        },
      ],
    })}
    <details class="more">
      <summary>New activation token</summary>
      ${form(
        visit,
        '/admin/activation-tokens',
        html`${license} ${field(null, { name: 'name', label: 'Name', scope: 'token' })}
        ${field(null, { name: 'uses', label: 'Hosts', type: 'number', min: 1, value: 1, scope: 'token' })}
        ${field(null, { name: 'expiresAt', label: 'Ends', type: 'date', required: false, scope: 'token' })}`,
        { submit: 'Make the token', name: 'New activation token' },
      )}
    </details>`;
}
