import { licenseStates } from '../../packs/license.js';
import { parseListQuery } from '../input/listing.js';
import { licenseList, listLicenses, newLicenseSchema, sellLicense } from '../licensing/licenses.js';
import type { ShownLicense } from '../licensing/shown-license.js';
import { badge } from './badge.js';
import { customerOptions } from './customer-options.js';
import type { Desk } from './desk.js';
import { checkbox, dayIn, field, form, numberIn, parseForm, select } from './form.js';
import { html, type Html, type Part } from './html.js';
import { knownFeatures, soldPlans } from './known-features.js';
import { keyPage } from './license-key.js';
import { licensePages as oneLicensePages } from './license-page.js';
import { ago, day } from './moment.js';
import { pageQuery } from './page-query.js';
import { nextLink, table } from './table.js';
import { may, type Page, type Visit } from './visit.js';

export function licensePages(desk: Desk): void {
  desk.page('/licenses', 'licenses:read', licensesPage);
  desk.page('/licenses/new', 'licenses:write', newLicensePage);
  desk.act(
    '/licenses/new',
    'licenses:write',
    async (visit, values) => {
      const planId = values.get('planId') ?? '';
      const features = [...new Set([...values.getAll('features'), ...another(values)])];
      const terms = {
        customerId: values.get('customerId') ?? '',
        ...(planId === '' ? { features } : { planId, ...(features.length > 0 && { addedFeatures: features }) }),
        seats: numberIn(values, 'seats'),
        channel: values.get('channel')?.trim() || undefined,
        notBefore: dayIn(values, 'notBefore', 'start'),
        expiresAt: dayIn(values, 'expiresAt', 'end'),
      };
      const { shown } = await sellLicense(visit.deps, visit.actor, parseForm(newLicenseSchema, terms));
      return keyPage(shown, shown.licenseKey);
    },
    newLicensePage,
  );
  oneLicensePages(desk);
}

function another(values: URLSearchParams): string[] {
  const name = values.get('feature-new')?.trim() ?? '';
  return name === '' ? [] : [name];
}

async function licensesPage(visit: Visit): Promise<Page> {
  const query = pageQuery(visit);
  if (!query.has('sort')) query.set('sort', '-createdAt');
  const { items, next } = await listLicenses(
    visit.deps,
    visit.actor,
    parseListQuery(Object.fromEntries(query), licenseList),
  );
  const write = may(visit, 'licenses:write');
  return {
    title: 'Licences',
    body: html`${write && html`<p class="page-acts"><a class="button primary" href="/admin/licenses/new">New licence</a></p>`}
    ${filters(query)}
    ${await licenseTable(
      visit,
      items,
      visit.query.size > 0
        ? html`<p>No licence is like that.</p>
            <p><a href="/admin/licenses">Show all</a></p>`
        : html`<p>No licence is sold yet. A licence gives a customer’s hosts the features of a plan.</p>
            ${write && html`<p><a class="button" href="/admin/licenses/new">Sell the first licence</a></p>`}`,
    )}
    ${nextLink('/admin/licenses', query, next)}`,
  };
}

function filters(query: URLSearchParams): Html {
  return html`<form class="filters" role="search" aria-label="Filter licences">
    ${field(null, { name: 'q', label: 'Customer', type: 'search', value: query.get('q') ?? '', required: false })}
    ${select(null, {
      name: 'state',
      label: 'State',
      value: query.get('state') ?? '',
      options: [['', 'all'], ...licenseStates.map((state) => [state, state] as const)],
    })}
    ${field(null, { name: 'feature', label: 'Feature', value: query.get('feature') ?? '', required: false })}
    ${select(null, {
      name: 'sort',
      label: 'Order',
      value: query.get('sort') ?? '',
      options: [
        ['', 'newest first'],
        ['expiresAt', 'first to end'],
        ['-seats', 'most seats'],
      ],
    })}
    <div class="actions"><button>Filter</button></div>
  </form>`;
}

/** Licences with the names of their customers and plans. */
export async function licenseTable(visit: Visit, items: readonly ShownLicense[], empty: Part): Promise<Html> {
  const names = new Map(await customerOptions(visit));
  const plans = await visit.deps.records.selectFrom('plans').select(['id', 'name']).execute();
  return table<ShownLicense>({
    caption: 'Licences',
    rows: items,
    empty,
    columns: [
      {
        label: 'Licence',
        header: true,
        show: ({ id, customerId }) => html`<a href="/admin/licenses/${id}">${names.get(customerId) ?? customerId}</a>`,
      },
      { label: 'Plan', show: ({ planId }) => plans.find(({ id }) => id === planId)?.name ?? 'none' },
      { label: 'State', show: ({ state }) => badge(state) },
      { label: 'Features', show: ({ features }) => features.join(', ') },
      { label: 'Seats', numeric: true, show: ({ seats, seatsUsed }) => `${seatsUsed} of ${seats}` },
      {
        label: 'Ends',
        show: ({ expiresAt }) => html`${day(expiresAt)} <span class="hint">${ago(expiresAt, visit.now)}</span>`,
      },
    ],
  });
}

async function newLicensePage(visit: Visit): Promise<Page> {
  const { attempt } = visit;
  const customers = await customerOptions(visit);
  if (customers.length === 0)
    return {
      title: 'New licence',
      body: html`<div class="empty">
        <p>A licence belongs to a customer, and there is none yet.</p>
        <p><a class="button primary" href="/admin/customers">Add a customer</a></p>
      </div>`,
    };
  const plans = await soldPlans(visit);
  const checked = attempt?.values.getAll('features') ?? [];
  const fields = html`${select(attempt, {
      name: 'customerId',
      label: 'Customer',
      value: visit.query.get('customerId') ?? '',
      options: customers,
    })}
    ${select(attempt, {
      name: 'planId',
      label: 'Plan',
      value: plans[0]?.id ?? '',
      hint: 'What is left empty below comes from the plan.',
      options: [
        ...plans.map(({ id, name, trial }) => [id, trial ? `${name} (trial)` : name] as const),
        ['', 'none: say all below'],
      ],
    })}
    <fieldset>
      <legend>Features beyond the plan</legend>
      ${(await knownFeatures(visit, plans, null)).map(({ name }) => checkbox('features', name, name, checked.includes(name)))}
      ${field(attempt, { name: 'feature-new', label: 'Another feature', required: false })}
      ${attempt?.faults['features'] !== undefined && html`<p class="fault">${attempt.faults['features']}</p>`}
    </fieldset>
    <div class="row">
      ${field(attempt, { name: 'seats', label: 'Seats', type: 'number', min: 1, required: false })}
      ${field(attempt, { name: 'notBefore', label: 'Starts', type: 'date', required: false, hint: 'Empty: now.' })}
      ${field(attempt, { name: 'expiresAt', label: 'Ends', type: 'date', required: false, hint: 'With this day, UTC.' })}
      ${field(attempt, { name: 'channel', label: 'Channel', required: false, hint: 'Such as stable or beta.' })}
    </div>`;
  return {
    title: 'New licence',
    body: form(visit, '/admin/licenses/new', fields, { submit: 'Make the licence', name: 'New licence' }),
  };
}
