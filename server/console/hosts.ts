import { unknownId } from '../error.js';
import { getHost, hostChangeSchema, removeHost, updateHost } from '../licensing/hosts.js';
import { badge } from './badge.js';
import type { PageRouter } from './page-router.js';
import { checkbox, field, form, select } from './form.js';
import { parseInput } from '../input/parse.js';
import {
  freshnessOf,
  type InstalledPack,
  type LicensedHost,
  licensedHosts,
  type Newest,
  newestPacks,
  packName,
  parseReport,
  hasReached,
} from './freshness.js';
import { groupsOf } from './groups.js';
import { html, type Html, type Part } from './html.js';
import { ago, day, moment } from './moment.js';
import { facts, nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

const pageRows = 50;

export function hostPages(pages: PageRouter): void {
  pages.page('/hosts', 'hosts:read', hostsPage);
  pages.page('/hosts/:id', 'hosts:read', hostPage);
  pages.form(
    '/hosts/:id',
    'hosts:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      const change = parseInput(hostChangeSchema, {
        name: values.get('name')?.trim() ?? '',
        groupId: values.get('groupId') || null,
        ...(values.get('flag') === 'clear' ? { flag: null } : {}),
      });
      await updateHost(context.deps, context.actor, id, change, `"${values.get('tag') ?? ''}"`);
      return { to: `/admin/hosts/${id}?done=saved` };
    },
    hostPage,
  );
  pages.form(
    '/hosts/:id/remove',
    'hosts:write',
    async (context) => {
      await removeHost(context.deps, context.actor, context.params['id'] ?? '');
      return { to: '/admin/hosts?done=removed' };
    },
    hostPage,
  );
}

async function hostsPage(context: PageContext): Promise<Page> {
  const { deps, actor, query } = context;
  const words = query.get('q')?.trim().slice(0, 100) ?? '';
  const cursor = query.get('cursor');
  const groupId = query.get('groupId');
  const isFiltered = [...query.keys()].some((name) => name !== 'done');
  const rows = await licensedHosts(deps.records, {
    customerId: actor.customerId ?? query.get('customerId'),
    ...(groupId === null ? {} : { groupId }),
    ...(words === '' ? {} : { words }),
    ...(cursor === null ? {} : { after: cursor }),
    limit: pageRows + 1,
  });
  const shown = rows.slice(0, pageRows);
  return {
    title: 'Hosts',
    body: html`${
        may(context, 'hosts:write') &&
        html`<p class="page-acts">
          <a class="button" href="/admin/hosts/activate">Activate a host without a network</a>
        </p>`
      }
      <form class="filters" role="search" aria-label="Filter hosts">
        ${field(null, { name: 'q', label: 'Host or customer', type: 'search', value: words, required: false })}
        <div class="actions"><button>Filter</button></div>
      </form>
      ${hostTable(
        context,
        shown,
        await newestPacks(deps.records),
        !isFiltered
          ? html`<p>No endpoint has been activated yet.</p>
              <p>
                On the endpoint run <code>yms activate</code> with the key of a <a href="/admin/licenses">license</a>.
              </p>`
          : html`<p>No host is like that.</p>
              <p><a href="/admin/hosts">Show all</a></p>`,
      )}
      ${nextLink('/admin/hosts', query, rows.length > pageRows ? (shown.at(-1)?.id ?? null) : null)}`,
  };
}

/** All hosts of one license, up to a thousand. */
export async function hostsOfLicense({ deps, actor, now }: PageContext, licenseId: string): Promise<Html> {
  const hosts = await licensedHosts(deps.records, { customerId: actor.customerId, licenseId, limit: 1000 });
  const empty = html`<p>No endpoint is activated with this license.</p>
    <p>On the endpoint run <code>yms activate</code> with its key.</p>`;
  return hostTable({ now }, hosts, await newestPacks(deps.records), empty, false);
}

function hostTable(
  { now }: Pick<PageContext, 'now'>,
  hosts: readonly LicensedHost[],
  newest: readonly Newest[],
  empty: Part,
  withCustomer = true,
): Html {
  return table<LicensedHost>({
    caption: 'Hosts',
    rows: hosts,
    empty,
    columns: [
      {
        label: 'Host',
        header: true,
        show: ({ id, name, flag }) => html`<a href="/admin/hosts/${id}">${name}</a> ${flag !== null && badge(flag)}`,
      },
      ...(withCustomer ? [{ label: 'Customer', show: ({ customerName }: LicensedHost) => customerName }] : []),
      { label: 'State', show: (host) => badge(freshnessOf(host, host, newest, now)) },
      {
        label: 'Versions',
        show: ({ status }) =>
          parseReport(status)
            .packs.map(({ feature, version }) => `${feature} ${version}`)
            .join(', ') || 'none',
      },
      { label: 'Client', show: ({ client }) => client },
      { label: 'Last contact', show: (host) => lastContact(host, now) },
    ],
  });
}

function lastContact({ lastSeenAt, statusAt }: LicensedHost, now: Date): Part {
  const last = [lastSeenAt, statusAt]
    .filter((time) => time !== null)
    .toSorted()
    .at(-1);
  return last === undefined ? 'never' : ago(last, now);
}

async function hostPage(context: PageContext): Promise<Page> {
  const { deps, actor, params, now } = context;
  const [host] = await licensedHosts(deps.records, { customerId: actor.customerId, id: params['id'] ?? '', limit: 1 });
  if (!host) throw unknownId('host', params['id'] ?? '');
  const newest = await newestPacks(deps.records);
  const { packs, lastError } = parseReport(host.status);
  return {
    title: host.name,
    body: html`${facts([
        ['State', badge(freshnessOf(host, host, newest, now))],
        ['Customer', host.customerName],
        [
          'License',
          may(context, 'licenses:read')
            ? html`<a href="/admin/licenses/${host.licenseId}">${host.licenseId}</a>`
            : host.licenseId,
        ],
        ['Client', host.client],
        ['Activated', day(host.createdAt)],
        ['Last contact', lastContact(host, now)],
        ['Seat', host.seatFreedAt === null ? 'taken' : html`came free ${ago(host.seatFreedAt, now)}`],
        ['Key', html`<code>${host.keyid}</code>`],
      ])}
      ${
        host.flag !== null &&
        html`<div class="alert">
          <p>An old license document was presented again: this host may be a copy of another, or was set back.</p>
        </div>`
      }
      ${
        lastError !== null &&
        html`<h2>Last error</h2>
          <p><code>${lastError.code}</code> ${lastError.message}</p>`
      }
      <h2>Packs</h2>
      ${table<InstalledPack>({
        caption: 'Installed packs',
        rows: packs,
        empty: html`<p>The host has reported no pack.</p>
          <p>On the endpoint run <code>yms update</code>.</p>`,
        columns: [
          { label: 'Pack', header: true, show: (pack) => packName(pack) },
          { label: 'Version', show: ({ version }) => version },
          { label: 'Newest', show: (pack) => newestOf(pack, newest) },
          { label: 'Sequence', numeric: true, show: ({ sequence }) => sequence },
          { label: 'Installed', show: ({ installedAt }) => moment(installedAt) },
        ],
      })}
      ${
        may(context, 'reports:read') &&
        html`<p class="more">
          What it received: <a href="/admin/reports/documents?hostId=${host.id}">license documents</a>,
          <a href="/admin/reports/downloads?hostId=${host.id}">downloads</a>
        </p>`
      }
      ${may(context, 'hosts:write') && (await changeForms(context, host))}`,
  };
}

async function changeForms(context: PageContext, host: LicensedHost): Promise<Html> {
  const { tag } = await getHost(context.deps, context.actor, host.id);
  const groups = await groupsOf(context, host.customerId);
  return html`<h2>Change</h2>
    ${form(
      context,
      `/admin/hosts/${host.id}`,
      html`<input type="hidden" name="tag" value="${tag}" />
        ${field(context.attempt, { name: 'name', label: 'Name', value: host.name })}
        ${select(context.attempt, {
          name: 'groupId',
          label: 'Group',
          value: host.groupId ?? '',
          options: [['', 'none'], ...groups.map(({ id, name }) => [id, name] as const)],
        })}
        ${host.flag !== null && checkbox('flag', 'clear', 'Looked at it: take the flag away', false)}`,
      { submit: 'Save', name: 'Change the host' },
    )}
    <h2>Remove</h2>
    <p>Its seat comes free and its token ends. What it has already opened it keeps.</p>
    ${form(context, `/admin/hosts/${host.id}/remove`, null, { submit: 'Remove the host', danger: true, class: 'act' })}`;
}

function newestOf(pack: InstalledPack, newest: readonly Newest[]): Part {
  const found = newest.find((other) => packName(other) === packName(pack));
  if (!found) return 'no longer published';
  return hasReached(pack, found) ? badge('up to date') : html`${badge('behind')} ${found.version}`;
}
