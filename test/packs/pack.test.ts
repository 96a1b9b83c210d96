import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../base/json.js';
import { encodeItem, type Item, type ItemKind, itemKinds } from '../../packs/item.js';
import {
  openArchive,
  openContentKey,
  openPack,
  type PackPolicy,
  readPack,
  sealPack,
  verifyPack,
} from '../../packs/pack.js';
import { openerOf } from '../../keys/sealing.js';
import { signerOf } from '../../keys/signing.js';
import { CodedError } from '../../base/error.js';
import { expectCode } from '../support/expect-code.js';
import {
  distribution,
  distributionKey,
  hostKey,
  otherReleaseKey,
  packInput,
  policy,
  recipients,
  releaseKey,
  sampleItems,
  signers,
} from './sample.js';

function verified(bytes: Uint8Array, by: PackPolicy = policy) {
  const unverified = readPack(bytes);
  if (!unverified) throw new Error('expected a pack, got null');
  return verifyPack(unverified, by);
}

async function open(bytes: Uint8Array, contentKey: Uint8Array) {
  return openPack(verified(bytes), contentKey);
}

const sorted = [...sampleItems].sort((a, b) => (a.kind + a.id < b.kind + b.id ? -1 : 1));

describe('sealPack and openPack', () => {
  test('give back the items, sorted by kind and id, with a manifest that counts them', async () => {
    const sealed = await sealPack(packInput({ build: { sources: ['a'] }, rollbackOf: '2026.06.30' }), {
      signers,
      recipients,
    });
    const pack = verified(sealed.bytes);
    expect(pack.header).toEqual(sealed.header);
    expect(pack.keyids).toEqual([releaseKey.publicKey.keyid]);
    const contentKey = openContentKey(pack.header, distribution);
    expect(contentKey).toEqual(sealed.contentKey);
    const { header, manifest, items } = await openPack(pack, contentKey);
    expect(header).toBe(pack.header);
    expect(items).toEqual(sorted);
    expect(manifest).toMatchObject({
      feature: 'sigma',
      pack: 'core',
      contentDigest: sealed.contentDigest,
      counts: { attribution: 1, ioc: 1, pool: 1, sigma: 2, triage: 1 },
      rollbackOf: '2026.06.30',
      build: { sources: ['a'] },
    });
  });

  test('round-trip any items', async () => {
    const value = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }));
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text));
    const item = fc.tuple(fc.constantFrom(...itemKinds), id, value).map(([kind, itemId, members]) => {
      delete members['id'];
      return encodeItem(kind, itemId, JSON.parse(canonicalJson(members)) as Json);
    });
    const items = fc.uniqueArray(item, { selector: (one) => `${one.kind} ${one.id}`, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(items, async (list) => {
        const { bytes, contentKey, contentDigest } = await sealPack(packInput({ items: list }), {
          signers,
          recipients,
        });
        const opened = await open(bytes, contentKey);
        expect(new Set(opened.items.map(serialise))).toEqual(new Set(list.map(serialise)));
        expect(opened.items).toHaveLength(list.length);
        expect(opened.manifest.contentDigest).toBe(contentDigest);
      }),
      { numRuns: 60 },
    );
  });

  test('are deterministic: one content digest and one plaintext archive, whatever the order, under different keys', async () => {
    const first = await sealPack(packInput(), { signers, recipients });
    const second = await sealPack(packInput({ items: sampleItems.toReversed() }), { signers, recipients });
    expect(second.contentDigest).toBe(first.contentDigest);
    expect(await openArchive(verified(second.bytes), second.contentKey)).toEqual(
      await openArchive(verified(first.bytes), first.contentKey),
    );
    expect(second.contentKey).not.toEqual(first.contentKey);
    expect(second.header.payload.sha256).not.toBe(first.header.payload.sha256);
  });

  test('seal to several recipients, sorted by key id', async () => {
    const keys = [distributionKey, hostKey];
    const { header, contentKey } = await sealPack(packInput(), {
      signers,
      recipients: keys.map(({ publicKey }) => publicKey),
    });
    expect(header.recipients.map(({ keyid }) => keyid)).toEqual(keys.map(({ publicKey }) => publicKey.keyid).sort());
    for (const key of keys) expect(openContentKey(header, openerOf(key))).toEqual(contentKey);
  });

  test('refuse wrong input', async () => {
    const sealWith = (changes: Parameters<typeof packInput>[0]) => () =>
      sealPack(packInput(changes), { signers, recipients });
    const [first] = sampleItems as [Item];
    await expectCode('item-duplicate', sealWith({ items: [first, first] }));
    const copy = { kind: first.kind, id: 'other', line: first.line } as unknown as Item;
    await expectCode('item-malformed', sealWith({ items: [copy] }));
    await expectCode('manifest-malformed', sealWith({ pack: '../core' }));
    await expectCode('manifest-malformed', sealWith({ sequence: 0 }));
    await expectCode('manifest-malformed', sealWith({ createdAt: '2026-02-30T00:00:00Z' }));
    await expectCode('manifest-malformed', sealWith({ minimumClient: '1.0' }));
    await expectCode('header-malformed', () => sealPack(packInput(), { signers, recipients: [] }));
    await expectCode('header-malformed', () =>
      sealPack(packInput(), { signers, recipients: [...recipients, ...recipients] }),
    );
    await expectCode('key-kind', () => sealPack(packInput(), { signers, recipients: [releaseKey.publicKey] }));
    await expectCode('signature-duplicate', () =>
      sealPack(packInput(), { signers: [...signers, ...signers], recipients }),
    );
  });
});

const small = await sealPack(packInput({ items: sampleItems.slice(0, 1) }), { signers, recipients });

/** The code that the bytes are refused with, `null` for a file that is not taken for a pack. */
async function refusal(bytes: Uint8Array): Promise<string | null> {
  try {
    const unverified = readPack(bytes);
    if (unverified === null) return null;
    await openPack(verifyPack(unverified, policy), small.contentKey);
  } catch (error) {
    if (error instanceof CodedError) return (error as CodedError).code;
    throw error;
  }
  throw new Error('expected a refusal, got the pack opened');
}

describe('a small pack', () => {
  test('is refused with any single byte flipped, every byte', async () => {
    await open(small.bytes, small.contentKey);
    const seen = new Map<string | null, number>();
    for (let at = 0; at < small.bytes.length; at++) {
      const flipped = Uint8Array.from(small.bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const code = await refusal(flipped);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
    expect([...seen.values()].reduce((sum, n) => sum + n)).toBe(small.bytes.length);
    expect(seen.get(null)).toBe(5);
    expect(seen.get('payload-hash')).toBe(small.header.payload.length);
    expect([...seen.keys()].sort()).toEqual(
      [
        'envelope-malformed',
        'header-length',
        'pack-truncated',
        'payload-hash',
        'payload-type',
        'signature-invalid',
        'signature-unknown-key',
        null,
      ].sort(),
    );
  });

  test('is refused when cut at every length', async () => {
    for (let length = 0; length < small.bytes.length; length++) {
      const code = await refusal(small.bytes.subarray(0, length));
      const payloadStart = small.bytes.length - small.header.payload.length;
      expect(code, `cut at ${length}`).toBe(
        length < 5 ? null : length < payloadStart ? 'pack-truncated' : 'payload-truncated',
      );
    }
  });

  test('is refused when extended', async () => {
    for (const extra of [1, 16, 17, 100, 65_536])
      expect(await refusal(Buffer.concat([small.bytes, Buffer.alloc(extra)]))).toBe('payload-extended');
    expect(await refusal(Buffer.concat([small.bytes, small.bytes]))).toBe('payload-extended');
  });
});

describe('readPack', () => {
  test('takes nothing but the magic for its own', () => {
    expect(readPack(new Uint8Array())).toBeNull();
    expect(readPack(Buffer.from('yms1'))).toBeNull();
    expect(readPack(Buffer.from('yms2\n'))).toBeNull();
    expect(readPack(Buffer.from('# THOR encrypted signatures\n'))).toBeNull();
  });

  test('refuses a header length of zero or beyond the limit before it reads on', async () => {
    await expectCode('header-length', () => readPack(Buffer.from('yms1\n\0\0\0\0')));
    await expectCode('header-length', () => readPack(Buffer.from('yms1\n\xff\xff\xff\xff', 'latin1')));
    await expectCode('pack-truncated', () => readPack(Buffer.from('yms1\n\0\x10\0\0')));
  });

  test('reads a pack that stands inside a larger buffer', async () => {
    const around = Buffer.concat([Buffer.from('front'), small.bytes, Buffer.from('back')]);
    const inside = around.subarray(5, 5 + small.bytes.length);
    expect((await open(inside, small.contentKey)).items).toHaveLength(1);
  });
});

describe('verifyPack', () => {
  test('counts distinct keys', async () => {
    const keys = [releaseKey.publicKey, otherReleaseKey.publicKey];
    await expectCode('signature-threshold', () => verified(small.bytes, { keys, threshold: 2 }));
    const both = await sealPack(packInput(), { signers: [...signers, signerOf(otherReleaseKey)], recipients });
    expect(verified(both.bytes, { keys, threshold: 2 }).keyids).toHaveLength(2);
    await expectCode('signature-unknown-key', () => verified(both.bytes));
  });

  test('compares the identity that the reader expects', async () => {
    for (const member of ['feature', 'pack', 'channel'] as const) {
      expect(verified(small.bytes, { ...policy, expect: { [member]: small.header[member] } }).header).toBeDefined();
      await expectCode('pack-identity', () => verified(small.bytes, { ...policy, expect: { [member]: 'other' } }));
    }
  });

  test('refuses a header that stands before another payload', async () => {
    const other = await sealPack(packInput({ items: sampleItems.slice(1, 2) }), { signers, recipients });
    const start = small.bytes.length - small.header.payload.length;
    const moved = Buffer.concat([
      small.bytes.subarray(0, start),
      other.bytes.subarray(other.bytes.length - other.header.payload.length),
    ]);
    const code = await refusal(moved);
    expect(['payload-hash', 'payload-truncated', 'payload-extended']).toContain(code);
  });
});

describe('openPack', () => {
  test("refuses another pack's content key, and one of another length", async () => {
    const other = await sealPack(packInput(), { signers, recipients });
    await expectCode('key-commitment', () => open(small.bytes, other.contentKey));
    await expectCode('key-commitment', () => open(small.bytes, small.contentKey.subarray(1)));
  });
});

function serialise({ kind, id, line }: { kind: ItemKind; id: string; line: string }): string {
  return JSON.stringify([kind, id, line]);
}
