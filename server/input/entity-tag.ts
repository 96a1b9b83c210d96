import { shown } from '../../base/shown.js';
import { sha256Hex, utf8 } from '../../base/bytes.js';
import { canonicalJson, type Json } from '../../base/json.js';
import { ServerError } from '../error.js';

/** Something with the tag of what can be changed in it, for ETag and If-Match (RFC 9110 section 13.1.1). */
export interface Tagged<T> {
  readonly shown: T;
  /** Without quotes. */
  readonly tag: string;
}

export function entityTag(stored: Json): string {
  return sha256Hex(utf8('yms entity\n'), utf8(canonicalJson(stored))).slice(0, 32);
}

/**
 * Refuses to write over what somebody else changed since it was read. Called in the transaction that writes.
 *
 * @param ifMatch the header as it came; without it nothing is refused
 * @throws ServerError `precondition-failed`
 */
export function requireMatch(ifMatch: string | undefined, tag: string, subject: string): void {
  if (ifMatch === undefined) return;
  if (ifMatch.split(',').some((given) => ['*', `"${tag}"`].includes(given.trim()))) return;
  throw new ServerError(
    'precondition-failed',
    `${subject}: expected the ETag that it has now in If-Match, got ${shown(ifMatch)}`,
    {
      hint: 'read it again, look at what was changed, and send the change with the new ETag',
    },
  );
}
