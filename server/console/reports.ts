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
import type { Desk } from './desk.js';
import { field, select } from './form.js';
import { html, type Html, type Part } from './html.js';
import { ago, day, moment } from './moment.js';
import { pageQuery } from './page-query.js';
import { nextLink, table } from './table.js';
import { may, type Page, type Visit } from './visit.js';

interface Shown {
  readonly title: string;
  readonly meaning: string;
  /** Unless the address says another. */
  readonly sort: string;
  readonly show: (
    visit: Visit,
    query: URLSearchParams,
  ) => Promise<{ readonly rows: Html; readonly next: string | null }>;
}

const shownReports: Readonly<Record<ReportName, Shown>> = {
  usage: {
    title: 'Usage',
    meaning: 'What each customer holds, and what it does with it. Seats are those of licences that are usable now.',
    sort: 'name',
    show: usageRows,
  },
  seats: { title: 'Seats', meaning: 'Each licence with its seats.', sort: 'expiresAt', show: seatsRows },
  documents: {
    title: 'Licence documents',
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

export function reportPages(desk: Desk): void {
  for (const name of Object.keys(shownReports) as ReportName[]) {
    desk.page(pathOf(name), 'reports:read', (visit) => reportPage(visit, name));
    for (const format of reportFormats)
      desk.file(`/reports/${name}.${format}`, 'reports:read', (visit) => {
        const query = Object.fromEntries(listed(visit, name));
        return {
          name: `${name}-${formatSeconds(visit.now).slice(0, 10)}.${format}`,
          mediaType: reportMediaTypes[format],
          text: reportFile(visit.deps, visit.actor, name, format, query),
        };
      });
  }
}

/** The first report is the page that the menu leads to. */
function pathOf(name: ReportName): string {
  return name === 'usage' ? '/reports' : `/reports/${name}`;
}

/** The query in the words of the list: a day is its first second, and the newest come first. */
function listed(visit: Visit, name: ReportName): URLSearchParams {
  const query = pageQuery(visit);
  const since = query.get('since');
  if (since !== null && parseSeconds(`${since}T00:00:00Z`) !== null) query.set('since', `${since}T00:00:00Z`);
  if (!query.has('sort')) query.set('sort', shownReports[name].sort);
  return query;
}

async function reportPage(visit: Visit, name: ReportName): Promise<Page> {
  const { meaning, show } = shownReports[name];
  const query = listed(visit, name);
  const { rows, next } = await show(visit, query);
  const file = new URLSearchParams(visit.query);
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
      ${await filters(visit, name)} ${rows} ${nextLink(`/admin${pathOf(name)}`, visit.query, next)}
      <p class="page-acts">
        <a class="button" href="${address('csv')}">Save all as CSV</a>
        <a class="button" href="${address('json')}">Save all as JSON</a>
      </p>`,
  };
}

async function filters(visit: Visit, name: ReportName): Promise<Part> {
  const { query, actor } = visit;
  const known = Object.keys(reports[name].spec.filters);
  const kept = (['hostId', 'licenseId'] as const).filter((filter) => known.includes(filter) && query.get(filter));
  return html`<form class="filters" role="search" aria-label="Filter the report">
      ${
        actor.customerId === null &&
        select(null, {
          name: 'customerId',
          label: 'Customer',
          value: query.get('customerId') ?? '',
          options: [['', 'all'], ...(await customerOptions(visit))],
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
function none({ query }: Visit, name: ReportName, words: Part): Html {
  return [...query.keys()].some((key) => key !== 'done')
    ? html`<p>Nothing is like that.</p>
        <p><a href="/admin${pathOf(name)}">Show all</a></p>`
    : html`${words}`;
}

async function usageRows(visit: Visit, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.usage.spec);
  const { items, next } = await usageReport(visit.deps, visit.actor, list);
  const rows = table<UsageRow>({
    caption: 'Usage by customer',
    rows: items,
    empty: none(
      visit,
      'usage',
      html`<p>There is no customer yet.</p>
        <p><a href="/admin/customers">Add one</a></p>`,
    ),
    columns: [
      { label: 'Customer', header: true, show: (row) => customerLink(visit, row.customerId, row.customerName) },
      { label: 'Licences', numeric: true, show: ({ licenses }) => licenses },
      { label: 'Usable', numeric: true, show: ({ usableLicenses }) => usableLicenses },
      { label: 'Seats', numeric: true, show: ({ seats }) => seats },
      { label: 'Taken', numeric: true, show: ({ seatsUsed }) => seatsUsed },
      { label: 'Flagged hosts', numeric: true, show: ({ flaggedHosts }) => flaggedHosts },
      { label: 'Documents', numeric: true, show: ({ documents }) => documents },
      { label: 'Downloads', numeric: true, show: ({ downloads }) => downloads },
      { label: 'Last contact', show: ({ lastSeenAt }) => (lastSeenAt === null ? 'never' : ago(lastSeenAt, visit.now)) },
    ],
  });
  return { rows, next };
}

async function seatsRows(visit: Visit, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.seats.spec);
  const { items, next } = await seatsReport(visit.deps, visit.actor, list);
  const rows = table<SeatsRow>({
    caption: 'Seats by licence',
    rows: items,
    empty: none(
      visit,
      'seats',
      html`<p>No licence is sold yet.</p>
        <p><a href="/admin/licenses">To the licences</a></p>`,
    ),
    columns: [
      {
        label: 'Licence',
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
        show: ({ expiresAt }) => html`${day(expiresAt)} <span class="hint">${ago(expiresAt, visit.now)}</span>`,
      },
    ],
  });
  return { rows, next };
}

async function documentRows(visit: Visit, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.documents.spec);
  const { items, next } = await documentsReport(visit.deps, visit.actor, list);
  const names = new Map(await customerOptions(visit));
  const rows = table<DocumentReceipt>({
    caption: 'Licence documents that hosts received',
    rows: items,
    empty: none(
      visit,
      'documents',
      html`<p>No host has received a licence document yet.</p>
        <p>On an endpoint run <code>yms update</code>.</p>`,
    ),
    columns: [
      { label: 'When', show: ({ issuedAt }) => moment(issuedAt) },
      { label: 'Host', header: true, show: (row) => hostLink('documents', row) },
      { label: 'Customer', show: ({ customerId }) => names.get(customerId) ?? customerId },
      {
        label: 'Licence',
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

async function downloadRows(visit: Visit, query: URLSearchParams) {
  const list = parseListQuery(Object.fromEntries(query), reports.downloads.spec);
  const { items, next } = await downloadsReport(visit.deps, visit.actor, list);
  const names = new Map(await customerOptions(visit));
  const rows = table<DownloadReceipt>({
    caption: 'Files that hosts fetched',
    rows: items,
    empty: none(
      visit,
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

function customerLink(visit: Visit, id: string, name: string): Part {
  return may(visit, 'customers:read') ? html`<a href="/admin/customers/${id}">${name}</a>` : name;
}

function shortId(id: ShownLicense['id']): string {
  return `…${id.slice(-6)}`;
}
