import { z } from 'zod';
import { parsePublicKey, type PublicKey, publicKeySchema } from '../../keys/key.js';
import { parseFollowedRoot } from '../../keys/followed-root.js';
import { parseMetadata } from '../../keys/metadata.js';
import { ScannerError, unlessRefused } from '../error.js';
import { type Home, loadDocument } from '../state/home.js';
import type { TrustedFiles } from '../follow/trusted-metadata.js';

const schema = z.strictObject({
  keys: z.array(publicKeySchema).max(64),
  threshold: z.int().min(1).default(1),
});

/** Who may sign encrypted custom packs for this endpoint. */
export interface CustomSigners {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

/**
 * `$YMS_HOME/custom-signers.json`, which stands outside the folder that custom files are dropped into. A key of the
 * repository is refused there: release keys never sign custom packs.
 *
 * @throws ScannerError `state-malformed`, `custom-signers`; KeyError `key-kind`
 */
export async function loadCustomSigners(home: Home, metadata: TrustedFiles): Promise<CustomSigners> {
  const document = await loadDocument(home.customSigners, schema);
  const { keys: listed, threshold } = document ?? { keys: [], threshold: 1 };
  const keys = listed.map((key) => parsePublicKey(key, home.customSigners, 'ed25519'));
  const ofRepository = repositoryKeyids(metadata);
  const foreign = keys.find(({ keyid }) => ofRepository.has(keyid));
  if (foreign)
    throw new ScannerError(
      'custom-signers',
      `${home.customSigners}: expected keys of your own teams, got ${foreign.keyid} of the repository`,
    );
  return { keys, threshold };
}

function repositoryKeyids(metadata: TrustedFiles): Set<string> {
  const [root, targets] = [metadata.get('root'), metadata.get('targets')];
  const tables = [
    root && unlessRefused(() => parseFollowedRoot(root).signed.keys),
    targets && unlessRefused(() => parseMetadata('targets', targets).signed.delegations?.keys),
  ];
  return new Set(tables.flatMap((table) => Object.keys(table ?? {})));
}
