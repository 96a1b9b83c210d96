import { parseSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { auditEntry, type AuditEntry } from '../audit/audit.js';
import type { PageRouter } from './page-router.js';
import { field } from './form.js';
import { html, type Part } from './html.js';
import { moment } from './moment.js';
import { table } from './table.js';
import type { Page, PageContext } from './page-context.js';

const pageRows = 50;

export function auditPages(pages: PageRouter): void {
  pages.page('/audit', 'audit:read', auditPage);
}

/** Newest first. The chain of hashes is followed by `yms admin audit verify`, not here. */
async function auditPage({ deps, query }: PageContext): Promise<Page> {
  const before = /^[1-9]\d{0,14}$/.exec(query.get('before') ?? '')?.[0];
  const asked = (name: string) => query.get(name)?.trim().slice(0, 100) ?? '';
  const [subject, actor, action] = [asked('subject'), asked('actor'), asked('action')];
  let found = deps.records.selectFrom('audit').selectAll();
  if (before !== undefined) found = found.where('sequence', '<', Number(before));
  if (subject !== '') found = found.where('subject', '=', subject);
  if (actor !== '') found = found.where('actor', '=', actor);
  if (action !== '') found = found.where('action', '=', action);
  const rows = await found
    .orderBy('sequence', 'desc')
    .limit(pageRows + 1)
    .execute();
  const people = await deps.records.selectFrom('people').select(['id', 'name']).execute();
  const tokens = await deps.records.selectFrom('tokens').select(['id', 'name']).where('hostId', 'is', null).execute();
  const names = new Map([
    ...people.map(({ id, name }) => [`person:${id}`, name] as const),
    ...tokens.map(({ id, name }) => [`token:${id}`, name] as const),
  ]);
  const entries = rows.slice(0, pageRows).map(auditEntry);
  const more = new URLSearchParams(query);
  more.set('before', String(entries.at(-1)?.sequence ?? 0));
  return {
    title: 'Audit',
    body: html`<form class="filters" role="search" aria-label="Filter the audit log">
        ${field(null, { name: 'subject', label: 'Subject', value: subject, required: false })}
        ${field(null, { name: 'actor', label: 'Actor', value: actor, required: false })}
        ${field(null, { name: 'action', label: 'Action', value: action, required: false })}
        <div class="actions"><button>Filter</button></div>
      </form>
      ${table<AuditEntry>({
        caption: 'Audit entries, newest first',
        rows: entries,
        empty: html`<p>No entry like that.</p>
          <p><a href="/admin/audit">Show all</a></p>`,
        columns: [
          { label: 'No.', numeric: true, header: true, show: ({ sequence }) => sequence },
          { label: 'When', show: ({ at }) => (parseSeconds(at) ? moment(at) : at) },
          { label: 'Who', show: (entry) => actorLink(entry.actor, names) },
          { label: 'What', show: (entry) => html`<span class="word">${entry.action}</span>` },
          { label: 'Of', show: (entry) => subjectLink(entry.subject) },
          {
            label: 'Details',
            show: ({ details, hash }) =>
              html`<details>
                <summary>Show</summary>
                <pre>${pretty(canonicalJson(details))}</pre>
                <p class="hint">Hash <code>${hash}</code></p>
              </details>`,
          },
        ],
      })}
      ${rows.length > pageRows && html`<p class="more"><a href="/admin/audit?${more.toString()}">Older entries</a></p>`}
      <p class="hint">
        Each entry holds the hash of the one before. <code>yms admin audit verify</code> follows the whole chain.
      </p>`,
  };
}

function pretty(text: string): string {
  return JSON.stringify(JSON.parse(text), null, 2);
}

function actorLink(actor: string, names: ReadonlyMap<string, string>): Part {
  const query = new URLSearchParams({ actor });
  return html`<a href="/admin/audit?${query.toString()}" title="${actor}">${names.get(actor) ?? short(actor)}</a>`;
}

/** To the page of what the entry is about, where there is one. */
function subjectLink(subject: string): Part {
  const folders = { cus: 'customers', lic: 'licenses', hst: 'hosts', pln: 'plans', per: 'people' };
  const [, prefix = ''] = /^([a-z]{3})-[0-9a-f]{12}-/.exec(subject) ?? [];
  const folder = prefix in folders ? folders[prefix as keyof typeof folders] : null;
  return folder === null
    ? html`<span title="${subject}">${short(subject)}</span>`
    : html`<a href="/admin/${folder}/${subject}" title="${subject}">${short(subject)}</a>`;
}

/** Enough of an id or a hash to know it again; the whole is in the title. */
function short(text: string): string {
  return text.length <= 24 ? text : `${text.slice(0, text.indexOf('-') + 1 || 8)}…${text.slice(-8)}`;
}
