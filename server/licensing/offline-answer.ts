/** The whole answer to an activation request, made here: for those who have a browser and no command line. */
import type { z } from 'zod';
import { decodeBase64 } from '../../base/bytes.js';
import { keysJsonPath } from '../../keys/keys-json.js';
import { parseMetadata } from '../../keys/metadata.js';
import { answerEntries, type CarriedRepository } from '../../packs/bundle-entry.js';
import { encodeBundle } from '../../packs/bundle-tar.js';
import type { Actor } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { activateOffline, type OfflineAnswer, type offlineActivationSchema } from './offline.js';
import { currentRole, findMetadata } from '../repository/repository.js';

export interface AnswerFile extends OfflineAnswer {
  /** What `yms admin activate FILE` writes, and `yms activate --answer FILE` reads. */
  readonly bytes: Uint8Array;
}

/**
 * Takes a seat as `activateOffline` does, and puts the signed answer beside the metadata that it is verified with. The
 * metadata is collected first: when there is none, no seat is taken.
 *
 * @throws ServerError `not-found` before the first commit, and what `activateOffline` throws
 */
export async function answerFile(
  deps: ServerDeps,
  actor: Actor,
  input: z.output<typeof offlineActivationSchema>,
): Promise<AnswerFile> {
  const repository = await publishedRepository(deps);
  const answer = await activateOffline(deps, actor, input);
  const entries = answerEntries(repository, answer.keyid, decodeBase64(answer.activation));
  return { ...answer, bytes: await encodeBundle(entries) };
}

/** Top down from one timestamp, so that a commit or a signature meanwhile changes nothing of it. */
async function publishedRepository({ records, blobs }: ServerDeps): Promise<CarriedRepository> {
  const metadata = new Map<string, Uint8Array>();
  const take = async (name: string): Promise<Uint8Array> => {
    const bytes = await findMetadata(records, name);
    if (bytes === null)
      throw new ServerError('not-found', `${name}: expected it in the repository, got none`, {
        hint: 'publish first: yms root, yms targets and yms publish',
      });
    metadata.set(name, bytes);
    return bytes;
  };
  const timestamp = parseMetadata('timestamp', await take('timestamp.json')).signed;
  const snapshotVersion = timestamp.meta['snapshot.json'].version;
  const snapshot = parseMetadata('snapshot', await take(`${snapshotVersion}.snapshot.json`)).signed;
  const targetsVersion = snapshot.meta['targets.json']?.version ?? 1;
  const targets = parseMetadata('targets', await take(`${targetsVersion}.targets.json`)).signed;
  const root = await currentRole(records, 'root');
  for (let version = 1; version <= (root?.signed.version ?? 1); version++) await take(`${version}.root.json`);
  const sha256 = targets.targets[keysJsonPath]?.hashes.sha256 ?? '';
  return { metadata, keysJson: await blobs.load(sha256) };
}
