import type { Grade } from '../../rules/triage/grade.js';
import { printable } from '../output.js';
import { gradeWords, type TriageRow, whatOf, whereOf, whomOf } from './row.js';
import { style } from './style.js';

export interface HtmlHead {
  readonly files: readonly string[];
  readonly counts: Readonly<Record<Grade, number>>;
  /** Rows on the page, and in all. */
  readonly shown: number;
  readonly total: number;
  readonly skipped: number;
  readonly other: number;
  readonly madeAt: string;
  readonly origin: string;
}

/** Text from outside, shown and never obeyed: by a browser nor by the order of writing. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The page up to the first row. It holds no script and loads nothing, and says so to the browser. */
export function htmlHead({ files, counts, shown, total, skipped, other, madeAt, origin }: HtmlHead): string {
  const tally = (Object.entries(counts) as [Grade, number][])
    .map(([grade, count]) => `<li class="${grade}"><b>${number(count)}</b> ${gradeWords[grade]}</li>`)
    .join('');
  const notes = [
    shown < total ? `The first ${number(shown)} of ${number(total)} events.` : '',
    other > 0 ? `${number(other)} events of other kinds were not graded.` : '',
    skipped > 0 ? `${number(skipped)} lines or records could not be read and are not on this page.` : '',
    `Graded by ${escapeHtml(origin)}. Open an event for its reasons.`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Triage of ${escapeHtml(files.join(', '))}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Triage</h1>
<p class="files">${files.map((file) => `<code>${escapeHtml(file)}</code>`).join(' ')}</p>
<ul class="tally">${tally}</ul>
<p class="notes">${notes.filter((text) => text !== '').join(' ')} <time>${escapeHtml(madeAt)}</time></p>
</header>
<main>
`;
}

export function htmlRow(row: TriageRow): string {
  const { grade, points, time, reasons, facts } = row;
  const counted = reasons
    .filter((reason) => reason.points !== 0)
    .map(({ title, points: each }) => `<span>${escapeHtml(title)} <b>${signed(each)}</b></span>`)
    .join('');
  return `<details class="${grade}">
<summary>
<span class="points">${points}</span>
<span class="grade">${gradeWords[grade]}</span>
<span class="what">${escapeHtml(whatOf(row))}</span>
<span class="whom">${escapeHtml(whomOf(row))}</span>
<time>${escapeHtml(time ?? 'no time')}</time>
<span class="counted">${counted}</span>
</summary>
<table>
<thead><tr><th>Points</th><th>Attribute</th><th>Why</th><th>The event says</th></tr></thead>
<tbody>
${reasons.map(reasonRow).join('\n')}
</tbody>
</table>
<dl>${Object.entries(facts)
    .map(([fact, text]) => `<div><dt>${escapeHtml(fact)}</dt><dd>${escapeHtml(text)}</dd></div>`)
    .join('')}</dl>
<p class="where">${escapeHtml(whereOf(row))}</p>
</details>
`;
}

function reasonRow({ points, title, value, reason, evidence, from }: TriageRow['reasons'][number]): string {
  const said = Object.values(evidence)
    .map((text) => `<code>${escapeHtml(text)}</code>`)
    .join(' ');
  return `<tr><td class="number">${signed(points)}</td><td>${escapeHtml(title)}</td><td>${escapeHtml(reason)}<br><small>${escapeHtml(value)}, of ${escapeHtml(from)}</small></td><td>${said}</td></tr>`;
}

export const htmlEnd = `</main>
</body>
</html>
`;

function number(count: number): string {
  return count.toLocaleString('en');
}

function signed(points: number): string {
  return points > 0 ? `+${points}` : String(points).replace('-', '\u2212');
}
