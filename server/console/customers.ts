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
import type { Desk } from './desk.js';
import { field, form, parseForm, select } from './form.js';
import { groupPages, groupsSection } from './groups.js';
import { html, type Part } from './html.js';
import { licenseTable } from './licenses.js';
import { day } from './moment.js';
import { pageQuery } from './page-query.js';
import { facts, nextLink, table } from './table.js';
import { may, type Page, type Visit } from './visit.js';

export function customerPages(desk: Desk): void {
  groupPages(desk);
  desk.page('/customers', 'customers:read', customersPage);
  desk.act(
    '/customers',
    'customers:write',
    async (visit, values) => {
      const { shown } = await createCustomer(visit.deps, visit.actor, parseForm(customerSchema, nameIn(values)));
      return { to: `/admin/customers/${shown.id}?done=created` };
    },
    customersPage,
  );
  desk.page('/customers/:id', 'customers:read', customerPage);
  desk.act(
    '/customers/:id',
    'customers:write',
    async (visit, values) => {
      const id = visit.params['id'] ?? '';
      const change = parseForm(customerSchema, nameIn(values));
      await updateCustomer(visit.deps, visit.actor, id, change, `"${values.get('tag') ?? ''}"`);
      return { to: `/admin/customers/${id}?done=saved` };
    },
    customerPage,
  );
  desk.act(
    '/customers/:id/features',
    'customers:write',
    async (visit, values) => {
      const id = visit.params['id'] ?? '';
      await createCustomerFeature(visit.deps, visit.actor, id, parseForm(customerSchema, nameIn(values)));
      return { to: `/admin/customers/${id}?done=created` };
    },
    customerPage,
  );
}

function nameIn(values: URLSearchParams): { name: string } {
  return { name: values.get('name')?.trim() ?? '' };
}

async function customersPage(visit: Visit): Promise<Page> {
  const query = pageQuery(visit);
  if (!query.has('sort')) query.set('sort', 'name');
  const list = parseListQuery(Object.fromEntries(query), customerList);
  const { items, next } = await listCustomers(visit.deps, visit.actor, list);
  const counts = await licenseCounts(
    visit,
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
            ? html`<p>No customer yet. Licences belong to customers.</p>
                <p>Add the first one below.</p>`
            : html`<p>No customer is called like that.</p>
                <p><a href="/admin/customers">Show all</a></p>`,
        columns: [
          {
            label: 'Customer',
            header: true,
            show: ({ id, name }) => html`<a href="/admin/customers/${id}">${name}</a>`,
          },
          { label: 'Licences', numeric: true, show: ({ id }) => counts.get(id) ?? 0 },
          { label: 'Since', show: ({ createdAt }) => day(createdAt) },
        ],
      })}
      ${nextLink('/admin/customers', query, next)}
      ${
        may(visit, 'customers:write') &&
        html`<h2>Add a customer</h2>
          ${form(visit, '/admin/customers', field(visit.attempt, { name: 'name', label: 'Name' }), {
            submit: 'Add',
            name: 'Add a customer',
          })}`
      }`,
  };
}

async function licenseCounts({ deps }: Visit, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await deps.records
    .selectFrom('licenses')
    .select(['customerId', (e) => e.fn.countAll<number | string>().as('count')])
    .where('customerId', 'in', ids)
    .groupBy('customerId')
    .execute();
  return new Map(rows.map(({ customerId, count }) => [customerId, Number(count)]));
}

async function customerPage(visit: Visit): Promise<Page> {
  const { deps, actor } = visit;
  const { shown, tag } = await getCustomer(deps, actor, visit.params['id'] ?? '');
  const path = `/admin/customers/${shown.id}`;
  const list = parseListQuery({ customerId: shown.id, limit: '100', sort: '-createdAt' }, licenseList);
  const { items: licenses } = await listLicenses(deps, actor, list);
  const write = may(visit, 'customers:write');
  return {
    title: shown.name,
    body: html`${facts([
        ['Since', day(shown.createdAt)],
        ['Hosts', html`<a href="/admin/hosts?customerId=${shown.id}">Show them</a>`],
        ['Id', html`<code>${shown.id}</code>`],
      ])}
      <h2>Licences</h2>
      ${
        may(visit, 'licenses:write') &&
        html`<p class="page-acts">
          <a class="button primary" href="/admin/licenses/new?customerId=${shown.id}">New licence</a>
        </p>`
      }
      ${await licenseTable(visit, licenses, html`<p>This customer has no licence.</p>`)}
      ${await groupsSection(visit, shown.id)} ${await featuresSection(visit, shown.id, path)}
      ${
        write &&
        html`<h2>Rename</h2>
          ${form(
            visit,
            path,
            html`<input type="hidden" name="tag" value="${tag}" />
              ${field(visit.attempt, { name: 'name', label: 'Name', value: shown.name })}`,
            { submit: 'Save', name: 'Rename' },
          )}`
      }`,
  };
}

/** Features that nobody else can be given. */
async function featuresSection(visit: Visit, customerId: string, path: string): Promise<Part> {
  const features = await listCustomerFeatures(visit.deps, visit.actor, customerId);
  const write = may(visit, 'customers:write');
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
          visit,
          `${path}/features`,
          field(null, { name: 'name', label: 'What the customer calls it', scope: 'feature' }),
          { submit: 'Add', name: 'Add a feature of its own' },
        )}
      </details>`
    }`;
}
