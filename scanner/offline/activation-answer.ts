import { rm } from 'node:fs/promises';
import { decodeBase64 } from '../../base/bytes.js';
import { formatSeconds } from '../../base/clock.js';
import { parseEnvelope, verifyEnvelope } from '../../keys/envelope.js';
import type { PublicKey } from '../../keys/key.js';
import {
  activationPayloadType,
  type ActivationRequest,
  parseActivation,
  type OfflineActivation,
} from '../../packs/activation.js';
import { activationEntry } from '../../packs/bundle-entry.js';
import type { License } from '../../packs/license.js';
import { serverAddress } from '../update/activate.js';
import { type Activation, loadActivation, loadHostKey, parseHostToken, saveActivation } from '../license/connection.js';
import { acceptLicense, loadStoredLicense, saveStoredLicense, trustedNow } from '../license/entitlement.js';
import { ScannerError } from '../error.js';
import { carriedRootOf, type FirstTrust, saveTrust } from '../follow/first-trust.js';
import { withHome } from '../state/home.js';
import { Repository } from '../follow/repository.js';
import type { Endpoint } from '../update/update.js';
import { loadActivationRequest } from './activation-request.js';
import { Bundle } from './bundle.js';
import { bundleSource } from './bundle-source.js';

export interface AnswerOptions {
  /** Needed the first time; later it must agree with the root that is trusted already. */
  readonly firstTrust: FirstTrust | null;
  /** A server that this host may reach one day; null keeps the one that it knows, if any. */
  readonly server: string | null;
}

export interface AcceptedActivation {
  readonly activation: Omit<Activation, 'token'>;
  readonly license: License;
}

/**
 * Completes an activation with the answer that was carried back: metadata under a root that was carried here too, the
 * license keys from its `keys.json`, the signed answer to this host's last request, the host token that only this host
 * opens, and the license document. Nothing is saved before all of it holds; an answer serves once.
 *
 * @throws ScannerError `request-missing`, `bundle-…`, `root-…`, `answer-mismatch`, `license-…`; KeyError, PackError
 */
export async function acceptActivation(
  { home, clock }: Pick<Endpoint, 'home' | 'clock'>,
  path: string,
  options: AnswerOptions,
): Promise<AcceptedActivation> {
  const named = options.server === null ? null : serverAddress(options.server);
  return withHome(home, async () => {
    const request = await loadActivationRequest(home);
    const host = await loadHostKey(home);
    const bundle = await Bundle.open(path);
    try {
      const stored = await loadStoredLicense(home);
      const envelope = await bundle.read(activationEntry(host.key.keyid)); // first: the wrong file touches nothing
      if (envelope === null)
        throw new ScannerError('answer-mismatch', `answer: expected one for host key ${host.key.keyid}, got none`);
      const source = bundleSource(bundle);
      const carriedRoot = options.firstTrust && (await carriedRootOf(home, source, options.firstTrust));
      const now = trustedNow(clock, stored?.greatestIssuedAt);
      const repository = await Repository.refresh(home, source, now, carriedRoot);
      const { licenseKeys } = await repository.keysJson();

      const answer = verifyAnswer(envelope, licenseKeys);
      requireAnswerTo(request, host.key.keyid, answer);
      const token = parseHostToken(host.open(decodeBase64(answer.sealedToken)));
      const policy = { keys: licenseKeys, hostKeyid: host.key.keyid, hostId: answer.host.id };
      const accepted = acceptLicense(decodeBase64(answer.document), null, stored, policy, clock);
      if (accepted.license.license !== answer.license)
        throw new ScannerError(
          'answer-mismatch',
          `answer: expected a document of license ${answer.license}, got one of ${accepted.license.license}`,
        );

      const activation = {
        format: 1 as const,
        server: named ?? (await loadActivation(home))?.server ?? null,
        licenseId: answer.license,
        hostId: answer.host.id,
        name: request.name,
        activatedAt: formatSeconds(clock.now()),
      };
      await saveTrust(home, repository, carriedRoot);
      await saveActivation(home, { ...activation, token });
      await saveStoredLicense(home, accepted.stored);
      await rm(home.activationRequest, { force: true });
      return { activation, license: accepted.license };
    } finally {
      await bundle.close();
    }
  });
}

function verifyAnswer(envelope: Uint8Array, keys: readonly PublicKey[]): OfflineActivation {
  const subject = 'answer';
  const policy = { payloadType: activationPayloadType, keys, threshold: 1, subject };
  return parseActivation(verifyEnvelope(parseEnvelope(envelope, subject), policy).payload, subject);
}

function requireAnswerTo({ nonce, license }: ActivationRequest, hostKeyid: string, answer: OfflineActivation): void {
  if (answer.nonce !== nonce)
    throw new ScannerError('answer-mismatch', `answer: expected one to request ${nonce}, got one to ${answer.nonce}`, {
      hint: 'carry the answer to the newest request',
    });
  if (answer.host.keyid !== hostKeyid)
    throw new ScannerError('answer-mismatch', `answer: expected host key ${hostKeyid}, got ${answer.host.keyid}`);
  if (license !== null && answer.license !== license)
    throw new ScannerError('answer-mismatch', `answer: expected license ${license}, got ${answer.license}`);
}
