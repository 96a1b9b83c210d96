import { describe, expect, test } from 'vitest';
import { canonicalJsonBytes } from '../../base/json.js';
import {
  checkCounts,
  checkIdentity,
  countItems,
  encodeManifest,
  type Manifest,
  parseManifest,
} from '../../packs/manifest.js';
import { sealPack } from '../../packs/pack.js';
import { expectCode } from '../support/expect-code.js';
import { packInput, recipients, sampleItems, signers } from './sample.js';

const { items, ...identity } = packInput();
const { header } = await sealPack(packInput(), { signers, recipients });
const manifest: Manifest = {
  kind: 'full',
  ...identity,
  contentDigest: 'a'.repeat(64),
  counts: countItems(items),
};

describe('manifest', () => {
  test('comes back as it was encoded, with and without what is optional', () => {
    expect(parseManifest(encodeManifest(manifest))).toEqual(manifest);
    const full = { ...manifest, rollbackOf: '2026.06.01', build: null };
    expect(parseManifest(encodeManifest(full))).toEqual(full);
  });

  test('is strict', async () => {
    for (const changes of [{ note: 1 }, { contentDigest: 'A' }, { counts: {} }, { rollbackOf: '' }, { sequence: 0 }])
      await expectCode('manifest-malformed', () => parseManifest(canonicalJsonBytes({ ...manifest, ...changes })));
    await expectCode('manifest-malformed', () => parseManifest(Buffer.from(JSON.stringify(manifest))));
    await expectCode('manifest-malformed', () => parseManifest(new Uint8Array()));
  });

  test('speaks of the pack of its header', async () => {
    checkIdentity(manifest, header);
    const other = {
      kind: 'delta',
      feature: 'x',
      pack: 'x',
      version: 'x',
      sequence: 2,
      channel: 'x',
      createdAt: '2026-07-01T00:00:01Z',
      minimumClient: '0.1.1',
    } as const;
    for (const [member, value] of Object.entries(other))
      await expectCode('manifest-mismatch', () => checkIdentity({ ...manifest, [member]: value }, header));
  });

  test('counts its items by kind', async () => {
    checkCounts(manifest, sampleItems);
    await expectCode('manifest-mismatch', () => checkCounts(manifest, sampleItems.slice(1)));
    await expectCode('manifest-mismatch', () => checkCounts(manifest, []));
  });
});
