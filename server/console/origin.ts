import type { Request } from 'express';
import { ServerError } from '../error.js';

/**
 * Forms come from our own pages: browsers say so in Sec-Fetch-Site, older ones in Origin. This stands beside the
 * SameSite cookie and the form token, and is all that guards the sign-in form, which has no session yet.
 *
 * @throws ServerError `form-foreign`
 */
export function requireSameOrigin(request: Request): void {
  const site = request.get('sec-fetch-site');
  if (site === 'same-origin') return;
  if (site === undefined && originHost(request.get('origin')) === request.headers.host) return;
  throw new ServerError('form-foreign', 'form: expected one of this site, got one from elsewhere', {
    hint: 'open the page again and send its form',
  });
}

function originHost(origin: string | undefined): string | null {
  try {
    return origin === undefined ? null : new URL(origin).host;
  } catch {
    return null;
  }
}
