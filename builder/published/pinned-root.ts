import { sha256Hex } from '../../base/bytes.js';
import { BuilderError } from '../error.js';
import { httpReader } from './server-client.js';

const maxVersions = 256;
const maxRootBytes = 512_000;

/**
 * The root with this hash, out of all that the server has. People carried the hash, so the server is not believed.
 *
 * @throws BuilderError `option-invalid`, `root-untrusted` when the server has no such root
 */
export async function fetchPinnedRoot(server: string, sha256: string): Promise<Uint8Array> {
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new BuilderError('option-invalid', `root sha256: expected 64 lower-case hex digits, got "${sha256}"`);
  const reader = httpReader(server);
  for (let version = 1; version <= maxVersions; version++) {
    const bytes = await reader.metadata(`${version}.root.json`, maxRootBytes);
    if (bytes === null) break;
    if (sha256Hex(bytes) === sha256) return bytes;
  }
  throw new BuilderError('root-untrusted', `${server}: expected a root with SHA-256 ${sha256}, got none`);
}
