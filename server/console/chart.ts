/** Charts as SVG without a line of script: shapes get their colours from classes. Each says itself in words. */
import { html, type Html } from './html.js';

export interface Share {
  readonly label: string;
  readonly count: number;
  readonly tone: 'good' | 'warn' | 'bad' | 'plain' | 'held' | 'off';
  readonly href?: string;
}

/** One bar in parts, and below it what each part is. */
export function shareBar(title: string, shares: readonly Share[]): Html {
  const total = shares.reduce((sum, { count }) => sum + count, 0);
  const shown = shares.filter(({ count }) => count > 0);
  let x = 0;
  const parts = shown.map(({ count, tone }) => {
    const width = (count / Math.max(1, total)) * 1000;
    const rect = html`<rect x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="28" class="fill-${tone}" />`;
    x += width;
    return rect;
  });
  const words = shown.map(({ label, count }) => `${label} ${count}`).join(', ');
  return html`<figure class="chart">
    <svg
      viewBox="0 0 1000 28"
      preserveAspectRatio="none"
      class="bar-chart"
      role="img"
      aria-label="${title}: ${words || 'none'}"
    >
      <rect x="0" y="0" width="1000" height="28" class="fill-none" />
      ${parts}
    </svg>
    <figcaption>
      <ul class="legend">
        ${shares.map(
          ({ label, count, tone, href }) =>
            html`<li>
              <svg viewBox="0 0 12 12" class="key" aria-hidden="true">
                <rect width="12" height="12" rx="3" class="fill-${tone}" />
              </svg>
              ${href === undefined ? label : html`<a href="${href}">${label}</a>`} <strong>${count}</strong>
            </li>`,
        )}
      </ul>
    </figcaption>
  </figure>`;
}

export interface Point {
  /** Milliseconds. */
  readonly at: number;
  /** 0 to 1. */
  readonly share: number;
}

/** A step line of shares over time, from 0 to 100 percent. `from` and `to` are the words at its ends. */
export function stepCurve(
  title: string,
  points: readonly Point[],
  { startMs, endMs, from, to }: { startMs: number; endMs: number; from: string; to: string },
): Html {
  const [width, height, left, top] = [600, 220, 66, 20];
  const x = (at: number) => left + ((at - startMs) / Math.max(1, endMs - startMs)) * (width - left - 12);
  const y = (share: number) => top + (1 - share) * (height - top - 30);
  let path = `M${x(startMs).toFixed(1)} ${y(0).toFixed(1)}`;
  for (const { at, share } of points) path += `H${x(at).toFixed(1)}V${y(share).toFixed(1)}`;
  path += `H${x(endMs).toFixed(1)}`;
  const last = Math.round((points.at(-1)?.share ?? 0) * 100);
  return html`<figure class="chart">
    <svg viewBox="0 0 ${width} ${height}" class="curve" role="img" aria-label="${title}: ${last} percent now">
      ${[0, 0.5, 1].map(
        (share) =>
          html`<line x1="${left}" x2="${width - 12}" y1="${y(share)}" y2="${y(share)}" class="grid" />
            <text x="${left - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100}%</text>`,
      )}
      <path d="${path}V${y(0).toFixed(1)}H${x(startMs).toFixed(1)}Z" class="area" />
      <path d="${path}" class="line" />
      <text x="${left}" y="${height - 8}">${from}</text>
      <text x="${width - 12}" y="${height - 8}" text-anchor="end">${to}</text>
    </svg>
    <figcaption>${title}: <strong>${last}%</strong> now.</figcaption>
  </figure>`;
}

/** Counts side by side, longest first. */
export function countBars(title: string, counts: readonly { readonly label: string; readonly count: number }[]): Html {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return html`<table class="bars">
    <caption class="hidden">
      ${title}
    </caption>
    <tbody>
      ${counts.map(
        ({ label, count }) =>
          html`<tr>
            <th scope="row">${label}</th>
            <td>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect width="${Math.max(1, (count / most) * 100).toFixed(1)}" height="10" rx="2" class="fill-plain" />
              </svg>
            </td>
            <td class="numeric">${count}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
