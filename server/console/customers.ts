import { createCustomerFeature, listCustomerFeatures } from '../licensing/customer-features.js';
import {
  createCustomer,
  customerList,
  customerSchema,
  getCustomer,
  listCustomers,
  updateCustomer,
} from '../licensing/customers.js';
import { licenseList, listLicenses } from '../licensing/licenses.js';
import { parseListQuery } from '../input/listing.js';
import type { CustomerFeatureRow, CustomerRow } from '../records/tables.js';
import type { PageRouter } from './page-router.js';
import { field, form, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { groupPages, groupsSection } from './groups.js';
import { html, type Part } from './html.js';
import { licenseTable } from './licenses.js';
import { day } from './moment.js';
import { pageQuery } from './page-query.js';
import { facts, nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

export function customerPages(pages: PageRouter): void {
  groupPages(pages);
  pages.page('/customers', 'customers:read', customersPage);
  pages.form(
    '/customers',
    'customers:write',
    async (context, values) => {
      const { shown } = await createCustomer(context.deps, context.actor, parseInput(customerSchema, nameIn(values)));
      return { to: `/admin/customers/${shown.id}?done=created` };
    },
    customersPage,
  );
  pages.page('/customers/:id', 'customers:read', customerPage);
  pages.form(
    '/customers/:id',
    'customers:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      const change = parseInput(customerSchema, nameIn(values));
      await updateCustomer(context.deps, context.actor, id, change, `"${values.get('tag') ?? ''}"`);
      return { to: `/admin/customers/${id}?done=saved` };
    },
    customerPage,
  );
  pages.form(
    '/customers/:id/features',
    'customers:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      await createCustomerFeature(context.deps, context.actor, id, parseInput(customerSchema, nameIn(values)));
      return { to: `/admin/customers/${id}?done=created` };
    },
    customerPage,
  );
}

function nameIn(values: URLSearchParams): { name: string } {
  return { name: values.get('name')?.trim() ?? '' };
}

async function customersPage(context: PageContext): Promise<Page> {
  const query = pageQuery(context);
  if (!query.has('sort')) query.set('sort', 'name');
  const list = parseListQuery(Object.fromEntries(query), customerList);
  const { items, next } = await listCustomers(context.deps, context.actor, list);
  const counts = await licenseCounts(
    context,
    items.map(({ id }) => id),
  );
  const asked = query.get('q') ?? '';
  return {
    title: 'Customers',
    body: html`<form class="filters" role="search" aria-label="Filter customers">
        ${field(null, { name: 'q', label: 'Name', type: 'search', value: asked, required: false })}
        ${select(null, {
          name: 'sort',
          label: 'Order',
          value: query.get('sort') ?? '',
          options: [
            ['', 'by name'],
            ['-createdAt', 'newest first'],
          ],
        })}
        <div class="actions"><button>Filter</button></div>
      </form>
      ${table<CustomerRow>({
        caption: 'Customers',
        rows: items,
        empty:
          asked === ''
            ? html`<p>No customer yet. Licenses belong to customers.</p>
                <p>Add the first one below.</p>`
            : html`<p>No customer is called like that.</p>
                <p><a href="/admin/customers">Show all</a></p>`,
        columns: [
          {
            label: 'Customer',
            header: true,
            show: ({ id, name }) => html`<a href="/admin/customers/${id}">${name}</a>`,
          },
          { label: 'Licenses', numeric: true, show: ({ id }) => counts.get(id) ?? 0 },
          { label: 'Since', show: ({ createdAt }) => day(createdAt) },
        ],
      })}
      ${nextLink('/admin/customers', query, next)}
      ${
        may(context, 'customers:write') &&
        html`<h2>Add a customer</h2>
          ${form(context, '/admin/customers', field(context.attempt, { name: 'name', label: 'Name' }), {
            submit: 'Add',
            name: 'Add a customer',
          })}`
      }`,
  };
}

async function licenseCounts({ deps }: PageContext, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await deps.records
    .selectFrom('licenses')
    .select(['customerId', (e) => e.fn.countAll<number | string>().as('count')])
    .where('customerId', 'in', ids)
    .groupBy('customerId')
    .execute();
  return new Map(rows.map(({ customerId, count }) => [customerId, Number(count)]));
}

async function customerPage(context: PageContext): Promise<Page> {
  const { deps, actor } = context;
  const { shown, tag } = await getCustomer(deps, actor, context.params['id'] ?? '');
  const path = `/admin/customers/${shown.id}`;
  const list = parseListQuery({ customerId: shown.id, limit: '100', sort: '-createdAt' }, licenseList);
  const { items: licenses } = await listLicenses(deps, actor, list);
  const write = may(context, 'customers:write');
  return {
    title: shown.name,
    body: html`${facts([
        ['Since', day(shown.createdAt)],
        ['Hosts', html`<a href="/admin/hosts?customerId=${shown.id}">Show them</a>`],
        ['Id', html`<code>${shown.id}</code>`],
      ])}
      <h2>Licenses</h2>
      ${
        may(context, 'licenses:write') &&
        html`<p class="page-acts">
          <a class="button primary" href="/admin/licenses/new?customerId=${shown.id}">New license</a>
        </p>`
      }
      ${await licenseTable(context, licenses, html`<p>This customer has no license.</p>`)}
      ${await groupsSection(context, shown.id)} ${await featuresSection(context, shown.id, path)}
      ${
        write &&
        html`<h2>Rename</h2>
          ${form(
            context,
            path,
            html`<input type="hidden" name="tag" value="${tag}" />
              ${field(context.attempt, { name: 'name', label: 'Name', value: shown.name })}`,
            { submit: 'Save', name: 'Rename' },
          )}`
      }`,
  };
}

/** Features that nobody else can be given. */
async function featuresSection(context: PageContext, customerId: string, path: string): Promise<Part> {
  const features = await listCustomerFeatures(context.deps, context.actor, customerId);
  const write = may(context, 'customers:write');
  if (features.length === 0 && !write) return null;
  return html`<h2>Own features</h2>
    ${table<CustomerFeatureRow>({
      caption: 'Own features',
      rows: features,
      empty: html`<p>None. A feature of its own holds packs that only this customer gets.</p>`,
      columns: [
        { label: 'Feature', header: true, show: ({ name }) => name },
        { label: 'Name in packs', show: ({ feature }) => html`<code>${feature}</code>` },
        { label: 'Since', show: ({ createdAt }) => day(createdAt) },
      ],
    })}
    ${
      write &&
      html`<details class="more">
        <summary>Add a feature of its own</summary>
        ${form(
          context,
          `${path}/features`,
          field(null, { name: 'name', label: 'What the customer calls it', scope: 'feature' }),
          { submit: 'Add', name: 'Add a feature of its own' },
        )}
      </details>`
    }`;
}
