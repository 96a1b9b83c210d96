import { ownedBy } from '../actor/actor.js';
import { contains } from '../input/listing.js';
import type { PageRouter } from './page-router.js';
import { html, type Html } from './html.js';
import { may, type Page, type PageContext } from './page-context.js';

interface Hit {
  readonly path: string;
  readonly label: string;
  readonly note: string;
}

const perKind = 20;

export function searchPages(pages: PageRouter): void {
  pages.page('/search', null, searchPage);
}

async function searchPage(context: PageContext): Promise<Page> {
  const words = (context.query.get('q') ?? '').trim().slice(0, 100);
  const groups = words === '' ? [] : (await findAll(context, words)).filter(({ hits }) => hits.length > 0);
  const count = groups.reduce((sum, { hits }) => sum + hits.length, 0);
  return {
    title: words === '' ? 'Search' : `Search for “${words}”`,
    body: html`<div role="status">
        ${
          count === 0
            ? html`<div class="empty">
                <p>${words === '' ? 'Type a name or an id above.' : 'Nothing is called like that.'}</p>
                <p>
                  Customers, licenses, plans, hosts, groups, releases, tokens and people are found by name, and all by
                  id.
                </p>
              </div>`
            : html`<p>${count} found.</p>`
        }
      </div>
      ${groups.map(group)}`,
  };
}

function group({ title, hits }: { readonly title: string; readonly hits: readonly Hit[] }): Html {
  return html`<h2>${title}</h2>
    <ul class="hits">
      ${hits.map(({ path, label, note }) => html`<li><a href="${path}">${label}</a> <span class="hint">${note}</span></li>`)}
    </ul>`;
}

async function findAll(context: PageContext, words: string): Promise<{ title: string; hits: Hit[] }[]> {
  const { actor } = context;
  const { records } = context.deps;
  const found: { title: string; hits: Hit[] }[] = [];
  const add = (title: string, hits: readonly Hit[]) => found.push({ title, hits: [...hits] });
  if (may(context, 'customers:read') && actor.customerId === null) {
    const rows = await records
      .selectFrom('customers')
      .select(['id', 'name'])
      .where((e) => e.or([contains('name', words), e('id', '=', words)]))
      .orderBy('name')
      .limit(perKind)
      .execute();
    add(
      'Customers',
      rows.map(({ id, name }) => ({ path: `/admin/customers/${id}`, label: name, note: id })),
    );
  }
  if (may(context, 'licenses:read')) {
    const rows = await records
      .selectFrom('licenses')
      .innerJoin('customers', 'customers.id', 'licenses.customerId')
      .select(['licenses.id', 'customers.name'])
      .where((e) =>
        e.or([contains('customers.name', words), e('licenses.id', '=', words), contains('licenses.features', words)]),
      )
      .where(ownedBy(actor, 'licenses.customerId'))
      .orderBy('licenses.id', 'desc')
      .limit(perKind)
      .execute();
    add(
      'Licenses',
      rows.map(({ id, name }) => ({ path: `/admin/licenses/${id}`, label: `License of ${name}`, note: id })),
    );
  }
  if (may(context, 'plans:read')) {
    const rows = await records
      .selectFrom('plans')
      .select(['id', 'name', 'features'])
      .where((e) => e.or([contains('name', words), contains('features', words), e('id', '=', words)]))
      .limit(perKind)
      .execute();
    add(
      'Plans',
      rows.map(({ id, name, features }) => ({
        path: `/admin/plans/${id}`,
        label: name,
        note: (JSON.parse(features) as string[]).join(', '),
      })),
    );
  }
  if (may(context, 'hosts:read')) {
    const rows = await records
      .selectFrom('hosts')
      .innerJoin('licenses', 'licenses.id', 'hosts.licenseId')
      .innerJoin('customers', 'customers.id', 'licenses.customerId')
      .select(['hosts.id', 'hosts.name', 'customers.name as customer'])
      .where((e) => e.or([contains('hosts.name', words), e('hosts.id', '=', words), e('hosts.keyid', '=', words)]))
      .where(ownedBy(actor, 'licenses.customerId'))
      .limit(perKind)
      .execute();
    add(
      'Hosts',
      rows.map(({ id, name, customer }) => ({ path: `/admin/hosts/${id}`, label: name, note: customer })),
    );
    const groups = await records
      .selectFrom('groups')
      .innerJoin('customers', 'customers.id', 'groups.customerId')
      .select(['groups.id', 'groups.name', 'customers.name as customer'])
      .where((e) => e.or([contains('groups.name', words), e('groups.id', '=', words)]))
      .where(ownedBy(actor, 'groups.customerId'))
      .limit(perKind)
      .execute();
    add(
      'Groups of hosts',
      groups.map(({ id, name, customer }) => ({ path: `/admin/hosts?groupId=${id}`, label: name, note: customer })),
    );
  }
  await findInside(context, words, add);
  return found;
}

/** What only the vendor sees. */
async function findInside(
  context: PageContext,
  words: string,
  add: (title: string, hits: readonly Hit[]) => unknown,
): Promise<void> {
  const { records } = context.deps;
  if (may(context, 'releases:read')) {
    const rows = await records
      .selectFrom('packs')
      .innerJoin('targets', (join) =>
        join.onRef('targets.path', '=', 'packs.path').onRef('targets.sha256', '=', 'packs.sha256'),
      )
      .select(['packs.path', 'packs.version'])
      .where('targets.current', '=', 1)
      .where((e) => e.or([contains('packs.path', words), contains('packs.version', words)]))
      .limit(perKind)
      .execute();
    add(
      'Releases',
      rows.map(({ path, version }) => ({ path: '/admin/releases', label: path, note: version })),
    );
  }
  if (may(context, 'tokens:read')) {
    const rows = await records
      .selectFrom('tokens')
      .select(['id', 'name', 'scope'])
      .where('hostId', 'is', null)
      .where((e) => e.or([contains('name', words), e('id', '=', words)]))
      .limit(perKind)
      .execute();
    add(
      'Tokens',
      rows.map(({ name, scope }) => ({ path: '/admin/tokens', label: name, note: scope })),
    );
  }
  if (may(context, 'people:read')) {
    const rows = await records
      .selectFrom('people')
      .select(['id', 'name', 'email'])
      .where((e) => e.or([contains('name', words), contains('email', words), e('id', '=', words)]))
      .limit(perKind)
      .execute();
    add(
      'People',
      rows.map(({ id, name, email }) => ({ path: `/admin/people/${id}`, label: name, note: email })),
    );
  }
  if (may(context, 'audit:read') && /^[a-z]{3}-[0-9a-f-]{30,40}$/.test(words))
    add('Audit', [{ path: `/admin/audit?subject=${words}`, label: words, note: 'what was done to it' }]);
}
