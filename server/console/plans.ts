import {
  createPlan,
  getPlan,
  listPlans,
  newPlanSchema,
  planChangeSchema,
  planList,
  type ShownPlan,
  updatePlan,
} from '../licensing/plans.js';
import { parseListQuery } from '../input/listing.js';
import { badge } from './badge.js';
import type { PageRouter } from './page-router.js';
import { checkbox, field, form, numberIn } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Html, type Part } from './html.js';
import { knownFeatures, soldPlans } from './known-features.js';
import { movePages, movesSection } from './moves.js';
import { day } from './moment.js';
import { pageQuery } from './page-query.js';
import { facts, nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

export function planPages(pages: PageRouter): void {
  movePages(pages);
  pages.page('/plans', 'plans:read', plansPage);
  pages.page('/plans/new', 'plans:write', newPlanPage);
  pages.form(
    '/plans/new',
    'plans:write',
    async (context, values) => {
      const terms = parseInput(newPlanSchema, { ...termsIn(values), trial: values.get('trial') === 'yes' });
      const { shown } = await createPlan(context.deps, context.actor, terms);
      return { to: `/admin/plans/${shown.id}?done=created` };
    },
    newPlanPage,
  );
  pages.page('/plans/:id', 'plans:read', planPage);
  pages.form(
    '/plans/:id',
    'plans:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      const change = parseInput(planChangeSchema, { floatingDays: null, ...termsIn(values) });
      await updatePlan(context.deps, context.actor, id, change, `"${values.get('tag') ?? ''}"`);
      return { to: `/admin/plans/${id}?done=saved` };
    },
    planPage,
  );
  pages.form(
    '/plans/:id/archive',
    'plans:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      await updatePlan(context.deps, context.actor, id, { archived: values.get('archived') === 'yes' });
      return { to: `/admin/plans/${id}?done=saved` };
    },
    planPage,
  );
}

function termsIn(values: URLSearchParams): Record<string, unknown> {
  const another = values.get('feature-new')?.trim() ?? '';
  const features = [...new Set([...values.getAll('features'), ...(another === '' ? [] : [another])])];
  const terms = {
    name: values.get('name')?.trim() ?? '',
    features,
    channel: values.get('channel')?.trim() || 'stable',
    seats: numberIn(values, 'seats'),
    durationDays: numberIn(values, 'durationDays'),
    graceDays: numberIn(values, 'graceDays'),
    documentDays: numberIn(values, 'documentDays'),
    floatingDays: numberIn(values, 'floatingDays'),
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

async function plansPage(context: PageContext): Promise<Page> {
  const list = parseListQuery(Object.fromEntries(pageQuery(context)), planList);
  const { items, next } = await listPlans(context.deps, context.actor, list);
  const plans = await soldPlans(context);
  const write = may(context, 'plans:write');
  return {
    title: 'Plans',
    body: html`${write && html`<p class="page-acts"><a class="button primary" href="/admin/plans/new">New plan</a></p>`}
    ${table<ShownPlan>({
      caption: 'Plans',
      rows: items,
      empty: html`<p>
          There is no plan yet. A plan says which features are sold together, for how many seats and days.
        </p>
        ${write && html`<p><a class="button" href="/admin/plans/new">Make the first plan</a></p>`}`,
      columns: [
        { label: 'Plan', header: true, show: ({ id, name }) => html`<a href="/admin/plans/${id}">${name}</a>` },
        { label: 'Features', show: ({ features }) => features.join(', ') || 'none' },
        { label: 'Seats', numeric: true, show: ({ seats }) => seats },
        { label: 'Days', numeric: true, show: ({ durationDays }) => durationDays },
        { label: 'Grace', numeric: true, show: ({ graceDays }) => `${graceDays} days` },
        {
          label: 'Kind',
          show: ({ trial, archivedAt }) => [
            trial ? badge('trial') : null,
            archivedAt === null ? null : badge('archived'),
          ],
        },
      ],
    })}
    ${nextLink('/admin/plans', context.query, next)} ${await featureMatrix(context, plans)}
    ${await movesSection(context)}`,
  };
}

/** Which plan has which feature, and from where a feature is moved. */
async function featureMatrix(context: PageContext, plans: readonly ShownPlan[]): Promise<Part> {
  const features = await knownFeatures(context, plans, null);
  if (plans.length === 0 || features.length === 0) return null;
  const write = may(context, 'plans:write');
  return html`<h2>Features by plan</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Features by plan">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Feature</th>
            ${plans.map(({ name }) => html`<th scope="col">${name}</th>`)}
            ${write && html`<th scope="col"><span class="hidden">Move</span></th>`}
          </tr>
        </thead>
        <tbody>
          ${features.map(
            ({ name }) =>
              html`<tr>
                <th scope="row">${name}</th>
                ${plans.map((plan) => html`<td>${tick(plan.features.includes(name))}</td>`)}
                ${
                  write &&
                  html`<td>
                    <a href="/admin/plans/move?feature=${name}">Move<span class="hidden"> ${name}</span></a>
                  </td>`
                }
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

export function tick(has: boolean): Html {
  return has
    ? html`<span class="tick"><span aria-hidden="true">✓</span><span class="hidden">yes</span></span>`
    : html`<span class="no-tick"><span aria-hidden="true">–</span><span class="hidden">no</span></span>`;
}

async function newPlanPage(context: PageContext): Promise<Page> {
  const fields = html`${await planFields(context, null)}
    <fieldset>
      <legend>Kind</legend>
      ${checkbox('trial', 'yes', 'A trial: it shows as one, and is upgraded instead of renewed', context.attempt?.values.get('trial') === 'yes')}
    </fieldset>`;
  return {
    title: 'New plan',
    body: form(context, '/admin/plans/new', fields, { submit: 'Make the plan', name: 'New plan' }),
  };
}

async function planFields(context: PageContext, plan: ShownPlan | null): Promise<Html> {
  const { attempt } = context;
  const features = await knownFeatures(context, await soldPlans(context), null);
  const checked = attempt?.values.getAll('features') ?? plan?.features ?? [];
  const number = (name: string, label: string, value: number | null, hint?: string, required = true) =>
    field(attempt, {
      name,
      label,
      type: 'number',
      min: name === 'graceDays' ? 0 : 1,
      value,
      required,
      ...(hint === undefined ? {} : { hint }),
    });
  return html`${field(attempt, { name: 'name', label: 'Name', value: plan?.name ?? '' })}
    <fieldset>
      <legend>Features</legend>
      ${features.map(({ name }) => checkbox('features', name, name, checked.includes(name)))}
      ${field(attempt, {
        name: 'feature-new',
        label: 'Another feature',
        required: false,
        hint: 'Of a–z, 0–9 and -, such as mining-pools. It must be the name under which packs are published.',
      })}
      ${attempt?.faults['features'] !== undefined && html`<p class="fault">${attempt.faults['features']}</p>`}
    </fieldset>
    <div class="row">
      ${number('seats', 'Seats', plan?.seats ?? 10)} ${number('durationDays', 'Days', plan?.durationDays ?? 365)}
      ${number('graceDays', 'Grace days', plan?.graceDays ?? 14, 'How long it still works after its end.')}
    </div>
    <div class="row">
      ${number('documentDays', 'Document days', plan?.documentDays ?? 14, 'How long an endpoint may stay away.')}
      ${number('floatingDays', 'Floating after', plan?.floatingDays ?? null, 'Days after which an unseen seat comes free. Empty: seats stay with their hosts.', false)}
      ${field(attempt, { name: 'channel', label: 'Channel', value: plan?.channel ?? 'stable' })}
    </div>`;
}

async function planPage(context: PageContext): Promise<Page> {
  const { shown, tag } = await getPlan(context.deps, context.actor, context.params['id'] ?? '');
  const path = `/admin/plans/${shown.id}`;
  const isArchived = shown.archivedAt !== null;
  return {
    title: shown.name,
    body: html`${facts([
      ['Kind', [shown.trial ? badge('trial') : 'bought', isArchived ? badge('archived') : null]],
      ['Made', day(shown.createdAt)],
      ['Licenses', html`<a href="/admin/licenses?planId=${shown.id}">Show those of this plan</a>`],
    ])}
    ${
      may(context, 'plans:write')
        ? html`<h2>Change</h2>
            <p>
              Features, grace and document days act on every license of this plan at once; seats, days and channel on
              those sold from now on. To take a feature away at a date, and to see who loses it,
              <a href="/admin/plans/move">move it</a> instead.
            </p>
            ${form(
              context,
              path,
              html`<input type="hidden" name="tag" value="${tag}" /> ${await planFields(context, shown)}`,
              { submit: 'Save', name: 'Change the plan' },
            )}
            <div class="acts">
              ${form(
                context,
                `${path}/archive`,
                html`<input type="hidden" name="archived" value="${isArchived ? 'no' : 'yes'}" />`,
                { submit: isArchived ? 'Sell again' : 'No longer sell', class: 'act' },
              )}
            </div>`
        : facts([
            ['Features', shown.features.join(', ')],
            ['Seats', shown.seats],
            ['Days', shown.durationDays],
            ['Grace days', shown.graceDays],
            ['Channel', shown.channel],
          ])
    }`,
  };
}
