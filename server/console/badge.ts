import { html, type Html } from './html.js';

/** The colour is an addition: the word says it all. */
const tones: Readonly<Record<string, 'good' | 'warn' | 'bad' | 'plain'>> = {
  active: 'good',
  trial: 'plain',
  grace: 'warn',
  expired: 'bad',
  suspended: 'warn',
  revoked: 'bad',
  invited: 'plain',
  disabled: 'bad',
  'up to date': 'good',
  behind: 'warn',
  silent: 'bad',
  'not yet seen': 'plain',
  'serial-replayed': 'bad',
  planned: 'plain',
  applied: 'good',
  cancelled: 'plain',
  archived: 'plain',
};

export function badge(state: string): Html {
  return html`<span class="badge ${tones[state] ?? 'plain'}">${state}</span>`;
}
