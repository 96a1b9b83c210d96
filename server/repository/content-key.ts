import type { Opener } from '../../keys/signer.js';
import { PackError } from '../../packs/error.js';
import type { PackHeader } from '../../packs/header.js';

/**
 * The one of this server's distribution keys that a pack is sealed to.
 *
 * @throws PackError `not-a-recipient`
 */
export function openerFor(header: PackHeader, openers: readonly Opener[], subject: string): Opener {
  const opener = openers.find(({ key }) => header.recipients.some(({ keyid }) => keyid === key.keyid));
  if (!opener)
    throw new PackError(
      'not-a-recipient',
      `${subject}: expected a distribution key of this server among the recipients, got ${header.recipients.map(({ keyid }) => keyid).join(', ')}`,
    );
  return opener;
}
