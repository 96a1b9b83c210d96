import { licenseEntry, metadataEntry, targetEntry } from '../../packs/bundle-entry.js';
import { acceptLicense } from '../license/entitlement.js';
import { ScannerError } from '../error.js';
import { type RepositorySource, verifyTarget } from '../follow/fetcher.js';
import type { Origin } from '../update/origin.js';
import type { Bundle } from './bundle.js';

/** The repository that a bundle carries: asked and checked as a server's is, but its timestamp may have expired. */
export function bundleSource(bundle: Bundle): RepositorySource {
  return {
    isCarried: true,
    metadata: (name, maxBytes) => bundle.read(metadataEntry(name), maxBytes),
    target: async (target, onProgress) => {
      const bytes = await bundle.read(targetEntry(target.sha256));
      if (bytes === null)
        throw new ScannerError('target-missing', `${target.path}: expected its file in the bundle, got none`);
      onProgress?.(bytes.length, target.length);
      return verifyTarget(target, bytes);
    },
  };
}

/** A bundle as the origin of an update. It must hold a license document for this host; nobody is told of the outcome. */
export function bundleOrigin(bundle: Bundle): Origin {
  return {
    source: bundleSource(bundle),
    license: async (stored, policy, clock) =>
      acceptLicense(await carriedDocument(bundle, policy.hostKeyid), null, stored, policy, clock),
    connection: null,
  };
}

/** The license document for this host. @throws ScannerError `license-missing` */
export async function carriedDocument(bundle: Bundle, hostKeyid: string): Promise<Uint8Array> {
  const envelope = await bundle.read(licenseEntry(hostKeyid));
  if (envelope === null)
    throw new ScannerError(
      'license-missing',
      `bundle: expected a license document for host key ${hostKeyid}, got none`,
      {
        hint: 'export the bundle for this host: yms bundle export --host ID',
      },
    );
  return envelope;
}
