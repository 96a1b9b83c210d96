import { requireActivation } from '../license/connection.js';
import { carriedRootOf, type FirstTrust } from '../follow/first-trust.js';
import { withHome } from '../state/home.js';
import { type Endpoint, updateFrom, type UpdateReport } from '../update/update.js';
import { Bundle } from './bundle.js';
import { bundleOrigin } from './bundle-source.js';

/**
 * Brings this endpoint up to date from a bundle: the update of `update.ts` with another origin, so that every check is
 * the same. Only the ends of timestamp and snapshot are forgiven: the set is `stale` then. A refusal of metadata or
 * license changes nothing; a refusal of one pack leaves that pack as it was.
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
      const origin = bundleOrigin(bundle);
      if (firstTrust) await carriedRootOf(endpoint.home, origin.source, firstTrust);
      return await updateFrom(endpoint, activation, origin);
    } finally {
      await bundle.close();
    }
  });
}
