import { encodeItem, type Item } from '../../packs/item.js';
import type { PackInput } from '../../packs/pack.js';
import { newSealingKey, openerOf } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';

export const releaseKey = newSigningKey(Buffer.alloc(32, 1));
export const otherReleaseKey = newSigningKey(Buffer.alloc(32, 2));
export const distributionKey = newSealingKey(Buffer.alloc(32, 3));
export const hostKey = newSealingKey(Buffer.alloc(32, 4));

export const signers = [signerOf(releaseKey)];
export const recipients = [distributionKey.publicKey];
export const policy = { keys: [releaseKey.publicKey], threshold: 1 };
export const distribution = openerOf(distributionKey);

export const sampleItems: readonly Item[] = [
  encodeItem('sigma', '00000000-0000-4000-8000-000000000002', { title: 'two' }),
  encodeItem('sigma', '00000000-0000-4000-8000-000000000001', { title: 'one' }),
  encodeItem('ioc', 'domain:c2.example', { score: 70 }),
  encodeItem('pool', 'fqdn:pool.example', { port: 3333 }),
  encodeItem('triage', 'triage:proxy', { points: 1 }),
  encodeItem('attribution', 'DRL-1.1', { text: 'Detection Rule License 1.1' }),
];

export function packInput(changes: Partial<PackInput> = {}): PackInput {
  return {
    feature: 'sigma',
    pack: 'core',
    version: '2026.07.01',
    sequence: 1,
    channel: 'stable',
    createdAt: '2026-07-01T00:00:00Z',
    minimumClient: '0.1.0',
    items: sampleItems,
    ...changes,
  };
}
