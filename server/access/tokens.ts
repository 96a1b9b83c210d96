import { randomBytes } from 'node:crypto';
import { sha256Hex, utf8 } from '../../base/bytes.js';
import { type Clock, formatSeconds } from '../../base/clock.js';
import { newId } from '../records/ids.js';
import type { RecordsTransaction } from '../records/database.js';
import { scopes } from '../actor/scope.js';
import type { TokenRow } from '../records/tables.js';

/** `yms_<scope>_<43 characters>`: 32 random bytes; the scope is for the reader, the record decides. */
export const tokenPattern = new RegExp(`^yms_(?:${scopes.join('|')})_[A-Za-z0-9_-]{43}$`);

export interface NewToken {
  readonly row: TokenRow;
  /** Shown once; the records keep its digest. */
  readonly token: string;
}

export function tokenDigest(token: string): string {
  return sha256Hex(utf8('yms token\n'), utf8(token));
}

export async function insertToken(
  trx: RecordsTransaction,
  clock: Clock,
  token: Pick<TokenRow, 'name' | 'scope'> &
    Partial<Pick<TokenRow, 'licenseId' | 'hostId' | 'expiresAt' | 'customerId' | 'permissions' | 'usesLeft'>>,
): Promise<NewToken> {
  const text = `yms_${token.scope}_${randomBytes(32).toString('base64url')}`;
  const row: TokenRow = {
    licenseId: null,
    hostId: null,
    expiresAt: null,
    customerId: null,
    permissions: null,
    usesLeft: null,
    ...token,
    id: newId('tok', clock),
    digest: tokenDigest(text),
    createdAt: formatSeconds(clock.now()),
    lastUsedAt: null,
  };
  await trx.insertInto('tokens').values(row).execute();
  return { row, token: text };
}
