import type { Request } from 'express';
import { shown } from '../../../base/shown.js';
import { foreignCursor, parseLimit, requireKnownParameters } from '../../input/listing.js';

export interface Page {
  /** 1 to 500. */
  readonly limit: number;
  /** Where the page before ended, or null for the first. */
  readonly cursor: string | null;
}

/**
 * `?limit=&cursor=` of a list call; other parameters must be among `filters`.
 *
 * @throws ServerError `request-url`, `request-cursor`
 */
export function requestedPage({ query }: Request, cursorPattern: RegExp, filters: readonly string[] = []): Page {
  requireKnownParameters(query, ['limit', 'cursor', ...filters]);
  const { cursor = null } = query;
  if (cursor !== null && (typeof cursor !== 'string' || !cursorPattern.test(cursor)))
    throw foreignCursor(shown(cursor));
  return { limit: parseLimit(query['limit']), cursor };
}
