import { ownedBy } from '../actor/actor.js';
import { dayMs, formatSeconds, parseSeconds } from '../../base/clock.js';
import { licenseStates, type LicenseState } from '../../packs/license.js';
import { listLicenses, licenseList } from '../licensing/licenses.js';
import { licenseState } from '../licensing/license-state.js';
import { loadSold, planOf } from '../licensing/sold-license.js';
import { parseListQuery } from '../input/listing.js';
import { countBars, type Point, type Share, shareBar, stepCurve } from './chart.js';
import type { PageRouter } from './page-router.js';
import {
  type Freshness,
  freshnessOf,
  type LicensedHost,
  licensedHosts,
  type Newest,
  newestPacks,
  packName,
  parseReport,
  hasReached,
} from './freshness.js';
import { html, type Html, type Part } from './html.js';
import { licenseTable } from './licenses.js';
import { dayText } from './moment.js';
import { may, type Page, type PageContext } from './page-context.js';

const soonDays = 30;
const refusalDays = 30;
const curveDays = 14;

export function overviewPages(pages: PageRouter): void {
  pages.page('/', null, overviewPage);
}

async function overviewPage(context: PageContext): Promise<Page> {
  const hosts = may(context, 'hosts:read') ? await allHosts(context) : [];
  const newest = await newestPacks(context.deps.records);
  return {
    title: 'Overview',
    body: html`${await firstSteps(context)}
      <div class="cards">
        ${may(context, 'licenses:read') && card('Licenses by state', await licensesByState(context))}
        ${may(context, 'hosts:read') && card('Hosts', hostShares(context, hosts, newest))}
        ${may(context, 'hosts:read') && card('Adoption of the newest release', adoption(context, hosts, newest))}
        ${may(context, 'audit:read') && card(`Refusals of the last ${refusalDays} days`, await refusals(context))}
      </div>
      ${
        may(context, 'licenses:read') &&
        html`<h2>Ending within ${soonDays} days</h2>
          ${await endingSoon(context)}`
      }
      ${!may(context, 'licenses:read') && html`<p><a class="button" href="/admin/releases">To the releases</a></p>`}`,
  };
}

function card(title: string, body: Part): Html {
  return html`<section class="card">
    <h2>${title}</h2>
    ${body}
  </section>`;
}

async function allHosts({ deps, actor }: PageContext): Promise<LicensedHost[]> {
  const hosts: LicensedHost[] = [];
  const limit = 2000;
  for (;;) {
    const after = hosts.at(-1)?.id;
    const page = await licensedHosts(deps.records, {
      customerId: actor.customerId,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    hosts.push(...page);
    if (page.length < limit) return hosts;
  }
}

const stateTones: Readonly<Record<LicenseState, Share['tone']>> = {
  trial: 'plain',
  active: 'good',
  grace: 'warn',
  expired: 'off',
  suspended: 'held',
  revoked: 'bad',
};

async function licensesByState({ deps, actor, now }: PageContext): Promise<Html> {
  const rows = await deps.records
    .selectFrom('licenses')
    .selectAll()
    .where(ownedBy(actor, 'licenses.customerId'))
    .execute();
  const states = (await loadSold(deps.records, rows)).map((sold) => licenseState(sold, now, planOf(sold)));
  const shares = licenseStates.map((state) => ({
    label: state,
    count: states.filter((other) => other === state).length,
    tone: stateTones[state],
    href: `/admin/licenses?state=${state}`,
  }));
  return shareBar('Licenses by state', shares);
}

function hostShares({ now }: PageContext, hosts: readonly LicensedHost[], newest: readonly Newest[]): Html {
  const states = hosts.map((host) => freshnessOf(host, host, newest, now));
  const share = (label: Freshness, tone: Share['tone']) => ({
    label,
    tone,
    count: states.filter((state) => state === label).length,
  });
  return shareBar('Hosts', [
    share('up to date', 'good'),
    share('behind', 'warn'),
    share('silent', 'bad'),
    share('not yet seen', 'off'),
  ]);
}

/** Of the pack that was published last: which part of the hosts that are to have it had it when. */
function adoption({ now }: PageContext, hosts: readonly LicensedHost[], newest: readonly Newest[]): Part {
  const release = newest.toSorted((a, b) => (a.committedAt < b.committedAt ? 1 : -1))[0];
  if (!release) return html`<p class="hint">Nothing is published yet.</p>`;
  const entitled = hosts.filter(
    ({ features, channel }) => features.includes(release.feature) && channel === release.channel,
  );
  const name = `${packName(release)} ${release.version}`;
  if (entitled.length === 0) return html`<p class="hint">No host is licensed for ${name} yet.</p>`;
  const startMs = parseSeconds(release.committedAt)?.getTime() ?? 0;
  const endMs = Math.min(now.getTime(), startMs + curveDays * dayMs);
  const times = entitled
    .flatMap(({ status }) => parseReport(status).packs)
    .filter((pack) => packName(pack) === packName(release) && hasReached(pack, release))
    .map(({ installedAt }) => Math.min(endMs, Math.max(startMs, parseSeconds(installedAt)?.getTime() ?? startMs)))
    .toSorted((a, b) => a - b);
  const points: Point[] = times.map((at, i) => ({ at, share: (i + 1) / entitled.length }));
  return stepCurve(`Hosts with ${name}`, points, {
    startMs,
    endMs,
    from: dayText(release.committedAt),
    to: dayText(formatSeconds(new Date(endMs))),
  });
}

async function refusals({ deps, now }: PageContext): Promise<Part> {
  await deps.refusals.save(deps.records);
  const since = formatSeconds(new Date(now.getTime() - refusalDays * dayMs)).slice(0, 10);
  const rows = await deps.records
    .selectFrom('refusals')
    .select(['code', (e) => e.fn.sum<number | string>('count').as('count')])
    .where('day', '>=', since)
    .groupBy('code')
    .execute();
  const counts = rows
    .map(({ code, count }) => ({ label: code, count: Number(count) }))
    .toSorted((a, b) => b.count - a.count);
  if (counts.length === 0) return html`<p class="hint">No request was refused.</p>`;
  return countBars('Refusals by reason', counts.slice(0, 8));
}

async function endingSoon(context: PageContext): Promise<Html> {
  const expiresBefore = formatSeconds(new Date(context.now.getTime() + soonDays * dayMs));
  const ending = async (state: LicenseState) => {
    const list = parseListQuery({ state, expiresBefore, sort: 'expiresAt', limit: '20' }, licenseList);
    return (await listLicenses(context.deps, context.actor, list)).items;
  };
  const soon = [...(await ending('grace')), ...(await ending('trial')), ...(await ending('active'))];
  return licenseTable(context, soon, html`<p>No license ends within ${soonDays} days.</p>`);
}

/** What is missing before the first endpoint can be served, while something is. */
async function firstSteps(context: PageContext): Promise<Part> {
  const { records } = context.deps;
  if (!may(context, 'licenses:write')) return null;
  const has = async (name: 'metadata' | 'packs' | 'plans' | 'customers' | 'licenses' | 'hosts') =>
    (await records
      .selectFrom(name)
      .select((e) => e.val(1).as('one'))
      .limit(1)
      .executeTakeFirst()) !== undefined;
  const steps: (readonly [boolean, Html])[] = [
    [await has('metadata'), html`Commit root and targets: <code>yms root</code>, <code>yms targets</code>`],
    [await has('packs'), html`Publish a pack: <code>yms publish</code>`],
    [await has('plans'), html`<a href="/admin/plans/new">Make a plan</a>`],
    [await has('customers'), html`<a href="/admin/customers">Add a customer</a>`],
    [await has('licenses'), html`<a href="/admin/licenses/new">Sell a license</a>`],
    [await has('hosts'), html`Activate an endpoint: <code>yms activate</code>`],
  ];
  if (steps.every(([done]) => done)) return null;
  return html`<section class="card steps">
    <h2>First steps</h2>
    <ol>
      ${steps.map(([done, what]) => html`<li class="${done ? 'done' : 'open'}">${what}${done && html`<span class="hidden"> (done)</span>`}</li>`)}
    </ol>
  </section>`;
}
