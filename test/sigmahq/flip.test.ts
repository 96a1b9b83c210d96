/** A pack of all public rules, one bit flipped at 10,000 seeded places: none is read, and the file as it was still is. */
import { expect, test } from 'vitest';
import { CodedError } from '../../base/error.js';
import { packItems } from '../../builder/release/build.js';
import { compilePack } from '../../builder/compile/compile.js';
import { parseConfig } from '../../builder/config/config.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import { openPack, readPack, sealPack, verifyPack } from '../../packs/pack.js';

const sigmaDir = process.env['SIGMAHQ_DIR'];
const places = 10_000;

test.runIf(sigmaDir !== undefined)('flipped bit: 10,000 seeded places of the whole public rules', async () => {
  const yaml = 'packs:\n  core:\n    feature: sigma\n    faulty: leave-out\n    sources: [rules]\n';
  const pack = parseConfig(yaml, 'yms.yaml', sigmaDir ?? '').config?.packs[0];
  if (!pack) return expect.fail('no configuration');
  const items = packItems(await compilePack(sigmaDir ?? '', pack));
  expect(items.length).toBeGreaterThan(3000);

  const signing = newSigningKey(new Uint8Array(32).fill(1));
  const identity = { feature: 'sigma', pack: 'core', channel: 'stable', version: '1', sequence: 1 };
  const sealed = await sealPack(
    { ...identity, createdAt: '2026-08-05T00:00:00Z', minimumClient: '0.1.0', items },
    { signers: [signerOf(signing)], recipients: [newSealingKey().publicKey] },
  );
  const policy = { keys: [signing.publicKey], threshold: 1 };
  const verify = (bytes: Uint8Array) => {
    const unverified = readPack(bytes);
    return unverified === null ? null : verifyPack(unverified, policy);
  };

  const bytes = Uint8Array.from(sealed.bytes);
  const accepted: number[] = [];
  for (const { at, bit } of seededPlaces(places, bytes.length)) {
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    try {
      if (verify(bytes) !== null) accepted.push(at); // null: the magic is gone, so it is no pack of ours
    } catch (error) {
      expect(error, `byte ${at}`).toBeInstanceOf(CodedError);
    }
    bytes[at] = (bytes[at] ?? 0) ^ bit;
  }
  expect(accepted).toEqual([]);

  const verified = verify(bytes);
  if (!verified) return expect.fail('the pack as it was is not read');
  expect((await openPack(verified, sealed.contentKey)).items).toHaveLength(items.length);
});

/** The same places at each run (mulberry32). */
function* seededPlaces(count: number, length: number): Generator<{ at: number; bit: number }> {
  let state = 20_260_805;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < count; i++) yield { at: Math.floor(next() * length), bit: 1 << Math.floor(next() * 8) };
}
