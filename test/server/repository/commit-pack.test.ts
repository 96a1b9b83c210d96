import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJsonBytes } from '../../../base/json.js';
import { encodeEnvelope, preAuthEncoding } from '../../../keys/envelope.js';
import type { TargetsRole } from '../../../keys/roles.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { signerOf } from '../../../keys/signing.js';
import { type PackHeader, packPayloadType } from '../../../packs/header.js';
import { readPack, type SealedPack } from '../../../packs/pack.js';
import { smallPack } from '../../support/people.js';
import { expectStatus, TestServer } from '../../support/server.js';
import { refused, uploaded } from './commit-support.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
  await server.holdCeremony();
});
afterEach(() => server.stop());

describe('a pack is refused', () => {
  const entryOf =
    (pack: SealedPack, change: (header: PackHeader) => object) =>
    (role: TargetsRole): TargetsRole => ({
      ...role,
      version: 1,
      targets: Object.fromEntries(
        Object.entries(role.targets).map(([path, entry]) => [
          path,
          { ...entry, custom: change(pack.header) } as TargetsRole['targets'][string],
        ]),
      ),
    });

  test('that was not uploaded, or has another length', async () => {
    const pack = await server.seal('sigma', 1);
    await refused(server, 422, 'blob-missing', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack]) } }),
    );
    await uploaded(server, pack);
    const change = (role: TargetsRole): TargetsRole => ({
      ...role,
      version: 1,
      targets: Object.fromEntries(Object.entries(role.targets).map(([p, e]) => [p, { ...e, length: e.length + 1 }])),
    });
    await refused(server, 422, 'blob-length', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack], { change }) } }),
    );
  });

  test('that is another file, or was cut', async () => {
    const pack = await server.seal('sigma', 1);
    const text = await uploaded(server, { ...pack, bytes: Buffer.from('not a pack') });
    await refused(server, 422, 'target-pack', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [text]) } }),
    );
    server.trustDomain.roles.delete('sigma');
    const cut = await uploaded(server, { ...pack, bytes: pack.bytes.subarray(0, pack.bytes.length - 1) });
    await refused(server, 422, 'payload-truncated', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [cut]) } }),
    );
  });

  test('whose header another feature signed, or names another pack or channel', async () => {
    const foreign = await smallPack(
      { feature: 'sigma', pack: 'core', sequence: 1 },
      { signers: server.trustDomain.releaseKeys.get('premium') ?? [], recipients: [server.publicKeys.distribution] },
    );
    await uploaded(server, foreign);
    await refused(server, 422, 'signature-unknown-key', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [foreign]) } }),
    );
    for (const named of [{ pack: 'other' }, { channel: 'beta' }, { feature: 'premium' }]) {
      server.trustDomain.roles.delete('sigma');
      const pack = await smallPack(
        { feature: 'sigma', pack: 'core', sequence: 1, ...named },
        { signers: server.trustDomain.releaseKeys.get('sigma') ?? [], recipients: [server.publicKeys.distribution] },
      );
      await uploaded(server, pack);
      const placed = { ...pack, header: { ...pack.header, feature: 'sigma', pack: 'core', channel: 'stable' } };
      await refused(server, 422, 'pack-identity', () =>
        server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [placed]) } }),
      );
    }
  });

  test('whose role entry says another kind, version or sequence', async () => {
    const pack = await uploaded(server, await server.seal('sigma', 1));
    const wrong = [
      ({ kind, version }: PackHeader) => ({ kind, version, sequence: 7 }),
      ({ kind, sequence }: PackHeader) => ({ kind, sequence, version: 'other' }),
      ({ version, sequence }: PackHeader) => ({ kind: 'delta', version, sequence }),
      ({ kind, version, sequence }: PackHeader) => ({ kind, version, sequence, from: { version: 'x' } }),
    ];
    for (const change of wrong)
      await refused(server, 422, 'target-custom', () =>
        server.commit({
          roles: { sigma: server.trustDomain.nextRole('sigma', [pack], { change: entryOf(pack, change) }) },
        }),
      );
  });

  test('that is not sealed to this server', async () => {
    const pack = await smallPack(
      { feature: 'sigma', pack: 'core', sequence: 1 },
      { signers: server.trustDomain.releaseKeys.get('sigma') ?? [], recipients: [newSealingKey().publicKey] },
    );
    await uploaded(server, pack);
    await refused(server, 422, 'not-a-recipient', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [pack]) } }),
    );
  });

  test('that carries the recipients and the commitment of a premium pack (key laundering)', async () => {
    const premium = await server.publish('premium', 1);
    const cheap = await server.seal('sigma', 1);
    for (const stolen of [
      { recipients: premium.header.recipients },
      { recipients: premium.header.recipients, keyCommitment: premium.header.keyCommitment },
    ]) {
      server.trustDomain.roles.delete('sigma');
      const forged = resign(cheap, { ...cheap.header, ...stolen }, server);
      await uploaded(server, forged);
      await refused(server, 422, 'key-commitment', () =>
        server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [forged]) } }),
      );
    }
  });

  test('with a sequence that does not rise, unless it is the same file', async () => {
    const second = await server.publish('sigma', 2);
    const older = await uploaded(server, await server.seal('sigma', 1));
    const equal = await uploaded(server, await server.seal('sigma', 2));
    for (const pack of [older, equal]) {
      const answer = await refused(server, 409, 'target-sequence', () =>
        server.commit({
          roles: {
            sigma: server.trustDomain.nextRole('sigma', [pack], { change: (role) => ({ ...role, version: 2 }) }),
          },
        }),
      );
      expect(answer.json?.['place']).toEqual({ file: 'sigma/core/stable.yms' });
    }
    await server.publish('sigma', 3).catch(() => undefined);
    server.trustDomain.roles.delete('sigma');
    const refresh = server.trustDomain.nextRole('sigma', [second], { change: (role) => ({ ...role, version: 2 }) });
    await expectStatus(201, server.commit({ roles: { sigma: refresh } }));
  });

  test('that was withdrawn does not come back under its old number', async () => {
    const first = await server.publish('sigma', 1);
    await server.publish('sigma', 2);
    await refused(server, 409, 'target-sequence', () =>
      server.commit({ roles: { sigma: server.trustDomain.nextRole('sigma', [first]) } }),
    );
  });
});

/** The same payload under a header that the feature's own keys sign: what a dishonest publisher can make. */
function resign(pack: SealedPack, header: PackHeader, from: TestServer): SealedPack {
  const unverified = readPack(pack.bytes);
  if (!unverified) throw new Error('no pack');
  const payload = canonicalJsonBytes(header);
  const message = preAuthEncoding(packPayloadType, payload);
  const signatures = (from.trustDomain.releaseKeys.get(header.feature) ?? []).map((secret) => ({
    keyid: secret.publicKey.keyid,
    sig: signerOf(secret).sign(message),
  }));
  const envelope = encodeEnvelope({ payloadType: packPayloadType, payload, signatures });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(envelope.length);
  return { ...pack, header, bytes: Buffer.concat([Buffer.from('yms1\n'), length, envelope, unverified.payload]) };
}
