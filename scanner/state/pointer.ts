import { z } from 'zod';
import { formatSeconds, parseSeconds } from '../../base/clock.js';
import { keyidPattern, publicKeySchema } from '../../keys/key.js';
import { namePattern } from '../../keys/roles.js';
import type { License } from '../../packs/license.js';
import { type Home, keepOnly, loadDocument, saveDocument } from './home.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const name = z.string().regex(namePattern);
const time = z.string().refine((text) => parseSeconds(text) !== null);

/** One accepted pack, with all that is needed to load it again without the network or a newer document. */
const acceptedPackSchema = z.strictObject({
  feature: name,
  pack: name,
  channel: name,
  version: z.string(),
  /** Of its feature when it was accepted; state of before there were epochs is of the first. */
  epoch: z.int().min(1).default(1),
  sequence: z.int().min(1),
  /** Of the file, which is also its name. */
  sha256,
  contentDigest: sha256,
  acceptedAt: time,
  /** What the deciding role demanded when the pack was accepted. */
  signers: z.strictObject({ keys: z.array(publicKeySchema).min(1), threshold: z.int().min(1) }),
  /** The keys that signed the header. */
  signedBy: z.array(z.string().regex(keyidPattern)).min(1),
  /** The content key, sealed to this host, as the license document granted it. */
  grant: z.strictObject({ kind: z.enum(['full', 'delta']), sealed: z.base64(), keyCommitment: sha256 }),
});

/** A pack that its publisher took back, and since when it is out of use. */
const withdrawnPackSchema = z.strictObject({
  feature: name,
  pack: name,
  channel: name,
  version: z.string(),
  epoch: z.int().min(1),
  sequence: z.int().min(1),
  withdrawnAt: time,
});

const pointerSchema = z.strictObject({
  format: z.literal(1),
  packs: z.array(acceptedPackSchema),
  /** For each pack the one that was active before, kept in case the newer file is damaged on this disk. */
  previous: z.array(acceptedPackSchema),
  /** Until they are installed again: so that people hear why they are gone, and no older release of them comes back. */
  withdrawn: z.array(withdrawnPackSchema).default([]),
  switchedAt: time.nullable(),
});

export type AcceptedPack = z.infer<typeof acceptedPackSchema>;
export type WithdrawnPack = z.infer<typeof withdrawnPackSchema>;
/** The one pointer to the active set: replacing this file is the switch. */
export type Pointer = z.infer<typeof pointerSchema>;

export const emptyPointer: Pointer = { format: 1, packs: [], previous: [], withdrawn: [], switchedAt: null };

/** What a pack is known by: sequences rise within it. */
export function packKey({ feature, pack, channel }: { feature: string; pack: string; channel: string }): string {
  return `${feature}/${pack}/${channel}`;
}

/** Whether a license document names a pack, in its channel. */
export function isNamed({ packs }: Pick<License, 'packs'>, pack: AcceptedPack): boolean {
  return packs.some((named) => packKey(named) === packKey(pack));
}

export async function loadPointer(home: Home): Promise<Pointer | null> {
  return loadDocument(home.pointer, pointerSchema);
}

export async function savePointer(home: Home, pointer: Pointer): Promise<void> {
  await saveDocument(home.pointer, pointerSchema, pointer);
}

/** Packs that the license names in another channel now, once that one is among `packs` too. */
export function leftChannels(packs: readonly AcceptedPack[], license: Pick<License, 'packs'>): AcceptedPack[] {
  const taken = new Set(
    packs.filter((pack) => isNamed(license, pack)).map(({ feature, pack }) => `${feature}/${pack}`),
  );
  return packs.filter((pack) => !isNamed(license, pack) && taken.has(`${pack.feature}/${pack.pack}`));
}

/** The newest of so many are told of; a feature seldom loses one. */
const maxWithdrawn = 100;

/** The pointer without packs that their publisher took back; the same pointer when there is none. */
export function withdrawPacks(pointer: Pointer, gone: readonly AcceptedPack[], now: Date): Pointer {
  if (gone.length === 0) return pointer;
  const keys = new Set(gone.map(packKey));
  const remains = (pack: { feature: string; pack: string; channel: string }): boolean => !keys.has(packKey(pack));
  const withdrawnAt = formatSeconds(now);
  const records = gone.map(({ feature, pack, channel, version, epoch, sequence }) => ({
    ...{ feature, pack, channel, version, epoch, sequence },
    withdrawnAt,
  }));
  return {
    ...pointer,
    packs: pointer.packs.filter(remains),
    previous: pointer.previous.filter(remains),
    withdrawn: [...pointer.withdrawn.filter(remains), ...records].slice(-maxWithdrawn),
    switchedAt: withdrawnAt,
  };
}

/** The pointer with newer packs in place of those they replace, and without those that are left. */
export function switchPacks(
  pointer: Pointer,
  newer: readonly AcceptedPack[],
  left: readonly AcceptedPack[],
  now: Date,
): Pointer {
  const replaced = new Map(pointer.packs.map((pack) => [packKey(pack), pack]));
  const packs = new Map(replaced);
  const previous = new Map(pointer.previous.map((pack) => [packKey(pack), pack]));
  for (const pack of newer) {
    const old = replaced.get(packKey(pack));
    previous.delete(packKey(pack)); // of an earlier epoch none comes back, whatever the disk does
    if (old?.epoch === pack.epoch) previous.set(packKey(pack), old);
    packs.set(packKey(pack), pack);
  }
  for (const map of [packs, previous]) left.forEach((pack) => map.delete(packKey(pack)));
  const sorted = (map: Map<string, AcceptedPack>): AcceptedPack[] =>
    [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pack]) => pack);
  return {
    ...pointer,
    packs: sorted(packs),
    previous: sorted(previous),
    withdrawn: pointer.withdrawn.filter((pack) => !packs.has(packKey(pack))),
    switchedAt: formatSeconds(now),
  };
}

export function packFileName(pack: { readonly sha256: string }): string {
  return `${pack.sha256}.yms`;
}

/** Garbage collection: only after a switch, so that nothing that a pointer names ever goes. */
export async function collectGarbage(home: Home, pointer: Pointer): Promise<void> {
  await keepOnly(home.packs, new Set([...pointer.packs, ...pointer.previous].map(packFileName)));
}
