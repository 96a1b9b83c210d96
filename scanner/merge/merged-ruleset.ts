import { z } from 'zod';
import type { Clock } from '../../base/clock.js';
import { ruleKinds } from '../../base/rule-kind.js';
import { productVersion } from '../../base/version.js';
import { loadActive } from '../active/active.js';
import { loadHostKey } from '../license/connection.js';
import { loadCustomRules } from './custom.js';
import { loadCustomSigners } from './custom-signers.js';
import { refusedOrThrow } from '../error.js';
import type { Flag } from '../active/flags.js';
import { type Home, loadDocument, saveDocument } from '../state/home.js';
import { type MergedRules, mergeRules } from './merge.js';
import { loadMetadata } from '../follow/metadata-folder.js';

/** The rules that this endpoint scans with, and what people must know about them. */
export interface MergedSet extends MergedRules {
  readonly flags: readonly Flag[];
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const rememberedSchema = z.strictObject({
  format: z.literal(1),
  overrides: z.array(
    z.strictObject({
      kind: z.enum(ruleKinds),
      id: z.string(),
      pack: z.string(),
      upstreamSha256: sha256,
      localSha256: sha256,
    }),
  ),
});

/**
 * The active set merged with the local rules of `customFolder`, or of `$YMS_HOME/custom-signatures/` when it exists.
 * Changes nothing on the disk.
 *
 * @throws ScannerError `state-malformed`, `custom-unreadable` for a folder asked for by name; RulesError
 * `folder-too-large`
 */
export async function loadMerged(home: Home, clock: Clock, customFolder: string | null = null): Promise<MergedSet> {
  const { packs, flags } = await loadActive(home, clock);
  const custom = await loadCustomRules(
    customFolder ?? home.customSignatures,
    customFolder !== null,
    async () => {
      const signers = await loadCustomSigners(home, await loadMetadata(home));
      return { host: await loadHostKey(home), signers, client: productVersion };
    },
    clock.now(),
  );
  const remembered = (await loadDocument(home.overrides, rememberedSchema))?.overrides ?? [];
  const merged = mergeRules({
    packs: packs.map(({ accepted, rules }) => ({ ...accepted, rules })),
    custom,
    remembered,
  });
  return { ...merged, flags };
}

/**
 * Writes down what local rules were written over, while the set that they were written over is still the active one. Of
 * no consequence for the update that calls it: local files that cannot be read are no reason to refuse a release.
 */
export async function rememberOverrides(home: Home, now: Date): Promise<void> {
  try {
    const { remember } = await loadMerged(home, { now: () => now });
    const before = await loadDocument(home.overrides, rememberedSchema);
    if (remember.length > 0 || before !== null)
      await saveDocument(home.overrides, rememberedSchema, { format: 1, overrides: [...remember] });
  } catch (error) {
    refusedOrThrow(error);
  }
}
