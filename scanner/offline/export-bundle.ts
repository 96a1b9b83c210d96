import { parseKeysJson } from '../../keys/keys-json.js';
import { answerEntries, bundleEntry, licenseEntry, repositoryEntries, targetEntry } from '../../packs/bundle-entry.js';
import type { License } from '../../packs/license.js';
import { verifyLicense } from '../license/entitlement.js';
import { ScannerError } from '../error.js';
import { type RepositorySource, verifyTarget } from '../follow/fetcher.js';
import type { FirstTrust } from '../follow/first-trust.js';
import { packKey } from '../state/pointer.js';
import type { TrustedTarget } from '../follow/trusted-metadata.js';
import { writeBundle } from './bundle-writer.js';
import { type Collected, collectRepository } from './collect.js';

/** A license document as a server issued it for one host. */
export interface IssuedDocument {
  readonly hostId: string;
  /** Of the host's key. */
  readonly keyid: string;
  readonly envelope: Uint8Array;
}

export interface ExportOrder {
  /** For metadata and `keys.json`, which need no license. */
  readonly source: RepositorySource;
  readonly firstTrust: FirstTrust | null;
  readonly now: Date;
  /** Asks for the documents anew: packs and grants must be of one moment. */
  readonly issue: () => Promise<readonly IssuedDocument[]>;
  /** A pack, for a host whose document names it. It is checked here again. */
  readonly pack: (target: TrustedTarget, hostId: string) => Promise<Uint8Array>;
}

export interface ExportReport {
  /** Of the file, in bytes. */
  readonly length: number;
  readonly hosts: readonly { readonly hostId: string; readonly expiresAt: string; readonly packs: number }[];
  readonly packs: readonly { readonly path: string; readonly sequence: number; readonly length: number }[];
  /** The first end of timestamp and snapshot: imported later, the set is stale. */
  readonly staleAfter: string;
  /** The first end of root, targets and the roles of its packs: it cannot be imported later. */
  readonly refusedAfter: string;
}

/**
 * Writes an update bundle for the hosts that the documents are for: all metadata, their documents, and each pack that
 * one of them names, once.
 *
 * @throws ScannerError `release-newer` when releases come out faster than they can be packed, `license-host`,
 * `target-missing`, and what `collectRepository` and `writeBundle` throw; KeyError, PackError
 */
export async function exportBundle(path: string, order: ExportOrder): Promise<ExportReport> {
  const set = (await collectMatching(order)) ?? (await collectMatching(order));
  if (set === null)
    throw new ScannerError(
      'release-newer',
      'bundle: expected grants for the packs listed, got those of other releases',
      {
        hint: 'a release came out meanwhile; run the command again',
      },
    );
  const { collected, documents, licenses } = set;
  const targets = [...new Map(collected.targets.map((target) => [target.sha256, target])).values()];
  const pack = async (target: TrustedTarget): Promise<Uint8Array> =>
    verifyTarget(target, await order.pack(target, hostNaming(licenses, target)));
  const length = await writeBundle(path, [
    ...repositoryEntries(collected),
    ...documents.map(({ keyid, envelope }) => bundleEntry(licenseEntry(keyid), envelope)),
    ...targets.map((target) => ({ name: targetEntry(target.sha256), read: () => pack(target) })),
  ]);
  return {
    length,
    hosts: licenses.map(({ host, expiresAt, packs }) => ({ hostId: host.id, expiresAt, packs: packs.length })),
    packs: collected.targets.map((target) => ({
      path: target.path,
      sequence: target.custom?.sequence ?? 0,
      length: target.length,
    })),
    ...collected.trusted.ends,
  };
}

/** Null when a release came out between the documents and the metadata. */
async function collectMatching({ source, firstTrust, now, issue }: ExportOrder) {
  const documents = await issue();
  const { licenseKeys } = parseKeysJson((await collectRepository(source, [], now, firstTrust)).keysJson);
  const licenses = documents.map(({ hostId, keyid, envelope }) =>
    verifyLicense(envelope, { keys: licenseKeys, hostKeyid: keyid, hostId }),
  );
  const paths = [...new Set(licenses.flatMap(({ packs }) => packs.map((pack) => `${packKey(pack)}.yms`)))].sort();
  const collected = await collectRepository(source, paths, now, firstTrust);
  return licenses.every((license) => isGranted(license, collected.targets)) ? { collected, documents, licenses } : null;
}

function hostNaming(licenses: readonly License[], { path }: TrustedTarget): string {
  return licenses.find(({ packs }) => packs.some((pack) => `${packKey(pack)}.yms` === path))?.host.id ?? '';
}

function isGranted({ packs, grants }: License, targets: readonly TrustedTarget[]): boolean {
  return packs.every((pack) => {
    const target = targets.find(({ path }) => path === `${packKey(pack)}.yms`);
    return grants.some((grant) => packKey(grant) === packKey(pack) && grant.sequence === target?.custom?.sequence);
  });
}

/** Writes the answer to an activation request, and says how long the file is, in bytes. */
export async function writeAnswer(
  path: string,
  hostKeyid: string,
  activation: Uint8Array,
  collected: Collected,
): Promise<number> {
  return writeBundle(path, answerEntries(collected, hostKeyid, activation));
}
