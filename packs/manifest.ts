import { z } from 'zod';
import type { Json } from '../base/json.js';
import { type DocumentKind, encodeDocument, parseDocument } from './document.js';
import { PackError } from './error.js';
import { clientVersion, hash, name, packKind, sequence, time, version } from './field.js';
import type { PackHeader } from './header.js';
import { type Item, type ItemKind, itemKinds } from './item.js';

export const maxManifestBytes = 16_777_216;

const count = z.int().min(0);

const schema = z.strictObject({
  kind: packKind,
  feature: name,
  pack: name,
  version,
  sequence,
  channel: name,
  createdAt: time,
  minimumClient: clientVersion,
  contentDigest: hash,
  counts: z.strictObject({
    attribution: count,
    ioc: count,
    pool: count,
    sigma: count,
    triage: count,
  } satisfies Record<ItemKind, typeof count>),
  rollbackOf: version.exactOptional(),
  build: z.custom<Json>((value) => value !== undefined).exactOptional(),
});

/** What the pack says about its content, inside the encryption (docs/spec/pack.md, "Manifest"). */
export type Manifest = Readonly<z.infer<typeof schema>>;

const manifestDocument: DocumentKind<Manifest> = { schema, maxBytes: maxManifestBytes, code: 'manifest-malformed' };

/** @throws PackError `manifest-malformed` */
export function parseManifest(document: Uint8Array, subject = 'manifest.json'): Manifest {
  return parseDocument(manifestDocument, document, subject);
}

/** @throws PackError `manifest-malformed` */
export function encodeManifest(manifest: Manifest, subject = 'manifest.json'): Uint8Array {
  return encodeDocument(manifestDocument, manifest, subject);
}

const identity = [
  'kind',
  'feature',
  'pack',
  'version',
  'sequence',
  'channel',
  'createdAt',
  'minimumClient',
] as const satisfies (keyof Manifest & keyof PackHeader)[];

/** @throws PackError `manifest-mismatch` when manifest and header do not speak of one pack */
export function checkIdentity(manifest: Manifest, header: PackHeader): void {
  for (const member of identity)
    if (manifest[member] !== header[member])
      throw new PackError(
        'manifest-mismatch',
        `manifest.json ${member}: expected ${header[member]} as in the header, got ${manifest[member]}`,
      );
}

export function countItems(items: readonly Item[]): Record<ItemKind, number> {
  const counts: Record<ItemKind, number> = { attribution: 0, ioc: 0, pool: 0, sigma: 0, triage: 0 };
  for (const { kind } of items) counts[kind]++;
  return counts;
}

/** @throws PackError `manifest-mismatch` when the manifest counts other items */
export function checkCounts(manifest: Manifest, items: readonly Item[]): void {
  const counts = countItems(items);
  for (const kind of itemKinds)
    if (manifest.counts[kind] !== counts[kind])
      throw new PackError(
        'manifest-mismatch',
        `manifest.json counts: expected ${manifest.counts[kind]} items of kind ${kind}, got ${counts[kind]}`,
      );
}
