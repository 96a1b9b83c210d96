import { describe, expect, test } from 'vitest';
import { openerOf } from '../../keys/sealing.js';
import {
  checkContentKey,
  keyCommitment,
  newContentKey,
  openContentKey,
  sealContentKey,
} from '../../packs/content-key.js';
import { expectCode } from '../support/expect-code.js';
import { distribution, distributionKey, hostKey } from './sample.js';

const release = { feature: 'sigma', kind: 'full', pack: 'core', sequence: 1, version: '1' } as const;
const contentKey = newContentKey();
const committed = { ...release, keyCommitment: keyCommitment(contentKey, release) };

describe('key commitment', () => {
  test('depends on the key and on each member of the release', () => {
    const commitments = [
      committed.keyCommitment,
      keyCommitment(newContentKey(), release),
      keyCommitment(contentKey, { ...release, feature: 'other' }),
      keyCommitment(contentKey, { ...release, kind: 'delta' }),
      keyCommitment(contentKey, { ...release, pack: 'other' }),
      keyCommitment(contentKey, { ...release, sequence: 2 }),
      keyCommitment(contentKey, { ...release, version: '2' }),
    ];
    expect(new Set(commitments).size).toBe(commitments.length);
  });

  test('does not depend on members beyond', () => {
    expect(keyCommitment(contentKey, { ...committed, channel: 'beta' } as typeof release)).toBe(
      committed.keyCommitment,
    );
  });

  test('is checked', async () => {
    expect(checkContentKey(contentKey, committed)).toBe(contentKey);
    await expectCode('key-commitment', () => checkContentKey(newContentKey(), committed));
    await expectCode('key-commitment', () => checkContentKey(contentKey, { ...committed, sequence: 2 }));
    await expectCode('key-commitment', () => checkContentKey(new Uint8Array(), committed));
    await expectCode('key-commitment', () => checkContentKey(new Uint8Array(65), committed));
  });
});

describe('openContentKey', () => {
  const header = { ...committed, recipients: [sealContentKey(contentKey, distributionKey.publicKey)] };

  test('opens for a recipient', () => {
    expect(openContentKey(header, distribution)).toEqual(contentKey);
  });

  test('refuses who is none, also under a borrowed key id', async () => {
    await expectCode('not-a-recipient', () => openContentKey(header, openerOf(hostKey)));
    const [{ sealed }] = header.recipients as [{ keyid: string; sealed: string }];
    const borrowed = { ...header, recipients: [{ keyid: hostKey.publicKey.keyid, sealed }] };
    await expectCode('sealed-box', () => openContentKey(borrowed, openerOf(hostKey)));
  });

  test('refuses a recipient entry that was copied from another pack', async () => {
    const premium = sealContentKey(newContentKey(), distributionKey.publicKey);
    await expectCode('key-commitment', () => openContentKey({ ...header, recipients: [premium] }, distribution));
  });
});
