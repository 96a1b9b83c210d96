/** Moving a feature between plans: choose, look at who loses it, confirm. */
import { formatSeconds } from '../../base/clock.js';
import {
  cancelMove,
  createMove,
  listMoves,
  type MovedLicense,
  moveList,
  type MovePreview,
  type NewMove,
  newMoveSchema,
  previewMove,
  type ShownMove,
} from '../licensing/feature-moves.js';
import { parseListQuery } from '../input/listing.js';
import type { ShownPlan } from '../licensing/plans.js';
import { badge } from './badge.js';
import type { PageRouter } from './page-router.js';
import { checkbox, dayIn, field, form, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Html, type Part } from './html.js';
import { knownFeatures, soldPlans } from './known-features.js';
import { day, moment } from './moment.js';
import { table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

export function movePages(pages: PageRouter): void {
  pages.page('/plans/move', 'plans:write', movePage);
  pages.form(
    '/plans/move',
    'plans:write',
    async (context, values) => {
      await createMove(context.deps, context.actor, moveIn(values, context.now));
      return { to: '/admin/plans?done=moved' };
    },
    movePage,
  );
  pages.form('/plans/moves/:id/cancel', 'plans:write', async (context) => {
    await cancelMove(context.deps, context.actor, context.params['id'] ?? '');
    return { to: '/admin/plans?done=move-cancelled' };
  });
}

/** Today is now: a move that is wanted today takes effect at once. */
function moveIn(values: URLSearchParams, now: Date): NewMove {
  const asked = dayIn(values, 'effectiveAt', 'start');
  const isToday = asked?.slice(0, 10) === formatSeconds(now).slice(0, 10);
  return parseInput(newMoveSchema, {
    feature: values.get('feature') ?? '',
    fromPlans: values.getAll('fromPlans'),
    toPlans: values.getAll('toPlans'),
    ...(asked === undefined || isToday ? {} : { effectiveAt: asked }),
    keepExisting: values.get('keepExisting') === 'yes',
  });
}

async function movePage(context: PageContext): Promise<Page> {
  const values = context.attempt?.values ?? context.query;
  const plans = await soldPlans(context);
  const features = await knownFeatures(context, plans, null);
  const asked = values.get('feature') ?? features[0]?.name ?? '';
  if (plans.length === 0 || features.length === 0)
    return {
      title: 'Move a feature',
      body: html`<div class="empty">
        <p>There is no feature to move: no plan has one.</p>
        <p><a class="button" href="/admin/plans/new">Make a plan</a></p>
      </div>`,
    };
  const isAsked = values.has('fromPlans') || values.has('toPlans');
  return {
    title: 'Move a feature',
    body: html`<p>What was free becomes premium, or the other way round. Nothing changes before you confirm.</p>
      ${chooser(
        values,
        plans,
        features.map(({ name }) => name),
        asked,
        formatSeconds(context.now).slice(0, 10),
      )}
      ${isAsked && context.attempt === null && (await previewSection(context, values, plans))}`,
  };
}

function chooser(
  values: URLSearchParams,
  plans: readonly ShownPlan[],
  features: readonly string[],
  asked: string,
  today: string,
): Html {
  const isFresh = !values.has('fromPlans') && !values.has('toPlans');
  const from = isFresh
    ? plans.filter((plan) => plan.features.includes(asked)).map(({ id }) => id)
    : values.getAll('fromPlans');
  const to = values.getAll('toPlans');
  const choice = (name: string, chosen: readonly string[]) =>
    plans.map((plan) =>
      checkbox(
        name,
        plan.id,
        html`${plan.name}${plan.features.includes(asked) && html` <span class="hint">has it</span>`}`,
        chosen.includes(plan.id),
      ),
    );
  return html`<form action="/admin/plans/move" class="form" aria-label="Move a feature">
    ${select(null, { name: 'feature', label: 'Feature', value: asked, options: features.map((name) => [name, name] as const) })}
    <div class="row">
      <fieldset>
        <legend>Leaves</legend>
        ${choice('fromPlans', from)}
      </fieldset>
      <fieldset>
        <legend>Enters</legend>
        ${choice('toPlans', to)}
      </fieldset>
    </div>
    ${field(null, {
      name: 'effectiveAt',
      label: 'From',
      type: 'date',
      value: values.get('effectiveAt') ?? today,
      min: today,
      hint: 'From the start of that day, UTC. Today means at once.',
    })}
    ${checkbox('keepExisting', 'yes', 'Licenses that have it keep it', values.get('keepExisting') === 'yes')}
    <div class="actions"><button class="primary">Preview</button></div>
  </form>`;
}

async function previewSection(
  context: PageContext,
  values: URLSearchParams,
  plans: readonly ShownPlan[],
): Promise<Html> {
  const move = moveIn(values, context.now);
  const preview = await previewMove(context.deps, context.actor, move);
  const hidden = [...values]
    .filter(([name]) => ['feature', 'fromPlans', 'toPlans', 'effectiveAt', 'keepExisting'].includes(name))
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);
  return html`<section class="preview" aria-labelledby="preview-title">
    <h2 id="preview-title">What would change</h2>
    <p>${summary(preview)}</p>
    ${moved('Lose it', preview.loses, plans)} ${moved('Gain it', preview.gains, plans)}
    ${moved('Keep it', preview.keeps, plans)}
    ${form(context, '/admin/plans/move', hidden, {
      submit: move.effectiveAt === undefined ? `Move ${preview.feature} now` : `Plan the move of ${preview.feature}`,
      danger: preview.loses.length > 0,
      class: 'act',
    })}
  </section>`;
}

function summary({ feature, effectiveAt, loses, gains, keeps }: MovePreview): Part {
  const hosts = loses.reduce((sum, license) => sum + license.hosts, 0);
  return html`From ${moment(effectiveAt)}: <strong>${loses.length}</strong> licenses with ${hosts} hosts lose
    <strong>${feature}</strong>, <strong>${gains.length}</strong> gain it, <strong>${keeps.length}</strong> keep it.`;
}

function moved(title: string, licenses: readonly MovedLicense[], plans: readonly ShownPlan[]): Part {
  if (licenses.length === 0) return null;
  return html`<h3>${title}</h3>
    ${table<MovedLicense>({
      caption: title,
      rows: licenses.slice(0, 200),
      empty: null,
      columns: [
        {
          label: 'Customer',
          header: true,
          show: ({ customerId, customerName }) => html`<a href="/admin/customers/${customerId}">${customerName}</a>`,
        },
        { label: 'License', show: ({ licenseId }) => html`<a href="/admin/licenses/${licenseId}">${licenseId}</a>` },
        { label: 'Plan', show: ({ planId }) => plans.find(({ id }) => id === planId)?.name ?? '' },
        { label: 'State', show: ({ state }) => badge(state) },
        { label: 'Hosts', numeric: true, show: ({ hosts }) => hosts },
      ],
    })}
    ${licenses.length > 200 && html`<p class="hint">And ${licenses.length - 200} more.</p>`}`;
}

/** Moves that are planned, and the last ones that were. */
export async function movesSection(context: PageContext): Promise<Part> {
  const { items } = await listMoves(
    context.deps,
    context.actor,
    parseListQuery({ limit: '20', sort: '-effectiveAt' }, moveList),
  );
  if (items.length === 0) return null;
  const plans = new Map(
    (await context.deps.records.selectFrom('plans').select(['id', 'name']).execute()).map((p) => [p.id, p.name]),
  );
  const named = (ids: readonly string[]) => ids.map((id) => plans.get(id) ?? id).join(', ') || 'none';
  return html`<h2>Moves</h2>
    ${table<ShownMove>({
      caption: 'Moves of features',
      rows: items,
      empty: null,
      columns: [
        { label: 'Feature', header: true, show: ({ feature }) => feature },
        { label: 'From', show: ({ fromPlans }) => named(fromPlans) },
        { label: 'To', show: ({ toPlans }) => named(toPlans) },
        { label: 'On', show: ({ effectiveAt }) => day(effectiveAt) },
        { label: 'State', show: (move) => badge(stateOf(move)) },
        {
          label: 'Act',
          show: (move) =>
            stateOf(move) === 'planned' && may(context, 'plans:write')
              ? form(context, `/admin/plans/moves/${move.id}/cancel`, null, { submit: 'Cancel', class: 'act' })
              : null,
        },
      ],
    })}`;
}

function stateOf({ appliedAt, cancelledAt }: ShownMove): 'planned' | 'applied' | 'cancelled' {
  return cancelledAt !== null ? 'cancelled' : appliedAt !== null ? 'applied' : 'planned';
}
