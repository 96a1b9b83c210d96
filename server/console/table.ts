import { html, type Html, type Part } from './html.js';

interface TableOptions<R> {
  /** For those who do not see the page. */
  readonly caption: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  /** Says what to do next when there are none. */
  readonly empty: Part;
}

export interface Column<R> {
  readonly label: string;
  readonly show: (row: R) => Part;
  readonly numeric?: boolean;
  /** Names the row. */
  readonly header?: boolean;
}

/** A table that becomes a list of cards where it would be too narrow: each cell knows its label. */
export function table<R>({ caption, columns, rows, empty }: TableOptions<R>): Html {
  if (rows.length === 0) return html`<div class="empty">${empty}</div>`;
  return html`<table class="list">
    <caption class="hidden">
      ${caption}
    </caption>
    <thead>
      <tr>
        ${columns.map(({ label, numeric }) => html`<th scope="col" ${numeric && html`class="numeric"`}>${label}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${columns.map((column) => cell(column, row))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function cell<R>({ label, show, numeric, header }: Column<R>, row: R): Html {
  const type = numeric ? html`class="numeric"` : null;
  return header
    ? html`<th scope="row" data-label="${label}" ${type}><div>${show(row)}</div></th>`
    : html`<td data-label="${label}" ${type}><div>${show(row)}</div></td>`;
}

/** Names and values of one thing. */
export function facts(entries: readonly (readonly [label: string, value: Part])[]): Html {
  return html`<dl class="facts">
    ${entries.map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** To the next page of a list, with the same filters. */
export function nextLink(path: string, query: URLSearchParams, next: string | null): Part {
  if (next === null) return null;
  const more = new URLSearchParams(query);
  more.set('cursor', next);
  more.delete('done');
  return html`<p class="more"><a href="${path}?${more.toString()}" rel="next">Next page</a></p>`;
}
