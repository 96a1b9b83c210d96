import type { Visit } from './visit.js';

/** What a page was asked for, in the words of the lists: empty fields of a filter are none. */
export function pageQuery({ query }: Visit): URLSearchParams {
  const rest = new URLSearchParams([...query].filter(([name, value]) => name !== 'done' && value !== ''));
  if (!rest.has('limit')) rest.set('limit', '50');
  return rest;
}
