import { roles, type Role } from '../actor/roles.js';
import {
  changePerson,
  getPerson,
  invitePerson,
  listPeople,
  newPersonSchema,
  personChangeSchema,
  personList,
  reinvitePerson,
} from '../access/people/person.js';
import { invitationDays, invitationPath } from '../access/people/invitation.js';
import type { Person } from '../access/people/shown-person.js';
import { parseListQuery } from '../input/listing.js';
import { badge } from './badge.js';
import { customerOptions } from './customer-options.js';
import type { PageRouter } from './page-router.js';
import { field, form, select } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Html } from './html.js';
import { ago, day } from './moment.js';
import { shownOnce } from './once.js';
import { pageQuery } from './page-query.js';
import { facts, nextLink, table } from './table.js';
import { may, type Page, type PageContext } from './page-context.js';

/** In one line each, for whoever hands a role out. */
const roleMeaning: Readonly<Record<Role, string>> = {
  owner: 'sees and changes everything, and invites people',
  'license-manager': 'manages customers, plans, licenses and hosts',
  publisher: 'sees releases',
  auditor: 'sees everything, changes nothing',
  customer: 'sees one customer’s licenses and hosts',
};

export function peoplePages(pages: PageRouter): void {
  pages.page('/people', 'people:read', peoplePage);
  pages.form(
    '/people',
    'people:write',
    async (context, values) => {
      const terms = parseInput(newPersonSchema, {
        email: values.get('email') ?? '',
        name: values.get('name')?.trim() ?? '',
        role: values.get('role'),
        customerId: values.get('customerId') || null,
      });
      const { person, invitation } = await invitePerson(context.deps, context.actor, terms);
      return invitationPage(person, invitation);
    },
    peoplePage,
  );
  pages.page('/people/:id', 'people:read', personPage);
  pages.form(
    '/people/:id',
    'people:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      const change = parseInput(personChangeSchema, {
        name: values.get('name')?.trim() ?? '',
        role: values.get('role'),
        customerId: values.get('customerId') || null,
      });
      await changePerson(context.deps, context.actor, id, change, `"${values.get('tag') ?? ''}"`);
      return { to: `/admin/people/${id}?done=saved` };
    },
    personPage,
  );
  pages.form(
    '/people/:id/access',
    'people:write',
    async (context, values) => {
      const id = context.params['id'] ?? '';
      await changePerson(context.deps, context.actor, id, { disabled: values.get('disabled') === 'yes' });
      return { to: `/admin/people/${id}?done=saved` };
    },
    personPage,
  );
  pages.form(
    '/people/:id/invitation',
    'people:write',
    async (context) => {
      const { person, invitation } = await reinvitePerson(context.deps, context.actor, context.params['id'] ?? '');
      return invitationPage(person, invitation);
    },
    personPage,
  );
}

async function peoplePage(context: PageContext): Promise<Page> {
  const list = parseListQuery(Object.fromEntries(pageQuery(context)), personList);
  const { items: people, next } = await listPeople(context.deps, context.actor, list);
  return {
    title: 'People',
    body: html`${table({
      caption: 'People who may sign in',
      rows: people,
      empty: html`<p>Nobody yet. Invite the first person below.</p>`,
      columns: [
        { label: 'Name', header: true, show: ({ id, name }) => html`<a href="/admin/people/${id}">${name}</a>` },
        { label: 'E-mail', show: ({ email }) => email },
        { label: 'Role', show: ({ role }) => role },
        { label: 'State', show: ({ state }) => badge(state) },
        {
          label: 'Last sign-in',
          show: ({ lastSignInAt }) => (lastSignInAt === null ? 'never' : ago(lastSignInAt, context.now)),
        },
      ],
    })}
    ${nextLink('/admin/people', context.query, next)}
    ${
      may(context, 'people:write') &&
      html`<h2>Invite somebody</h2>
        ${await inviteForm(context)}`
    }`,
  };
}

async function inviteForm(context: PageContext): Promise<Html> {
  const { attempt } = context;
  return form(
    context,
    '/admin/people',
    html`${field(attempt, { name: 'name', label: 'Name', autocomplete: 'off' })}
    ${field(attempt, { name: 'email', label: 'E-mail', type: 'email' })}
    ${await roleFields(context, { role: 'auditor', customerId: null })}`,
    { submit: 'Invite', name: 'Invite somebody' },
  );
}

async function roleFields(
  context: PageContext,
  { role, customerId }: Pick<Person, 'role' | 'customerId'>,
): Promise<Html> {
  const { attempt } = context;
  return html`${select(attempt, {
    name: 'role',
    label: 'Role',
    value: role,
    options: roles.map((name) => [name, `${name}: ${roleMeaning[name]}`] as const),
  })}
  ${select(attempt, {
    name: 'customerId',
    label: 'Customer',
    value: customerId ?? '',
    hint: 'For role customer only.',
    options: [['', 'none'], ...(await customerOptions(context))],
  })}`;
}

async function personPage(context: PageContext): Promise<Page> {
  const { shown: person, tag } = await getPerson(context.deps, context.actor, context.params['id'] ?? '');
  const path = `/admin/people/${person.id}`;
  return {
    title: person.name,
    body: html`${facts([
      ['E-mail', person.email],
      ['Role', person.role],
      ['State', badge(person.state)],
      ['Since', day(person.createdAt)],
      ['Last sign-in', person.lastSignInAt === null ? 'never' : ago(person.lastSignInAt, context.now)],
    ])}
    ${may(context, 'people:write') && (await changeForms(context, person, tag, path))}`,
  };
}

async function changeForms(context: PageContext, person: Person, tag: string, path: string): Promise<Html> {
  const isDisabled = person.state === 'disabled';
  const disabled = html`<input type="hidden" name="disabled" value="${isDisabled ? 'no' : 'yes'}" />`;
  return html`<h2>Change</h2>
    ${form(
      context,
      path,
      html`<input type="hidden" name="tag" value="${tag}" />
        ${field(context.attempt, { name: 'name', label: 'Name', value: person.name })}
        ${await roleFields(context, person)}`,
      { submit: 'Save', name: 'Change' },
    )}
    <h2>Access</h2>
    <p>
      A new invitation is for somebody who lost the password or the phone: both count no more, and open sessions end.
    </p>
    <div class="acts">
      ${form(context, `${path}/invitation`, null, { submit: 'New invitation', class: 'act' })}
      ${form(context, `${path}/access`, disabled, {
        submit: isDisabled ? 'Let in again' : 'Shut out',
        danger: !isDisabled,
        class: 'act',
      })}
    </div>`;
}

function invitationPage(person: Person, invitation: string): Page {
  return {
    title: 'Invitation',
    body: shownOnce(
      `For ${person.name}`,
      invitationPath(invitation),
      html`<p>
          Put the address of this server before it and send it to ${person.email} over a channel that you trust. Whoever
          opens it first becomes ${person.name}. It lasts ${invitationDays} days.
        </p>
        <p><a href="/admin/people">To all people</a></p>`,
    ),
  };
}
