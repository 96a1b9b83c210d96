/** What is sent on to others: usage by customer, seats, what each host received and when. */
import { formatSeconds, parseSeconds } from '../../base/clock.js';
import { parseListQuery } from '../input/listing.js';
import type { ShownLicense } from '../licensing/shown-license.js';
import { type DocumentReceipt, documentsReport, type DownloadReceipt, downloadsReport } from '../reports/received.js';
import { reportFile, reportFormats, reportMediaTypes, type ReportName, reports } from '../reports/report.js';
import { type SeatsRow, seatsReport } from '../reports/seats.js';
import { type UsageRow, usageReport } from '../reports/usage.js';
import { badge } from './badge.js';
import { customerOptions } from './customer-options.js';
import type { PageRouter } from './page-router.js';
import { field, select } from './form.js';
import { html, type Html, type Part } from './html.js';
import { ago, day, moment } from './moment.js';
import { pageQuery } from './page-query.js';
import { nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

interface Shown {
  readonly title: string;
  readonly meaning: string;
  /** Unless the address says another. */
  readonly sort: string;
  readonly show: (
    context: PageContext,
    query: URLSearchParams,
  ) => Promise<{ readonly rows: Html; readonly next: string | null }>;
}

const shownReports: Readonly<Record<ReportName, Shown>> = {
  usage: {
    title: 'Usage',
    meaning: 'What each customer holds, and what it does with it. Seats are those of licenses that are usable now.',
    sort: 'name',
    show: usageRows,
  },
  seats: { title: 'Seats', meaning: 'Each license with its seats.', sort: 'expiresAt', show: seatsRows },
  documents: {
    title: 'License documents',
    meaning: 'Which document each host received and when; hosts that were removed since are in it too.',
    sort: '-issuedAt',
    show: documentRows,
  },
  downloads: {
    title: 'Downloads',
    meaning: 'Which packs each host fetched whole, and when; hosts that were removed since are in it too.',
    sort: '-firstAt',
    show: downloadRows,
  },
};

export function reportPages(pages: PageRouter): void {
  for (const name of Object.keys(shownReports) as ReportName[]) {
    pages.page(pathOf(name), 'reports:read', (context) => reportPage(context, name));
    for (const format of reportFormats)
      pages.file(`/reports/${name}.${format}`, 'reports:read', (context) => {
        const query = Object.fromEntries(listed(context, name));
        return {
          name: `${name}-${formatSeconds(context.now).slice(0, 10)}.${format}`,
          mediaType: reportMediaTypes[format],
          text: reportFile(context.deps, context.actor, name, format, query),
        };
      });
  }
}

/** The first report is the page that the menu leads to. */
function pathOf(name: ReportName): string {
  return name === 'usage' ? '/reports' : `/reports/${name}`;
}

/** The query in the words of the list: a day is its first second, and the newest come first. */
function listed(context: PageContext, name: ReportName): URLSearchParams {
  const query = pageQuery(context);
  const since = query.get('since');
  if (since !== null && parseSeconds(`${since}T00:00:00Z`) !== null) query.set('since', `${since}T00:00:00Z`);
  if (!query.has('sort')) query.set('sort', shownReports[name].sort);
  return query;
}

async function reportPage(context: PageContext, name: ReportName): Promise<Page> {
  const { meaning, show } = shownReports[name];
  const query = listed(context, name);
  const { rows, next } = await show(context, query);
  const file = new URLSearchParams(context.query);
  for (const other of ['cursor', 'limit', 'done']) file.delete(other);
  const address = (format: string) => `/admin/reports/${name}.${format}${file.size > 0 ? `?${file.toString()}` : ''}`;
  return {
    title: 'Reports',
    body: html`<nav class="tabs" aria-label="Reports">
        <ul>
          ${Object.entries(shownReports).map(
            ([other, { title: label }]) =>
              html`<li>
                <a href="/admin${pathOf(other as ReportName)}" ${other === name && html`aria-current="page"`}
                  >${label}</a
                >
              </li>`,
          )}
        </ul>
      </nav>
      <p>${meaning}</p>
      ${await filters(context, name)} ${rows} ${nextLink(`/admin${pathOf(name)}`, context.query, next)}
      <p class="page-acts">
        <a class="button" href="${address('csv')}">Save all as CSV</a>
        <a class="button" href="${address('json')}">Save all as JSON</a>
      </p>`,
  };
}

async function filters(context: PageContext, name: ReportName): Promise<Part> {
  const { query, actor } = context;
  const known = Object.keys(reports[name].spec.filters);
  const kept = (['hostId', 'licenseId'] as const).filter((filter) => known.includes(filter) && query.get(filter));
  return html`<form class="filters" role="search" aria-label="Filter the report">
      ${
        actor.customerId === null &&
        select(null, {
          name: 'customerId',
          label: 'Customer',
          value: query.get('customerId') ?? '',
          options: [['', 'all'], ...(await customerOptions(context))],
        })
      }
      ${
        known.includes('since') &&
        field(null, { name: 'since', label: 'Since', type: 'date', value: query.get('since') ?? '', required: false })
      }
      ${kept.map((filter) => html`<input type="hidden" name="${filter}" value="${query.get(filter)}" />`)}
      <div class="actions"><button>Filter</button></div>
    </form>
    ${
      kept.length > 0 &&
      html`<p>
        Only ${kept.map((filter) => html`<code>${query.get(filter)}</code> `)}:
        <a href="/admin${pathOf(name)}">show all</a>
      </p>`
    }`;
}

/** What stands in place of the rows when there are none. */
function none({ query }: PageContext, name: ReportName, words: Part): Html {
  return [...query.keys()].some((key) => key !== 'done')
    ? html`<p>Nothing is like that.</p>
        <p><a href="/admin${pathOf(name)}">Show all</a></p>`
    : html`${words}`;
}

async function usageRows(context: PageContext, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.usage.spec);
  const { items, next } = await usageReport(context.deps, context.actor, list);
  const rows = table<UsageRow>({
    caption: 'Usage by customer',
    rows: items,
    empty: none(
      context,
      'usage',
      html`<p>There is no customer yet.</p>
        <p><a href="/admin/customers">Add one</a></p>`,
    ),
    columns: [
      { label: 'Customer', header: true, show: (row) => customerLink(context, row.customerId, row.customerName) },
      { label: 'Licenses', numeric: true, show: ({ licenses }) => licenses },
      { label: 'Usable', numeric: true, show: ({ usableLicenses }) => usableLicenses },
      { label: 'Seats', numeric: true, show: ({ seats }) => seats },
      { label: 'Taken', numeric: true, show: ({ seatsUsed }) => seatsUsed },
      { label: 'Flagged hosts', numeric: true, show: ({ flaggedHosts }) => flaggedHosts },
      { label: 'Documents', numeric: true, show: ({ documents }) => documents },
      { label: 'Downloads', numeric: true, show: ({ downloads }) => downloads },
      {
        label: 'Last contact',
        show: ({ lastSeenAt }) => (lastSeenAt === null ? 'never' : ago(lastSeenAt, context.now)),
      },
    ],
  });
  return { rows, next };
}

async function seatsRows(context: PageContext, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.seats.spec);
  const { items, next } = await seatsReport(context.deps, context.actor, list);
  const rows = table<SeatsRow>({
    caption: 'Seats by license',
    rows: items,
    empty: none(
      context,
      'seats',
      html`<p>No license is sold yet.</p>
        <p><a href="/admin/licenses">To the licenses</a></p>`,
    ),
    columns: [
      {
        label: 'License',
        header: true,
        show: ({ licenseId, customerName }) => html`<a href="/admin/licenses/${licenseId}">${customerName}</a>`,
      },
      { label: 'Plan', show: ({ plan }) => plan ?? 'none' },
      { label: 'State', show: ({ state }) => badge(state) },
      { label: 'Features', show: ({ features }) => features.join(', ') },
      { label: 'Seats', numeric: true, show: ({ seatsUsed, seats }) => `${seatsUsed} of ${seats}` },
      {
        label: 'Kind',
        show: ({ floatingDays }) => (floatingDays === null ? 'node-locked' : `floating, ${floatingDays} days`),
      },
      {
        label: 'Ends',
        show: ({ expiresAt }) => html`${day(expiresAt)} <span class="hint">${ago(expiresAt, context.now)}</span>`,
      },
    ],
  });
  return { rows, next };
}

async function documentRows(context: PageContext, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.documents.spec);
  const { items, next } = await documentsReport(context.deps, context.actor, list);
  const names = new Map(await customerOptions(context));
  const rows = table<DocumentReceipt>({
    caption: 'License documents that hosts received',
    rows: items,
    empty: none(
      context,
      'documents',
      html`<p>No host has received a license document yet.</p>
        <p>On an endpoint run <code>yms update</code>.</p>`,
    ),
    columns: [
      { label: 'When', show: ({ issuedAt }) => moment(issuedAt) },
      { label: 'Host', header: true, show: (row) => hostLink('documents', row) },
      { label: 'Customer', show: ({ customerId }) => names.get(customerId) ?? customerId },
      {
        label: 'License',
        show: ({ licenseId, serial }) =>
          html`<a class="word" href="/admin/reports/documents?licenseId=${licenseId}"
              ><code>${shortId(licenseId)}</code></a
            >
            <span class="hint word">no. ${serial}</span>`,
      },
      { label: 'State', show: ({ state }) => badge(state) },
      { label: 'Valid until', show: ({ expiresAt }) => day(expiresAt) },
      {
        label: 'Packs',
        show: ({ features, grants }) =>
          grants.length > 0
            ? grants.map((grant) => html`<div>${grant}</div>`)
            : `none of ${features.join(', ') || 'no feature'}`,
      },
    ],
  });
  return { rows, next };
}

async function downloadRows(context: PageContext, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.downloads.spec);
  const { items, next } = await downloadsReport(context.deps, context.actor, list);
  const names = new Map(await customerOptions(context));
  const rows = table<DownloadReceipt>({
    caption: 'Files that hosts fetched',
    rows: items,
    empty: none(
      context,
      'downloads',
      html`<p>No host has fetched a pack yet.</p>
        <p>On an endpoint run <code>yms update</code>.</p>`,
    ),
    columns: [
      { label: 'First', show: ({ firstAt }) => moment(firstAt) },
      { label: 'Host', header: true, show: (row) => hostLink('downloads', row) },
      { label: 'Customer', show: ({ customerId }) => names.get(customerId) ?? customerId },
      { label: 'File', show: ({ path }) => path },
      {
        label: 'SHA-256',
        show: ({ sha256 }) => html`<code class="word" title="${sha256}">${sha256.slice(0, 8)}…</code>`,
      },
      { label: 'Times', numeric: true, show: ({ times }) => times },
      { label: 'Last', show: ({ firstAt, lastAt }) => (lastAt === firstAt ? null : moment(lastAt)) },
    ],
  });
  return { rows, next };
}

/** All that one host received; it may be gone, so this is no link to the host itself. */
function hostLink(
  name: ReportName,
  { hostId, hostName }: { readonly hostId: string; readonly hostName: string },
): Html {
  return html`<a href="/admin/reports/${name}?hostId=${hostId}">${hostName}</a>`;
}

function customerLink(context: PageContext, id: string, name: string): Part {
  return may(context, 'customers:read') ? html`<a href="/admin/customers/${id}">${name}</a>` : name;
}

function shortId(id: ShownLicense['id']): string {
  return `…${id.slice(-6)}`;
}
