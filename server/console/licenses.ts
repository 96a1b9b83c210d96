import { licenseStates } from '../../packs/license.js';
import { parseListQuery } from '../input/listing.js';
import { licenseList, listLicenses, newLicenseSchema, sellLicense } from '../licensing/licenses.js';
import type { ShownLicense } from '../licensing/shown-license.js';
import { badge } from './badge.js';
import { customerOptions } from './customer-options.js';
import type { PageRouter } from './page-router.js';
import { checkbox, dayIn, field, form, numberIn, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Html, type Part } from './html.js';
import { knownFeatures, soldPlans } from './known-features.js';
import { keyPage } from './license-key.js';
import { licensePages as oneLicensePages } from './license-page.js';
import { ago, day } from './moment.js';
import { pageQuery } from './page-query.js';
import { nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

export function licensePages(pages: PageRouter): void {
  pages.page('/licenses', 'licenses:read', licensesPage);
  pages.page('/licenses/new', 'licenses:write', newLicensePage);
  pages.form(
    '/licenses/new',
    'licenses:write',
    async (context, values) => {
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
      const { shown } = await sellLicense(context.deps, context.actor, parseInput(newLicenseSchema, terms));
      return keyPage(shown, shown.licenseKey);
    },
    newLicensePage,
  );
  oneLicensePages(pages);
}

function another(values: URLSearchParams): string[] {
  const name = values.get('feature-new')?.trim() ?? '';
  return name === '' ? [] : [name];
}

async function licensesPage(context: PageContext): Promise<Page> {
  const query = pageQuery(context);
  if (!query.has('sort')) query.set('sort', '-createdAt');
  const { items, next } = await listLicenses(
    context.deps,
    context.actor,
    parseListQuery(Object.fromEntries(query), licenseList),
  );
  const write = may(context, 'licenses:write');
  return {
    title: 'Licenses',
    body: html`${write && html`<p class="page-acts"><a class="button primary" href="/admin/licenses/new">New license</a></p>`}
    ${filters(query)}
    ${await licenseTable(
      context,
      items,
      context.query.size > 0
        ? html`<p>No license is like that.</p>
            <p><a href="/admin/licenses">Show all</a></p>`
        : html`<p>No license is sold yet. A license gives a customer’s hosts the features of a plan.</p>
            ${write && html`<p><a class="button" href="/admin/licenses/new">Sell the first license</a></p>`}`,
    )}
    ${nextLink('/admin/licenses', query, next)}`,
  };
}

function filters(query: URLSearchParams): Html {
  return html`<form class="filters" role="search" aria-label="Filter licenses">
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

/** Licenses with the names of their customers and plans. */
export async function licenseTable(context: PageContext, items: readonly ShownLicense[], empty: Part): Promise<Html> {
  const names = new Map(await customerOptions(context));
  const plans = await context.deps.records.selectFrom('plans').select(['id', 'name']).execute();
  return table<ShownLicense>({
    caption: 'Licenses',
    rows: items,
    empty,
    columns: [
      {
        label: 'License',
        header: true,
        show: ({ id, customerId }) => html`<a href="/admin/licenses/${id}">${names.get(customerId) ?? customerId}</a>`,
      },
      { label: 'Plan', show: ({ planId }) => plans.find(({ id }) => id === planId)?.name ?? 'none' },
      { label: 'State', show: ({ state }) => badge(state) },
      { label: 'Features', show: ({ features }) => features.join(', ') },
      { label: 'Seats', numeric: true, show: ({ seats, seatsUsed }) => `${seatsUsed} of ${seats}` },
      {
        label: 'Ends',
        show: ({ expiresAt }) => html`${day(expiresAt)} <span class="hint">${ago(expiresAt, context.now)}</span>`,
      },
    ],
  });
}

async function newLicensePage(context: PageContext): Promise<Page> {
  const { attempt } = context;
  const customers = await customerOptions(context);
  if (customers.length === 0)
    return {
      title: 'New license',
      body: html`<div class="empty">
        <p>A license belongs to a customer, and there is none yet.</p>
        <p><a class="button primary" href="/admin/customers">Add a customer</a></p>
      </div>`,
    };
  const plans = await soldPlans(context);
  const checked = attempt?.values.getAll('features') ?? [];
  const fields = html`${select(attempt, {
      name: 'customerId',
      label: 'Customer',
      value: context.query.get('customerId') ?? '',
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
      ${(await knownFeatures(context, plans, null)).map(({ name }) => checkbox('features', name, name, checked.includes(name)))}
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
    title: 'New license',
    body: form(context, '/admin/licenses/new', fields, { submit: 'Make the license', name: 'New license' }),
  };
}
