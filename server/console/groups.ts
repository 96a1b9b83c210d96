import { createGroup, deleteGroup, groupList, listGroups, newGroupSchema } from '../licensing/groups.js';
import { parseListQuery } from '../input/listing.js';
import type { GroupRow } from '../records/tables.js';
import type { PageRouter } from './page-router.js';
import { field, form } from './form.js';
import { parseInput } from '../input/parse.js';
import { html, type Part } from './html.js';
import { table } from './table.js';
import { may, type PageContext } from './page-context.js';

export function groupPages(pages: PageRouter): void {
  pages.form('/groups', 'hosts:write', async (context, values) => {
    const terms = { customerId: values.get('customerId') ?? '', name: values.get('name')?.trim() ?? '' };
    await createGroup(context.deps, context.actor, parseInput(newGroupSchema, terms));
    return { to: `/admin/customers/${terms.customerId}?done=created` };
  });
  pages.form('/groups/:id/remove', 'hosts:write', async (context, values) => {
    await deleteGroup(context.deps, context.actor, context.params['id'] ?? '');
    return { to: `/admin/customers/${encodeURIComponent(values.get('customerId') ?? '')}?done=removed` };
  });
}

/** Groups of a customer to choose from, by name. */
export async function groupsOf({ deps, actor }: PageContext, customerId: string): Promise<readonly GroupRow[]> {
  return (await listGroups(deps, actor, parseListQuery({ customerId, sort: 'name', limit: '500' }, groupList))).items;
}

export async function groupsSection(context: PageContext, customerId: string): Promise<Part> {
  if (!may(context, 'hosts:read')) return null;
  const write = may(context, 'hosts:write');
  const owner = html`<input type="hidden" name="customerId" value="${customerId}" />`;
  return html`<h2>Groups of hosts</h2>
    ${table<GroupRow>({
      caption: 'Groups of hosts',
      rows: await groupsOf(context, customerId),
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
            write
              ? form(context, `/admin/groups/${id}/remove`, owner, { submit: `Remove ${name}`, class: 'act' })
              : null,
        },
      ],
    })}
    ${
      write &&
      html`<details class="more">
        <summary>Add a group</summary>
        ${form(
          context,
          '/admin/groups',
          html`${owner} ${field(null, { name: 'name', label: 'Name', scope: 'group' })}`,
          {
            submit: 'Add',
            name: 'Add a group',
          },
        )}
      </details>`
    }`;
}
