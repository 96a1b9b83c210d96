import type { Request } from 'express';
import { ServerError } from '../../error.js';

export interface Page {
  /** 1 to 500. */
  readonly limit: number;
  /** Where the page before ended, or null for the first. */
  readonly cursor: string | null;
}

const defaultLimit = 100;
const maxLimit = 500;

/**
 * `?limit=&cursor=` of a list call; other parameters must be among `filters`.
 *
 * @throws ServerError `request-url`, `request-cursor`
 */
export function requestedPage(request: Request, cursorPattern: RegExp, filters: readonly string[] = []): Page {
  for (const name of Object.keys(request.query))
    if (!['limit', 'cursor', ...filters].includes(name))
      throw new ServerError(
        'request-url',
        `query: expected ${['limit', 'cursor', ...filters].join(', ')}, got ${JSON.stringify(name)}`,
      );
  const { limit = String(defaultLimit), cursor = null } = request.query;
  if (typeof limit !== 'string' || !/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > maxLimit)
    throw new ServerError('request-url', `query limit: expected 1 to ${maxLimit}, got ${JSON.stringify(limit)}`);
  if (cursor !== null && (typeof cursor !== 'string' || !cursorPattern.test(cursor)))
    throw new ServerError(
      'request-cursor',
      'query cursor: expected the "next" of a page of this list, got another text',
    );
  return { limit: Number(limit), cursor };
}
