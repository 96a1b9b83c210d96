import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeKeysJson } from '../../../keys/keys-json.js';
import { newSigningKey } from '../../../keys/signing.js';
import { maxSequenceStep } from '../../../packs/release-order.js';
import { expectStatus, TestServer } from '../../support/server.js';
import { refused, uploaded } from './commit-support.js';

/** Releases are ordered by (epoch, sequence): epochs never fall, and nobody uses the sequences of one up. */
let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
  await server.holdCeremony();
});
afterEach(() => server.stop());

/** `keys.json` of the server with these epochs, uploaded, and the next targets that list it. */
async function targetsWith(epochs: Readonly<Record<string, number>>): Promise<Uint8Array> {
  const { license, distribution } = server.publicKeys;
  const keysJson = encodeKeysJson({
    licenseKeys: [license],
    distributionKeys: [distribution],
    epochs: new Map(Object.entries(epochs)),
  });
  await server.upload(keysJson);
  return server.trustDomain.nextTargets(keysJson);
}

/** A role of sigma with a new pack of this sequence; `roles` is left as it was when the role is to be refused. */
async function roleWith(sequence: number, isRefused = false): Promise<Uint8Array> {
  const pack = await uploaded(server, await server.seal('sigma', sequence));
  const { roles } = server.trustDomain;
  const last = roles.get('sigma');
  const role = server.trustDomain.nextRole('sigma', [pack]);
  if (isRefused)
    if (last) roles.set('sigma', last);
    else roles.delete('sigma');
  return role;
}

describe('a sequence that jumps', () => {
  test.each([[[]], [[7]]])('further than a step from what was published (%j) is refused', async (published) => {
    for (const sequence of published) await server.publish('sigma', sequence);
    const most = (published.at(-1) ?? 0) + maxSequenceStep;
    for (const sequence of [most + 1, Number.MAX_SAFE_INTEGER]) {
      const role = await roleWith(sequence, true);
      const answer = await refused(server, 409, 'target-sequence', () => server.commit({ roles: { sigma: role } }));
      expect(answer.json).toMatchObject({ place: { file: 'sigma/core/stable.yms' } });
      expect(answer.json?.['detail']).toContain(`expected a sequence of at most ${most}, got `);
    }
    await server.publish('sigma', most);
    await server.publish('sigma', most + 1); // a step is from the newest
  });

  test('is measured from 0 again in a new epoch', async () => {
    await server.publish('sigma', maxSequenceStep);
    server.trustDomain.releaseKeys.set('sigma', [newSigningKey()]);
    const targets = await targetsWith({ sigma: 2 });
    const far = await roleWith(maxSequenceStep + 1, true);
    await refused(server, 409, 'target-sequence', () => server.commit({ targets, roles: { sigma: far } }));
    await expectStatus(201, server.commit({ targets, roles: { sigma: await roleWith(1) } }));
  });
});

describe('an epoch that falls', () => {
  test.each([
    ['by one', { premium: 2, sigma: 2 }],
    ['to the first', { premium: 2, sigma: 1 }],
    ['as its feature is no longer listed', { premium: 2 }],
    ['of a feature that has no role', { premium: 1, sigma: 3 }],
    ['while another rises', { 'mining-pools': 2, premium: 1, sigma: 3 }],
    ['as all are gone', {}],
  ])('%s is refused', async (_, epochs) => {
    const high = await targetsWith({ premium: 2, sigma: 3 });
    await expectStatus(201, server.commit({ targets: high, roles: { sigma: await roleWith(1) } }));
    const targets = await targetsWith(epochs);
    await refused(server, 422, 'epoch-fell', () => server.commit({ targets }));
    const role = await roleWith(2, true); // nor with a role beside it
    await refused(server, 422, 'epoch-fell', () => server.commit({ targets, roles: { sigma: role } }));
    await server.publish('sigma', 2);
  });

  test('is refused for a feature that is no longer delegated, and the same epochs are not', async () => {
    await expectStatus(201, server.commit({ targets: await targetsWith({ premium: 2 }) }));
    server.trustDomain.releaseKeys.delete('premium');
    const fallen = await targetsWith({});
    await refused(server, 422, 'epoch-fell', () => server.commit({ targets: fallen }));
    if (server.trustDomain.targets) server.trustDomain.targets = { ...server.trustDomain.targets, version: 2 };
    await expectStatus(201, server.commit({ targets: await targetsWith({ premium: 2 }) }));
  });
});
