import { createGroup, deleteGroup, groupList, listGroups, newGroupSchema } from '../licensing/groups.js';
import { parseListQuery } from '../input/listing.js';
import type { GroupRow } from '../records/tables.js';
import type { Desk } from './desk.js';
import { field, form, parseForm } from './form.js';
import { html, type Part } from './html.js';
import { table } from './table.js';
import { may, type Visit } from './visit.js';

export function groupPages(desk: Desk): void {
  desk.act('/groups', 'hosts:write', async (visit, values) => {
    const terms = { customerId: values.get('customerId') ?? '', name: values.get('name')?.trim() ?? '' };
    await createGroup(visit.deps, visit.actor, parseForm(newGroupSchema, terms));
    return { to: `/admin/customers/${terms.customerId}?done=created` };
  });
  desk.act('/groups/:id/remove', 'hosts:write', async (visit, values) => {
    await deleteGroup(visit.deps, visit.actor, visit.params['id'] ?? '');
    return { to: `/admin/customers/${encodeURIComponent(values.get('customerId') ?? '')}?done=removed` };
  });
}

/** Groups of a customer to choose from, by name. */
export async function groupsOf({ deps, actor }: Visit, customerId: string): Promise<readonly GroupRow[]> {
  return (await listGroups(deps, actor, parseListQuery({ customerId, sort: 'name', limit: '500' }, groupList))).items;
}

export async function groupsSection(visit: Visit, customerId: string): Promise<Part> {
  if (!may(visit, 'hosts:read')) return null;
  const write = may(visit, 'hosts:write');
  const owner = html`<input type="hidden" name="customerId" value="${customerId}" />`;
  return html`<h2>Groups of hosts</h2>
    ${table<GroupRow>({
      caption: 'Groups of hosts',
      rows: await groupsOf(visit, customerId),
      empty: html`<p>None. Hosts in a group are managed together.</p>`,
      columns: [
        {
          label: 'Group',
          header: true,
          show: ({ id, name }) => html`<a href="/admin/hosts?groupId=${id}">${name}</a>`,
        },
        {
          label: 'Act',
          show: ({ id, name }) =>
            write ? form(visit, `/admin/groups/${id}/remove`, owner, { submit: `Remove ${name}`, class: 'act' }) : null,
        },
      ],
    })}
    ${
      write &&
      html`<details class="more">
        <summary>Add a group</summary>
        ${form(visit, '/admin/groups', html`${owner} ${field(null, { name: 'name', label: 'Name', scope: 'group' })}`, {
          submit: 'Add',
          name: 'Add a group',
        })}
      </details>`
    }`;
}
