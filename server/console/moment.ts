import { dayMs, hourMs, minuteMs, parseSeconds } from '../../base/clock.js';
import { html, type Html } from './html.js';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 2026`, UTC, the full time in its title. */
export function day(time: string): Html {
  return html`<time datetime="${time}" title="${time}">${dayText(time)}</time>`;
}

export function dayText(time: string): string {
  const [, year = '', month = '', date = ''] = /^(\d{4})-(\d\d)-(\d\d)/.exec(time) ?? [];
  return `${Number(date)} ${months[Number(month) - 1] ?? ''} ${year}`;
}

/** `24 Nov 2026, 12:30`, UTC. */
export function moment(time: string): Html {
  return html`<time datetime="${time}" title="${time}">${dayText(time)}, ${time.slice(11, 16)}</time>`;
}

/** `3 days ago` or `in 2 hours`. */
export function ago(time: string, now: Date): Html {
  const ms = now.getTime() - (parseSeconds(time)?.getTime() ?? 0);
  const text = spanText(Math.abs(ms));
  const words = text === null ? 'just now' : ms >= 0 ? `${text} ago` : `in ${text}`;
  return html`<time datetime="${time}" title="${time}">${words}</time>`;
}

function spanText(ms: number): string | null {
  const units = [
    [365 * dayMs, 'year'],
    [30 * dayMs, 'month'],
    [dayMs, 'day'],
    [hourMs, 'hour'],
    [minuteMs, 'minute'],
  ] as const;
  const found = units.find(([unit]) => ms >= unit);
  if (!found) return null;
  const count = Math.floor(ms / found[0]);
  return `${count} ${found[1]}${count === 1 ? '' : 's'}`;
}
