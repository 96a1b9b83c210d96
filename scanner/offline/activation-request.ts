import { randomBytes } from 'node:crypto';
import { encodeHex } from '../../base/bytes.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { encodePublicKey } from '../../keys/key.js';
import {
  type ActivationRequest,
  encodeActivationRequest,
  maxRequestBytes,
  parseActivationRequest,
} from '../../packs/activation.js';
import { loadOrMakeHostKey } from '../update/activate.js';
import { refusedOrThrow, ScannerError } from '../error.js';
import { type Home, withHome } from '../state/home.js';
import type { Endpoint } from '../update/update.js';

/**
 * Asks for a seat without a network: makes the host key if there is none, and remembers the request until its answer
 * comes. Only the last request can be answered. The bytes are the file to carry; there is no secret in them.
 *
 * @throws PackError `activation-malformed` for a name that is none; BaseError `lock-held`, `disk-full`
 */
export async function requestActivation(
  { home, clock, client }: Pick<Endpoint, 'home' | 'clock' | 'client'>,
  { name, license }: { readonly name: string; readonly license: string | null },
): Promise<{ readonly bytes: Uint8Array; readonly hostKeyid: string }> {
  return withHome(home, async () => {
    const host = await loadOrMakeHostKey({ home, clock }, name);
    const request: ActivationRequest = {
      format: 1,
      client,
      hostKey: encodePublicKey(host.key),
      license,
      name,
      nonce: encodeHex(randomBytes(16)),
    };
    const bytes = encodeActivationRequest(request);
    await writeFileAtomic(home.activationRequest, bytes, 0o600);
    return { bytes, hostKeyid: host.key.keyid };
  });
}

/** @throws ScannerError `request-missing`, `state-malformed` */
export async function loadActivationRequest(home: Home): Promise<ActivationRequest> {
  const bytes = await readFileIfPresent(home.activationRequest, maxRequestBytes);
  if (bytes === null)
    throw new ScannerError('request-missing', `${home.path}: expected a request that waits for its answer, got none`, {
      hint: 'run yms activate --request FILE first; an answer can be used once',
    });
  try {
    return parseActivationRequest(bytes, home.activationRequest);
  } catch (cause) {
    throw new ScannerError('state-malformed', refusedOrThrow(cause).message, { cause });
  }
}
