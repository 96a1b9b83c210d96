import { z } from 'zod';
import { decodeBase64 } from '../../base/bytes.js';
import { formatSeconds } from '../../base/clock.js';
import { CodedError } from '../../base/error.js';
import { readFileIfPresent, writeFileAtomic } from '../../base/files.js';
import { withoutCredentials } from '../../base/http.js';
import { parseJson } from '../../base/json.js';
import { encodePublicKey } from '../../keys/key.js';
import { encodePublicKeyFile, saveKeyFile } from '../../keys/keyfile.js';
import { newSealingKey } from '../../keys/sealing.js';
import { metadataMaxBytes } from '../../keys/roles.js';
import type { Opener } from '../../keys/signer.js';
import { serverId } from '../../packs/license.js';
import { callApi } from '../follow/api.js';
import { type Activation, loadHostKey, parseHostToken, saveActivation } from '../license/connection.js';
import { loadStoredLicense, trustedNow } from '../license/entitlement.js';
import { ScannerError } from '../error.js';
import { httpSource, type RepositorySource } from '../follow/fetcher.js';
import { carriedRootOf, type FirstTrust, saveTrust } from '../follow/first-trust.js';
import { withHome } from '../state/home.js';
import { Repository } from '../follow/repository.js';
import type { Endpoint } from './update.js';

export interface ActivationRequest {
  /** Address of the distribution server. */
  readonly server: string;
  /** A secret: it goes to the server and is not kept. */
  readonly licenseKey: string;
  /** What people call this host. */
  readonly name: string;
  /** Needed the first time; later it must agree with the root that is trusted already. */
  readonly firstTrust: FirstTrust | null;
}

/**
 * Takes a seat of a license for this host. The license key is sent only to a server whose repository is under the
 * trusted root. Activating again keeps host key and seat and gives a new token.
 *
 * @throws ScannerError `root-missing`, `root-digest`, `root-mismatch`, `license-key-unknown`, `license-…`,
 * `seats-exhausted`, `answer-malformed`, what a refused refresh throws; BaseError `lock-held`, `http-…`, `disk-full`
 */
export async function activate(
  endpoint: Pick<Endpoint, 'home' | 'clock' | 'client'>,
  request: ActivationRequest,
): Promise<Omit<Activation, 'token'>> {
  const { home, clock, client } = endpoint;
  const server = serverAddress(request.server);
  return withHome(home, async () => {
    const source = httpSource({ server, token: null });
    const carriedRoot = request.firstTrust && (await carriedRootOf(home, source, request.firstTrust));
    await followRoot(endpoint, source, carriedRoot);

    const host = await loadOrMakeHostKey(endpoint, request.name);
    const answer = await callApi(
      { server, token: null },
      {
        method: 'POST',
        path: 'v1/activations',
        body: { licenseKey: request.licenseKey, hostKey: { ...encodePublicKey(host.key) }, name: request.name, client },
        maxBytes: 16_384,
        expects: [200, 201],
      },
    );
    const { hostId, licenseId, sealedToken } = parseAnswer(answer.body);
    const token = parseHostToken(host.open(decodeBase64(sealedToken, undefined, 'sealed token')));
    const activatedAt = formatSeconds(clock.now());
    const activation = { format: 1 as const, server, licenseId, hostId, name: request.name, activatedAt };
    await saveActivation(home, { ...activation, token });
    return activation;
  });
}

/** @throws ScannerError `request-refused` for what is no address of a server */
export function serverAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    [url.username, url.password, url.search, url.hash].some((part) => part !== '')
  )
    throw new ScannerError(
      'request-refused',
      `server: expected an http or https address without credentials, got ${JSON.stringify(withoutCredentials(text))}`,
    );
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

/** The carried root is trusted from here on only if the server's repository is under it. */
async function followRoot(
  { home, clock }: Pick<Endpoint, 'home' | 'clock'>,
  source: RepositorySource,
  carriedRoot: Uint8Array | null,
): Promise<void> {
  const now = trustedNow(clock, (await loadStoredLicense(home))?.greatestIssuedAt);
  const repository = await Repository.refresh(home, source, now, carriedRoot);
  await saveTrust(home, repository, carriedRoot);
}

/** Saved before it is used: a lost answer must not cost a second seat. */
export async function loadOrMakeHostKey(
  { home, clock }: Pick<Endpoint, 'home' | 'clock'>,
  name: string,
): Promise<Opener> {
  if ((await readFileIfPresent(home.hostKey, metadataMaxBytes.timestamp)) === null) {
    const key = newSealingKey();
    const label = { name, createdAt: clock.now() };
    await writeFileAtomic(home.hostPublicKey, encodePublicKeyFile(key.publicKey, label));
    await saveKeyFile(home.hostKey, key, { ...label, passphrase: null });
  }
  return loadHostKey(home);
}

const answerSchema = z.object({
  hostId: serverId,
  licenseId: serverId,
  sealedToken: z.base64().max(2000),
});

function parseAnswer(body: Uint8Array): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(parseJson(body, 'activation'));
  } catch (cause) {
    if (!(cause instanceof CodedError) && !(cause instanceof z.ZodError)) throw cause;
    throw new ScannerError(
      'answer-malformed',
      'activation: expected host, license and sealed token, got an answer of another form',
      {
        cause,
      },
    );
  }
}
