import { z } from 'zod';
import { shownSecret } from '../../base/shown.js';
import { parseSeconds } from '../../base/clock.js';
import { loadKeyFile } from '../../keys/keyfile.js';
import { openerOf } from '../../keys/sealing.js';
import type { Opener } from '../../keys/signer.js';
import type { Connection } from '../follow/api.js';
import { ScannerError } from '../error.js';
import { type Home, loadDocument, saveDocument } from '../state/home.js';

/** What can stand in an Authorization header. */
const tokenPattern = /^[\x21-\x7e]{1,1000}$/;

const activationSchema = z.strictObject({
  format: z.literal(1),
  /** Base address of the distribution server, ending in a slash; null for a host that is updated by bundles only. */
  server: z
    .url({ protocol: /^https?$/ })
    .endsWith('/')
    .nullable(),
  licenseId: z.string().min(1).max(200),
  hostId: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  token: z.string().regex(tokenPattern),
  activatedAt: z.string().refine((text) => parseSeconds(text) !== null),
});

/** What an activation left behind: which host this is, and the token that says so to the server. */
export type Activation = z.infer<typeof activationSchema>;

export async function loadActivation(home: Home): Promise<Activation | null> {
  return loadDocument(home.connection, activationSchema);
}

/**
 * The host token, out of the box that it was sealed in. It comes from a server that may be anybody's.
 *
 * @throws ScannerError `answer-malformed`
 */
export function parseHostToken(opened: Uint8Array): string {
  const token = Buffer.from(opened).toString('latin1');
  if (!tokenPattern.test(token))
    throw new ScannerError(
      'answer-malformed',
      `host token: expected 1 to 1000 printable characters, got ${shownSecret(token)}`,
    );
  return token;
}

/** @throws ScannerError `not-activated`, `state-malformed` */
export async function requireActivation(home: Home): Promise<Activation> {
  const activation = await loadActivation(home);
  if (activation === null)
    throw new ScannerError('not-activated', `${home.path}: expected an activated host, got none`, {
      hint: 'run yms activate with a license key',
    });
  return activation;
}

export async function saveActivation(home: Home, activation: Activation): Promise<void> {
  await saveDocument(home.connection, activationSchema, activation);
}

/** @throws ScannerError `no-server` for a host that was activated without one */
export function connectionOf({ server, token }: Activation): Connection {
  if (server === null)
    throw new ScannerError('no-server', 'endpoint: expected a server, got a host activated without one', {
      hint: 'run yms bundle import FILE, or activate again with --server',
    });
  return { server, token };
}

/** The host's own key, which opens its grants. @throws KeyError `key-file-…`; BaseError `file-missing` */
export async function loadHostKey(home: Home): Promise<Opener> {
  return openerOf(
    await loadKeyFile(home.hostKey, () => {
      throw new ScannerError('state-malformed', `${home.hostKey}: expected a key without passphrase, got one with it`);
    }),
  );
}
