import type { PageContext } from './page-context.js';

/** What a page was asked for, in the words of the lists: empty fields of a filter are none. */
export function pageQuery({ query }: PageContext): URLSearchParams {
  const rest = new URLSearchParams([...query].filter(([name, value]) => name !== 'done' && value !== ''));
  if (!rest.has('limit')) rest.set('limit', '50');
  return rest;
}
