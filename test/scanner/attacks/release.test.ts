import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeBase64, sha256Hex } from '../../../base/bytes.js';
import type { SecretKey } from '../../../keys/key.js';
import { sealTo } from '../../../keys/sealing.js';
import { signEnvelope, signerOf } from '../../../keys/signing.js';
import { compress } from '../../../packs/compression.js';
import { encodeHeader, packPayloadType, type PackHeader } from '../../../packs/header.js';
import type { SealedPack } from '../../../packs/pack.js';
import { sealPayload } from '../../../packs/payload.js';
import { update } from '../../../scanner/update/update.js';
import { type AttackScene, attackScene, core, good } from '../../support/attack-scene.js';
import { rule } from '../../support/distribution.js';
import { activeRules } from '../../support/endpoint.js';

let distribution: AttackScene['distribution'];
let repository: AttackScene['repository'];
let license: AttackScene['license'];
let endpoint: AttackScene['endpoint'];
const { refusesPack } = attackScene((scene) => ({ distribution, repository, license, endpoint } = scene));

describe('a release', () => {
  test('one release key signing another feature’s path', async () => {
    license.features = ['premium', 'sigma'];
    const forged = await distribution.seal('premium/extra/stable', 1, [rule('evil')]);
    repository.putTarget(repository.role('sigma'), 'premium/extra/stable.yms', forged.bytes, {
      kind: 'full',
      version: forged.header.version,
      sequence: 1,
    });
    distribution.releases.set('premium/extra/stable', forged);
    repository.publish();
    const { packs } = await update(endpoint);
    expect(packs.map(({ feature, refusal }) => `${feature} ${refusal?.code}`)).toEqual([
      'premium target-missing',
      'sigma undefined',
    ]);
    expect(await activeRules(endpoint)).toEqual(good);
  });

  test('one release key signing another feature’s pack', async () => {
    const sealed = await distribution.seal(core, 6, [rule('evil')]);
    const bytes = resign(sealed, sealed.header, repository.keysOf('premium'));
    distribution.list(core, sealed, bytes);
    repository.publish();
    await refusesPack('signature-unknown-key');
  });

  test('another pack’s recipients and commitment copied into a header', async () => {
    const dear = await distribution.seal('premium/extra/stable', 6, [rule('dear')]);
    const cheap = await distribution.seal(core, 6, [rule('cheap')]);
    const { recipients, keyCommitment } = dear.header;
    const header = { ...cheap.header, recipients, keyCommitment };
    distribution.list(core, cheap, resign(cheap, header, repository.keysOf('sigma')));
    repository.publish();
    // A server that seals what it opened again, without recomputing the commitment.
    const host = license.hosts[0]?.key ?? expect.fail('no host');
    const sealed = encodeBase64(sealTo(host, dear.contentKey));
    distribution.alterLicense = (document) => ({
      ...document,
      grants: document.grants.map((grant) => ({ ...grant, keyCommitment, sealed })),
    });
    await refusesPack('key-commitment');
  });

  test('a grant for another content key', async () => {
    await distribution.release(core, 6);
    distribution.alterLicense = (document) => ({
      ...document,
      grants: document.grants.map((grant) => ({ ...grant, keyCommitment: '0'.repeat(64) })),
    });
    await refusesPack('grant-mismatch');
  });

  test('a grant that is not there', async () => {
    await distribution.release(core, 6);
    distribution.alterLicense = (document) => ({ ...document, grants: [] });
    await refusesPack('grant-missing');
  });

  test('flipped bit: all over a small pack', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    for (let at = 0; at < sealed.bytes.length; at += 37) {
      const bytes = Buffer.from(sealed.bytes);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      distribution.list(core, sealed, bytes); // listed and signed by the role, as it is
      repository.publish();
      const { packs } = await update(endpoint);
      expect(packs, `byte ${at}`).toMatchObject([{ outcome: 'refused' }]);
    }
    expect(await activeRules(endpoint)).toEqual(good);
  });

  test('a flipped bit on the way', async () => {
    const sealed = await distribution.release(core, 6);
    const bytes = Buffer.from(sealed.bytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    distribution.intercept = (_, path) => (path.endsWith('stable.yms') ? { status: 200, body: bytes } : undefined);
    await refusesPack('target-mismatch');
  });

  test('truncated payload', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    distribution.list(core, sealed, sealed.bytes.subarray(0, -1));
    repository.publish();
    await refusesPack('payload-truncated');
  });

  test('extended payload', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    distribution.list(core, sealed, concatBytes(sealed.bytes, new Uint8Array(1)));
    repository.publish();
    await refusesPack('payload-extended');
  });

  test('reordered payload', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    const bytes = Buffer.from(sealed.bytes);
    bytes.subarray(-64).reverse();
    distribution.list(core, sealed, bytes);
    repository.publish();
    await refusesPack('payload-hash');
  });

  test('header moved to another payload', async () => {
    const one = await distribution.seal(core, 6, [rule('rule-6')]);
    const other = await distribution.seal(core, 6, [rule('rule-6')]); // under another key, of the same length
    const headerEnd = one.bytes.length - one.header.payload.length;
    const payload = other.bytes.subarray(other.bytes.length - other.header.payload.length);
    distribution.list(core, one, concatBytes(one.bytes.subarray(0, headerEnd), payload));
    repository.publish();
    await refusesPack('payload-hash');
  });

  test.each([
    ['a path out of it', '../evil', 'archive-path'],
    ['an absolute path', '/etc/cron.d/evil', 'archive-path'],
    ['a name of nothing that packs hold', 'evil.sh', 'archive-name'],
  ])('archive escape: %s', async (_, name, code) => {
    const tar = pack();
    tar.entry({ name: 'manifest.json' }, '{}');
    tar.entry({ name }, 'evil');
    tar.finalize();
    const archive = await buffer(tar);
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    const payload = sealPayload(await compress(archive), sealed.contentKey);
    const header = {
      ...sealed.header,
      payload: { length: payload.length, sha256: sha256Hex(payload) },
      contentLength: archive.length,
    };
    distribution.list(core, sealed, container(header, payload, repository.keysOf('sigma')));
    repository.publish();
    await refusesPack(code);
  });

  test('an older pack listed again', async () => {
    const old = await distribution.seal(core, 4, [rule('rule-4')]);
    distribution.list(core, old);
    repository.publish();
    await refusesPack('sequence-rollback');
  });

  test('another pack under the same sequence', async () => {
    distribution.list(core, await distribution.seal(core, 5, [rule('other')]));
    repository.publish();
    await refusesPack('sequence-rollback');
  });

  test('an older pack listed as a newer one', async () => {
    const old = await distribution.seal(core, 4, [rule('rule-4')]);
    distribution.list(core, { ...old, header: { ...old.header, sequence: 6 } });
    distribution.releases.set(core, old);
    repository.publish();
    await refusesPack('pack-mismatch');
  });

  test('a pack of another name', async () => {
    const other = await distribution.seal('sigma/other/stable', 6, [rule('rule-6')]);
    const before = distribution.releases.get(core) ?? expect.fail('no release');
    distribution.list(core, other);
    distribution.releases.set(core, before);
    repository.publish();
    await refusesPack('pack-identity');
  });

  test('a pack for a newer program', async () => {
    await distribution.release(core, 6, [rule('rule-6')], { minimumClient: '9.0.0' });
    await refusesPack('client-too-old');
  });

  test('something that is no pack', async () => {
    const sealed = await distribution.seal(core, 6, [rule('rule-6')]);
    distribution.list(core, sealed, Buffer.from('PK\u0003\u0004 an archive'));
    repository.publish();
    await refusesPack('pack-mismatch');
  });

  test('endless data instead of a pack', async () => {
    await distribution.release(core, 6);
    distribution.intercept = (_, path) =>
      path.endsWith('stable.yms') ? { status: 200, body: 'x'.repeat(65_536), endless: true } : undefined;
    await refusesPack('http-too-large');
  });

  test('an answer cut half-way is gone on with', async () => {
    const sealed = await distribution.release(core, 6);
    let cuts = 0;
    distribution.intercept = (_, path, headers) =>
      path.endsWith('stable.yms') && headers.range === undefined && cuts++ === 0
        ? { status: 200, body: sealed.bytes, headers: { etag: '"e"' }, cutAt: 500 }
        : undefined;
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  test('an answer cut half-way, each time', async () => {
    const sealed = await distribution.release(core, 6);
    distribution.intercept = (_, path) =>
      path.endsWith('stable.yms') ? { status: 200, body: sealed.bytes, cutAt: 100 } : undefined;
    await refusesPack('http-truncated');
  });
});

/** The pack with another header, signed by these keys. */
function resign(sealed: SealedPack, header: PackHeader, keys: readonly SecretKey[]): Uint8Array {
  return container(header, sealed.bytes.subarray(sealed.bytes.length - sealed.header.payload.length), keys);
}

function container(header: PackHeader, payload: Uint8Array, keys: readonly SecretKey[]): Uint8Array {
  const envelope = signEnvelope(packPayloadType, encodeHeader(header), keys.map(signerOf));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(envelope.length);
  return concatBytes(Buffer.from('yms1\n'), length, envelope, payload);
}
