import { randomBytes } from 'node:crypto';
import { parseSeconds } from '../../base/clock.js';
import { CodedError } from '../../base/error.js';
import { sayFault, ServerError } from '../error.js';
import { html, type Html, type Part } from './html.js';
import type { Attempt, PageContext } from './page-context.js';

export const formTokenField = 'form-token';
export const formOnceField = 'form-once';

interface FormOptions {
  readonly class?: string;
  /** The words on the button. */
  readonly submit: string;
  readonly danger?: boolean;
  /** Whether a file goes with it: such a form is read by `PageRouter.look`. */
  readonly upload?: boolean;
  readonly name?: string;
}

/** A form that posts: with the session's token, and a number by which a form sent twice is known. */
export function form(context: PageContext, action: string, fields: Part, options: FormOptions): Html {
  return html`<form
    method="post"
    action="${action}"
    class="${options.class ?? 'form'}"
    ${ariaLabel(options.name)}
    ${options.upload === true && html`enctype="multipart/form-data"`}
  >
    <input type="hidden" name="${formTokenField}" value="${context.session.formToken}" />
    <input type="hidden" name="${formOnceField}" value="${randomBytes(12).toString('base64url')}" />
    ${fields}
    <div class="actions"><button class="${buttonClass(options)}">${options.submit}</button></div>
  </form>`;
}

/** What stands beside other acts, or in a row of a table, does not shout. */
function buttonClass(options: FormOptions): string {
  if (options.danger) return 'danger';
  return options.class === 'act' ? 'plain' : 'primary';
}

function ariaLabel(name: string | undefined): Part {
  return name === undefined ? null : html`aria-label="${name}"`;
}

interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password' | 'number' | 'date' | 'search' | 'file';
  readonly value?: string | number | null;
  readonly hint?: Part;
  readonly required?: boolean;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly autocomplete?: string;
  readonly inputmode?: string;
  readonly autofocus?: boolean;
  /** Where several forms of a page have a field of this name: tells their ids apart. */
  readonly scope?: string;
}

/** One labelled input, with what was typed before and what is wrong with it. */
export function field(attempt: Attempt | null, options: FieldOptions): Html {
  const { name, label, type = 'text', hint } = options;
  const fault = attempt?.faults[name];
  const value = type === 'password' || type === 'file' ? '' : (attempt?.values.get(name) ?? options.value ?? '');
  const id = `${options.scope ?? 'field'}-${name}`;
  const described = [hint === undefined ? '' : `${id}-hint`, fault === undefined ? '' : `${id}-fault`].filter(Boolean);
  return html`<div class="field">
    <label for="${id}">${label}</label>
    <input
      id="${id}"
      name="${name}"
      type="${type}"
      value="${value}"
      ${attribute('min', options.min)}
      ${attribute('max', options.max)}
      ${attribute('autocomplete', options.autocomplete ?? 'off')}
      ${attribute('inputmode', options.inputmode)}
      ${attribute('aria-describedby', described.length > 0 ? described.join(' ') : undefined)}
      ${fault !== undefined && html`aria-invalid="true"`}
      ${options.required !== false && html`required`}
      ${options.autofocus === true && html`autofocus`}
    />
    ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${fault !== undefined && html`<p class="fault" id="${id}-fault">${fault}</p>`}
  </div>`;
}

interface SelectOptions {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly hint?: Part;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly scope?: string;
}

export function select(
  attempt: Attempt | null,
  { name, label, value, hint, options, scope = 'field' }: SelectOptions,
): Html {
  const chosen = attempt?.values.get(name) ?? value ?? '';
  const id = `${scope}-${name}`;
  const fault = attempt?.faults[name];
  return html`<div class="field">
    <label for="${id}">${label}</label>
    <select id="${id}" name="${name}" ${attribute('aria-describedby', hint === undefined ? undefined : `${id}-hint`)}>
      ${options.map(([key, text]) => html`<option value="${key}" ${key === chosen && html`selected`}>${text}</option>`)}
    </select>
    ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${fault !== undefined && html`<p class="fault">${fault}</p>`}
  </div>`;
}

export function checkbox(name: string, value: string, label: Part, checked: boolean): Html {
  return html`<label class="check"
    ><input type="checkbox" name="${name}" value="${value}" ${checked && html`checked`} /> <span>${label}</span></label
  >`;
}

function attribute(name: string, value: string | number | undefined): Part {
  return value === undefined ? null : html`${name}="${value}"`;
}

/** `name` of the form as a number; what is none is left to the schema to refuse. */
export function numberIn(values: URLSearchParams, name: string): number | string | undefined {
  const text = values.get(name)?.trim() ?? '';
  if (text === '') return undefined;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** A date field as the first or last second of that day, UTC; an empty one is undefined. */
export function dayIn(values: URLSearchParams, name: string, edge: 'start' | 'end'): string | undefined {
  const text = values.get(name)?.trim() ?? '';
  if (text === '') return undefined;
  const time = `${text}T${edge === 'start' ? '00:00:00' : '23:59:59'}Z`;
  return parseSeconds(time) === null ? text : time;
}

/** Whether an error has words for whoever sent the form. */
export function isRefusal(error: unknown): error is CodedError {
  return error instanceof CodedError;
}

export function attemptOf(error: CodedError, values: URLSearchParams): Attempt {
  const found = error instanceof ServerError ? error.faults.filter(({ path }) => path.length > 0) : [];
  const faults = Object.fromEntries(found.map((fault) => [String(fault.path[0]), sentence(sayFault(fault))]));
  return {
    values,
    message: found.length > 0 ? 'Some fields need another look' : sentence(error.message),
    hint: error.hint ?? null,
    faults,
  };
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}
