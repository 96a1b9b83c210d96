/** One license: what it covers, what can be done to it, its hosts. */
import { shown } from '../../base/shown.js';
import {
  extendLicense,
  extendSchema,
  reasonSchema,
  renewLicense,
  renewSchema,
  resumeLicense,
  revokeLicense,
  suspendLicense,
  transferLicense,
  transferSchema,
  upgradeLicense,
  upgradeSchema,
} from '../licensing/license-acts.js';
import { getLicense, licenseChangeSchema, updateLicense } from '../licensing/licenses.js';
import { refusal, ServerError } from '../error.js';
import type { ShownPlan } from '../licensing/plans.js';
import type { ShownLicense } from '../licensing/shown-license.js';
import { actsFrom, type LicenseAct } from '../licensing/transitions.js';
import { activationTokensSection } from './activation-tokens.js';
import { badge } from './badge.js';
import { customerOptions } from './customer-options.js';
import type { PageRouter, Outcome } from './page-router.js';
import { checkbox, dayIn, field, form, numberIn, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { hostsOfLicense } from './hosts.js';
import { html, type Html, type Part } from './html.js';
import { knownFeatures, soldPlans } from './known-features.js';
import { keyPage } from './license-key.js';
import { ago, day } from './moment.js';
import { tick } from './plans.js';
import { facts } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

export function licensePages(pages: PageRouter): void {
  pages.page('/licenses/:id', 'licenses:read', licensePage);
  pages.form('/licenses/:id', 'licenses:write', changeTerms, licensePage);
  pages.form('/licenses/:id/:act', 'licenses:write', carryOut, licensePage);
}

async function changeTerms(context: PageContext, values: URLSearchParams): Promise<Outcome> {
  const { deps, actor, params } = context;
  const id = params['id'] ?? '';
  const { shown } = await getLicense(deps, actor, id);
  const plan = await planOf(context, shown);
  const another = values.get('feature-new')?.trim() ?? '';
  const covered = [...new Set([...values.getAll('features'), ...(another === '' ? [] : [another])])];
  const inPlan = plan?.features ?? [];
  const change = parseInput(licenseChangeSchema, {
    ...(plan === null
      ? { features: covered }
      : {
          addedFeatures: covered.filter((name) => !inPlan.includes(name) || shown.addedFeatures.includes(name)),
          removedFeatures: inPlan.filter((name) => !covered.includes(name)),
        }),
    seats: numberIn(values, 'seats'),
    channel: values.get('channel')?.trim() || undefined,
  });
  await updateLicense(deps, actor, id, change, `"${values.get('tag') ?? ''}"`);
  return { to: `/admin/licenses/${id}?done=saved` };
}

async function carryOut(context: PageContext, values: URLSearchParams): Promise<Outcome> {
  const { deps, actor, params } = context;
  const id = params['id'] ?? '';
  const reason = () => parseInput(reasonSchema, { reason: values.get('reason')?.trim() || undefined });
  switch (params['act'] as LicenseAct) {
    case 'renew':
      await renewLicense(deps, actor, id, parseInput(renewSchema, { days: numberIn(values, 'days') }));
      break;
    case 'extend':
      await extendLicense(deps, actor, id, parseInput(extendSchema, { expiresAt: dayIn(values, 'expiresAt', 'end') }));
      break;
    case 'upgrade': {
      const terms = { planId: values.get('planId') ?? '', seats: numberIn(values, 'seats') };
      await upgradeLicense(deps, actor, id, parseInput(upgradeSchema, terms));
      break;
    }
    case 'transfer': {
      const terms = { customerId: values.get('customerId') ?? '', keepHosts: values.get('keepHosts') === 'yes' };
      const { shown } = await transferLicense(deps, actor, id, parseInput(transferSchema, terms));
      return keyPage(shown, shown.licenseKey);
    }
    case 'suspend':
      await suspendLicense(deps, actor, id, reason());
      break;
    case 'resume':
      await resumeLicense(deps, actor, id, reason());
      break;
    case 'revoke':
      if (values.get('sure') !== 'yes')
        throw refusal('request-body', { path: ['sure'], expected: 'a tick that confirms it', got: 'none' });
      await revokeLicense(deps, actor, id, reason());
      break;
    default:
      throw new ServerError('not-found', `page: expected an act of a license, got ${shown(params['act'])}`);
  }
  return { to: `/admin/licenses/${id}?done=saved` };
}

async function planOf(
  { deps }: PageContext,
  { planId }: ShownLicense,
): Promise<Pick<ShownPlan, 'name' | 'features' | 'trial'> | null> {
  if (planId === null) return null;
  const row = await deps.records.selectFrom('plans').selectAll().where('id', '=', planId).executeTakeFirst();
  return row ? { name: row.name, features: JSON.parse(row.features) as string[], trial: row.trial === 1 } : null;
}

async function licensePage(context: PageContext): Promise<Page> {
  const { shown, tag } = await getLicense(context.deps, context.actor, context.params['id'] ?? '');
  const plan = await planOf(context, shown);
  const customers = await customerOptions(context);
  const customer = customers.find(([id]) => id === shown.customerId)?.[1] ?? shown.customerId;
  const write = may(context, 'licenses:write');
  return {
    title: `License of ${customer}`,
    body: html`${facts([
        ['State', badge(shown.state)],
        [
          'Customer',
          may(context, 'customers:read')
            ? html`<a href="/admin/customers/${shown.customerId}">${customer}</a>`
            : customer,
        ],
        ['Plan', shown.planId === null ? 'none' : planLink(context, shown.planId, plan?.name ?? '')],
        [
          'Seats',
          `${shown.seatsUsed} of ${shown.seats}${shown.floatingDays === null ? '' : `, free after ${shown.floatingDays} days unseen`}`,
        ],
        ['Starts', day(shown.notBefore)],
        ['Ends', html`${day(shown.expiresAt)} <span class="hint">${ago(shown.expiresAt, context.now)}</span>`],
        ['Served until', day(shown.graceUntil)],
        ['Channel', shown.channel],
        ['Id', html`<code>${shown.id}</code>`],
      ])}
      <h2>Features</h2>
      ${
        write && shown.status !== 'revoked'
          ? form(context, `/admin/licenses/${shown.id}`, await matrix(context, shown, plan, tag), {
              submit: 'Save',
              name: 'Features and seats',
              class: 'form wide',
            })
          : matrixTable(
              shown.features.map((name) => ({ name, label: null })),
              shown,
              plan,
              null,
            )
      }
      ${write && (await acts(context, shown, plan?.trial ?? false, customers))}
      <h2 id="hosts">Hosts</h2>
      ${await hostsOfLicense(context, shown.id)}
      ${
        may(context, 'hosts:write') &&
        ['trial', 'active', 'grace'].includes(shown.state) &&
        html`<p class="more">
          <a href="/admin/hosts/activate?licenseId=${shown.id}">Activate a host without a network</a>
        </p>`
      }
      ${await activationTokensSection(context, shown.id)}
      ${
        may(context, 'audit:read') &&
        html`<p class="more"><a href="/admin/audit?subject=${shown.id}">What was done to this license</a></p>`
      }`,
  };
}

function planLink(context: PageContext, planId: string, name: string): Part {
  return may(context, 'plans:read') ? html`<a href="/admin/plans/${planId}">${name}</a>` : name;
}

async function matrix(
  context: PageContext,
  shown: ShownLicense,
  plan: Pick<ShownPlan, 'features'> | null,
  tag: string,
): Promise<Html> {
  const attempt = context.params['act'] === undefined ? context.attempt : null;
  const known = await knownFeatures(context, await soldPlans(context), shown.customerId);
  const rest = [...new Set([...(plan?.features ?? []), ...shown.addedFeatures])].filter(
    (name) => !known.some((feature) => feature.name === name),
  );
  const features = [...known, ...rest.map((name) => ({ name, label: null }))];
  const checked = attempt?.values.getAll('features') ?? shown.features;
  return html`<input type="hidden" name="tag" value="${tag}" />
    ${matrixTable(features, shown, plan, checked)}
    <div class="row">
      ${field(attempt, { name: 'feature-new', label: 'Another feature', required: false })}
      ${field(attempt, { name: 'seats', label: 'Seats', type: 'number', min: 1, value: shown.seats })}
      ${field(attempt, { name: 'channel', label: 'Channel', value: shown.channel })}
    </div>
    ${attempt?.faults['addedFeatures'] !== undefined && html`<p class="fault">${attempt.faults['addedFeatures']}</p>`}`;
}

function matrixTable(
  features: readonly { readonly name: string; readonly label: string | null }[],
  shown: ShownLicense,
  plan: Pick<ShownPlan, 'features'> | null,
  checked: readonly string[] | null,
): Html {
  if (features.length === 0) return html`<div class="empty"><p>No feature yet.</p></div>`;
  return html`<table class="matrix">
    <thead>
      <tr>
        <th scope="col">Feature</th>
        ${plan !== null && html`<th scope="col">Plan</th>`}
        <th scope="col">License</th>
        <th scope="col"><span class="hidden">Why</span></th>
      </tr>
    </thead>
    <tbody>
      ${features.map(({ name, label }) => {
        const inPlan = plan?.features.includes(name) ?? false;
        const why = shown.removedFeatures.includes(name)
          ? 'taken away'
          : shown.addedFeatures.includes(name) && plan !== null
            ? 'added'
            : '';
        return html`<tr>
          <th scope="row">${label === null ? name : html`${label} <span class="hint">${name}</span>`}</th>
          ${plan !== null && html`<td>${tick(inPlan)}</td>`}
          <td>
            ${
              checked === null
                ? tick(shown.features.includes(name))
                : checkbox('features', name, html`<span class="hidden">${name}</span>`, checked.includes(name))
            }
          </td>
          <td class="hint">${why}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}

const actTitles: Readonly<Record<LicenseAct, readonly [title: string, meaning: string]>> = {
  renew: ['Renew', 'Another term, from the end of this one.'],
  extend: ['Extend', 'A later end.'],
  upgrade: ['Change the plan', 'To another plan, larger or smaller. A trial is bought this way.'],
  transfer: ['Transfer', 'To another customer, with a new key.'],
  suspend: ['Suspend', 'Nothing is served until it is resumed.'],
  resume: ['Resume', 'It works again at once.'],
  revoke: ['Revoke', 'For ever. Endpoints get nothing new from now on.'],
};

async function acts(
  context: PageContext,
  shown: ShownLicense,
  isTrial: boolean,
  customers: readonly (readonly [string, string])[],
): Promise<Part> {
  const possible = actsFrom(shown.state).filter((act) => !(act === 'renew' && isTrial));
  if (possible.length === 0) return null;
  const plans = (await soldPlans(context)).filter(({ trial, id }) => !trial && id !== shown.planId);
  const open = context.params['act'];
  const attemptOf = (act: LicenseAct) => (open === act ? context.attempt : null);
  const fields: Readonly<Record<LicenseAct, Part>> = {
    renew: field(attemptOf('renew'), {
      scope: 'renew',
      name: 'days',
      label: 'Days',
      type: 'number',
      min: 1,
      required: shown.planId === null,
      ...(shown.planId === null ? {} : { hint: 'Empty: as the plan says.' }),
    }),
    extend: field(attemptOf('extend'), {
      scope: 'extend',
      name: 'expiresAt',
      label: 'New end',
      type: 'date',
      min: shown.expiresAt.slice(0, 10),
    }),
    upgrade: html`${select(attemptOf('upgrade'), {
      scope: 'upgrade',
      name: 'planId',
      label: 'Plan',
      options: plans.map(({ id, name }) => [id, name] as const),
    })}
    ${field(attemptOf('upgrade'), { scope: 'upgrade', name: 'seats', label: 'Seats', type: 'number', min: 1, required: false, hint: 'Empty: as the plan says.' })}`,
    transfer: html`${select(attemptOf('transfer'), {
      scope: 'transfer',
      name: 'customerId',
      label: 'To',
      options: customers.filter(([id]) => id !== shown.customerId),
    })}
    ${checkbox('keepHosts', 'yes', 'Its hosts move along', false)}`,
    suspend: reasonField('suspend'),
    resume: reasonField('resume'),
    revoke: html`${reasonField('revoke')} ${checkbox('sure', 'yes', 'Yes, for ever', false)}
    ${attemptOf('revoke')?.faults['sure'] !== undefined && html`<p class="fault">Tick the box to confirm.</p>`}`,
  };
  const isOffered = (act: LicenseAct) =>
    !(act === 'upgrade' && plans.length === 0) && !(act === 'transfer' && customers.length < 2);
  return html`<h2>Actions</h2>
    <div class="panels">
      ${possible.filter(isOffered).map((act) => {
        const [title, meaning] = actTitles[act];
        return html`<details ${open === act && html`open`}>
          <summary>${title}</summary>
          <p>${meaning}</p>
          ${form(context, `/admin/licenses/${shown.id}/${act}`, fields[act], {
            submit: title,
            name: title,
            danger: act === 'revoke' || act === 'suspend',
          })}
        </details>`;
      })}
    </div>`;
}

function reasonField(scope: LicenseAct): Html {
  return field(null, { scope, name: 'reason', label: 'Reason', required: false, hint: 'For the audit log.' });
}
