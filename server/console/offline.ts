/** Activating a host without a network: its request file comes in, is looked at, and the answer file goes out. */
import { decodeBase64, encodeBase64, utf8 } from '../../base/bytes.js';
import { parsePublicKey } from '../../keys/key.js';
import {
  type ActivationRequest,
  encodeActivationRequest,
  maxRequestBytes,
  parseActivationRequest,
} from '../../packs/activation.js';
import { PackError } from '../../packs/error.js';
import { refusal } from '../error.js';
import { getLicense, licenseList, listLicenses } from '../licensing/licenses.js';
import { parseListQuery } from '../input/listing.js';
import { defaultOfflineDays, offlineActivationSchema } from '../licensing/offline.js';
import { type AnswerFile, answerFile } from '../licensing/offline-answer.js';
import { currentRole } from '../repository/repository.js';
import type { ShownLicense } from '../licensing/shown-license.js';
import { badge } from './badge.js';
import { customerOptions } from './customer-options.js';
import type { PageRouter } from './page-router.js';
import { field, form, numberIn, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Html, type Part } from './html.js';
import { day } from './moment.js';
import { facts } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

const title = 'Activate a host without a network';
const path = '/admin/hosts/activate';

/** Licenses to choose from, of each usable state. */
const maxChoices = 200;

export function offlinePages(pages: PageRouter): void {
  pages.page('/hosts/activate', 'hosts:write', uploadPage);
  pages.upload(
    '/hosts/activate',
    'hosts:write',
    (context, values) => reviewPage(context, requestIn(values), values.get('licenseId') ?? ''),
    uploadPage,
  );
  pages.form(
    '/hosts/activate/answer',
    'hosts:write',
    async (context, values) => {
      const request = carriedRequest(values);
      const input = parseInput(offlineActivationSchema, {
        request,
        licenseId: values.get('licenseId') || undefined,
        days: numberIn(values, 'days'),
      });
      return answerPage(context, request, await answerFile(context.deps, context.actor, input));
    },
    (context) => {
      const values = context.attempt?.values ?? context.query;
      return reviewPage(context, carriedRequest(values), values.get('licenseId') ?? '');
    },
  );
}

/** The file as it was uploaded. @throws ServerError `request-body` that names the field */
function requestIn(values: URLSearchParams): ActivationRequest {
  const text = values.get('request') ?? '';
  const refuse = (got: string, cause?: unknown) =>
    refusal(
      'request-body',
      { path: ['request'], expected: 'the file that yms activate --request wrote', got },
      { cause },
    );
  if (text === '') throw refuse('none');
  if (text.includes('\ufffd')) throw refuse('bytes that are no UTF-8');
  try {
    return parseActivationRequest(utf8(text));
  } catch (cause) {
    if (!(cause instanceof PackError)) throw cause;
    throw refuse(`a file that was changed or is another: ${cause.message}`, cause);
  }
}

/** From one page to the next it goes in base64, which no browser changes. */
function carriedRequest(values: URLSearchParams): ActivationRequest {
  return parseActivationRequest(decodeBase64(values.get('request') ?? '', undefined, 'request'));
}

async function uploadPage(context: PageContext): Promise<Page> {
  if ((await currentRole(context.deps.records, 'root')) === null)
    return {
      title,
      body: html`<div class="empty">
        <p>Nothing is published yet, so there is no metadata that an answer could carry.</p>
        <p>Publish first: <code>yms root</code>, <code>yms targets</code>, <code>yms publish</code>.</p>
      </div>`,
    };
  const licenseId = (context.attempt?.values ?? context.query).get('licenseId') ?? '';
  return {
    title,
    body: html`<p>
        For an endpoint that reaches no server. Two small files travel: its request here, the answer back. Neither holds
        a license key.
      </p>
      <ol class="how">
        <li>On the endpoint: <code>yms activate --request pages.request</code></li>
        <li>Here: upload <code>pages.request</code>, look at it, and take the answer with you.</li>
        <li>On the endpoint: <code>yms activate --answer pages.answer --root root.json</code></li>
      </ol>
      ${form(
        context,
        path,
        html`<input type="hidden" name="licenseId" value="${licenseId}" /> ${field(context.attempt, {
            name: 'request',
            label: 'Request file',
            type: 'file',
            hint: `At most ${maxRequestBytes} bytes. Nothing is done before you have looked at it.`,
          })}`,
        { submit: 'Look at it', name: 'Activation request', upload: true },
      )}`,
  };
}

async function reviewPage(context: PageContext, request: ActivationRequest, chosen: string): Promise<Page> {
  const { keyid } = parsePublicKey(request.hostKey, 'request at /hostKey', 'x25519');
  return {
    title,
    body: html`${facts([
        ['Host', request.name],
        ['Client', request.client],
        ['License asked for', request.license === null ? 'none: you choose' : html`<code>${request.license}</code>`],
      ])}
      <section class="once" aria-labelledby="key-label">
        <h2 id="key-label">Its key</h2>
        <p><code class="secret">${keyid}</code></p>
        <p>
          Compare it with what the endpoint printed. Only if both are the same is the seat taken for that endpoint, and
          for no other.
        </p>
      </section>
      <h2>Seat</h2>
      ${form(
        context,
        `${path}/answer`,
        html`<input type="hidden" name="request" value="${encodeBase64(encodeActivationRequest(request))}" />
          ${await licenseField(context, request, keyid, chosen)}
          ${field(context.attempt, {
            name: 'days',
            label: 'Days',
            type: 'number',
            min: 1,
            max: 366,
            value: defaultOfflineDays,
            hint: 'How long its license document is valid; never beyond the license.',
          })}`,
        { submit: 'Take a seat and make the answer', name: 'Seat' },
      )}
      <p class="more"><a href="${path}">Another request</a></p>`,
  };
}

/** The license that the request names, or those that may be chosen. */
async function licenseField(
  context: PageContext,
  request: ActivationRequest,
  keyid: string,
  chosen: string,
): Promise<Html> {
  if (request.license !== null) {
    const { shown } = await getLicense(context.deps, context.actor, request.license);
    const hasSeat = await context.deps.records
      .selectFrom('hosts')
      .select('id')
      .where('licenseId', '=', shown.id)
      .where('keyid', '=', keyid)
      .executeTakeFirst();
    const names = new Map(await customerOptions(context));
    return html`<input type="hidden" name="licenseId" value="${shown.id}" /> ${facts([
        ['License of', licenseLink(context, shown, names.get(shown.customerId) ?? shown.customerId)],
        ['State', badge(shown.state)],
        ['Covers', shown.features.join(', ') || 'nothing'],
        ['Seats', `${shown.seatsUsed} of ${shown.seats}${hasSeat ? '; this host has one, and keeps it' : ''}`],
        ['Ends', day(shown.expiresAt)],
      ])}`;
  }
  const choices = await usableLicenses(context);
  const names = new Map(await customerOptions(context));
  const plans = await context.deps.records.selectFrom('plans').select(['id', 'name']).execute();
  const label = ({ id, customerId, planId, seats, seatsUsed }: ShownLicense): string =>
    [
      names.get(customerId) ?? customerId,
      plans.find((plan) => plan.id === planId)?.name ?? 'without a plan',
      `${seatsUsed} of ${seats} seats`,
      id,
    ].join(' · ');
  const sorted = choices
    .map((license) => [license.id, label(license)] as const)
    .toSorted((a, b) => (a[1] < b[1] ? -1 : 1));
  if (choices.some(({ id }) => id === chosen) || choices.length < maxChoices)
    return select(context.attempt, {
      name: 'licenseId',
      label: 'License',
      value: chosen,
      hint: sorted.length === 0 ? 'There is none that could be used now.' : 'The request names none.',
      options: [['', 'choose one'], ...sorted],
    });
  return field(context.attempt, {
    name: 'licenseId',
    label: 'Id of the license',
    value: chosen,
    hint: 'The request names none, and there are too many to list: search for the customer, and copy the id.',
  });
}

async function usableLicenses({ deps, actor }: PageContext): Promise<ShownLicense[]> {
  const found: ShownLicense[] = [];
  for (const state of ['trial', 'active', 'grace']) {
    const list = parseListQuery({ state, limit: String(maxChoices), sort: '-createdAt' }, licenseList);
    found.push(...(await listLicenses(deps, actor, list)).items);
  }
  return found;
}

function licenseLink(context: PageContext, { id }: Pick<ShownLicense, 'id'>, text: string): Part {
  return may(context, 'licenses:read') ? html`<a href="/admin/licenses/${id}">${text}</a>` : text;
}

/** The file is in the page itself: a link that saves it works without a script, and nothing is kept here. */
function answerPage(context: PageContext, { name }: ActivationRequest, answer: AnswerFile): Page {
  const { hostId, licenseId, keyid, bytes } = answer;
  const file = `${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '') || 'host'}.answer`;
  return {
    title: `Answer for ${name}`,
    body: html`<section class="once" aria-labelledby="answer-label">
        <h2 id="answer-label">The seat is taken</h2>
        <p>
          <a
            class="button primary"
            download="${file}"
            href="data:application/octet-stream;base64,${encodeBase64(bytes)}"
            >Save ${file}</a
          >
          <span class="hint">${Math.ceil(bytes.length / 1024)} KiB</span>
        </p>
        <p>
          It is on this page and nowhere else. Should it get lost, upload the same request again: the seat is kept. Only
          this endpoint can use it, and only once.
        </p>
        <p>On the endpoint:</p>
        <pre>yms activate --answer ${file} --root root.json</pre>
      </section>
      ${facts([
        ['Host', html`<a href="/admin/hosts/${hostId}">${name}</a>`],
        ['License', licenseLink(context, { id: licenseId }, licenseId)],
        ['Key', html`<code>${keyid}</code>`],
      ])}
      <p>Its packs come by a bundle: <code>yms bundle export --host ${hostId} --out update.bundle</code></p>`,
  };
}
