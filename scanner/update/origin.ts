import type { Clock } from '../../base/clock.js';
import type { Connection } from '../follow/api.js';
import { type AcceptedLicense, fetchLicense, type LicensePolicy, type StoredLicense } from '../license/entitlement.js';
import { httpSource, type RepositorySource } from '../follow/fetcher.js';

/** Where an update comes from: a server, or a bundle that was carried here. What is checked is the same. */
export interface Origin {
  readonly source: RepositorySource;
  /** The license document for this host, taken through every check of `acceptLicense`. */
  license(stored: StoredLicense | null, policy: LicensePolicy, clock: Clock): Promise<AcceptedLicense>;
  /** Who is told how the update went; null where nobody can be. */
  readonly connection: Connection | null;
}

export function serverOrigin(connection: Connection): Origin {
  return {
    source: httpSource(connection),
    license: (stored, policy, clock) => fetchLicense(connection, stored, policy, clock),
    connection,
  };
}
