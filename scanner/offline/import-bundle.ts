import { loadHostKey, requireActivation } from '../license/connection.js';
import { carriedRootOf, type FirstTrust } from '../follow/first-trust.js';
import { withHome } from '../state/home.js';
import { type Endpoint, updateFrom, type UpdateReport } from '../update/update.js';
import { Bundle } from './bundle.js';
import { bundleOrigin, carriedDocument } from './bundle-source.js';

/**
 * Brings this endpoint up to date from a bundle: the update of `update.ts` with another origin, so that every check is
 * the same. Only the ends of timestamp and snapshot are forgiven: the set is `stale` then. A refusal of metadata or
 * license leaves the active set as it was, and keeps what metadata was verified; one of a pack leaves that pack.
 *
 * @throws ScannerError `not-activated`, `bundle-…`, `root-mismatch`, `license-missing`, and what `update` throws
 */
export async function importBundle(
  endpoint: Endpoint,
  path: string,
  firstTrust: FirstTrust | null = null,
): Promise<UpdateReport> {
  return withHome(endpoint.home, async () => {
    const activation = await requireActivation(endpoint.home);
    const bundle = await Bundle.open(path);
    try {
      // First: the stick of another host, whose metadata may be newer, must not lock out this host's own.
      await carriedDocument(bundle, (await loadHostKey(endpoint.home)).key.keyid);
      const origin = bundleOrigin(bundle);
      if (firstTrust) await carriedRootOf(endpoint.home, origin.source, firstTrust);
      return await updateFrom(endpoint, activation, origin);
    } finally {
      await bundle.close();
    }
  });
}
