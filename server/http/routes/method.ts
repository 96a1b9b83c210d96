import type { RequestHandler } from 'express';
import { ServerError } from '../../error.js';

/** The last handler of a route: any method but these gets 405 with Allow (RFC 9110 section 15.5.6). */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  return (request, response) => {
    response.set('Allow', methods.join(', '));
    throw new ServerError('method-not-allowed', `method: expected ${methods.join(' or ')}, got ${request.method}`);
  };
}
