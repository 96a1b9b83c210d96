import { describe, expect, test } from 'vitest';
import { encodeBase64, utf8 } from '../../../base/bytes.js';
import { canonicalJson } from '../../../base/json.js';
import { sealTo } from '../../../keys/sealing.js';
import { hostStatus } from '../../../scanner/license/host-status.js';
import { update } from '../../../scanner/update/update.js';
import { type AttackScene, attackScene, core, good } from '../../support/attack-scene.js';
import { rule } from '../../support/distribution.js';
import { activateAt, activeFlags, activeRules } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';

/** A server that is taken over may answer what it likes: nothing of it may leave a state that does not load again. */
let distribution: AttackScene['distribution'];
let license: AttackScene['license'];
let endpoint: AttackScene['endpoint'];
const { refusesAll } = attackScene((scene) => ({ distribution, license, endpoint } = scene));

const onlyHost = () => license.hosts[0] ?? expect.fail('no host');

describe('an answer of the server', () => {
  test('a document with an ETag longer than is kept: taken, and asked for without it', async () => {
    await distribution.release(core, 6);
    const body = distribution.issue(license, onlyHost());
    const headers = { etag: `"${'e'.repeat(300)}"` };
    distribution.intercept = (_, path) => (path === 'v1/license' ? { status: 200, body, headers } : undefined);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
    await update(endpoint);
    expect(await activeFlags(endpoint)).toEqual([]);
  });

  test.each([
    ['none', ''],
    ['one with a line feed', 'token\nx-admin: 1'],
    ['one that is no ASCII', 'tökén'],
    ['one longer than any header', 't'.repeat(1001)],
  ])('a host token: %s', async (_, token) => {
    const { id, key } = onlyHost();
    const sealedToken = encodeBase64(sealTo(key, utf8(token)));
    const body = canonicalJson({ hostId: id, licenseId: license.id, sealedToken });
    distribution.intercept = (_, path) => (path === 'v1/activations' ? { status: 201, body } : undefined);
    await expectCode('answer-malformed', () => activateAt(endpoint, distribution, license));
    expect(await activeRules(endpoint)).toEqual(good);
    await update(endpoint); // with the token that it has
  });

  test.each(['hostId', 'licenseId'])('a %s that no document could have', async (member) => {
    const { id, key } = onlyHost();
    const sealedToken = encodeBase64(sealTo(key, utf8('token')));
    const body = JSON.stringify({ hostId: id, licenseId: license.id, sealedToken, [member]: '\ud800' });
    distribution.intercept = (_, path) => (path === 'v1/activations' ? { status: 201, body } : undefined);
    await expectCode('answer-malformed', () => activateAt(endpoint, distribution, license));
    expect(await activeRules(endpoint)).toEqual(good);
  });

  test('a refusal whose words are cut inside of a character', async () => {
    const body = JSON.stringify({ code: 'license-suspended', detail: `${'a'.repeat(199)}😀` });
    distribution.intercept = (_, path) => (path === 'v1/license' ? { status: 403, body } : undefined);
    await refusesAll('license-suspended');
  });

  test('metadata whose fault is quoted with half a character', async () => {
    const body = String.raw`{"\ud800":1,"\ud800":2}`;
    distribution.intercept = (_, path) => (path.endsWith('timestamp.json') ? { status: 200, body } : undefined);
    await refusesAll('metadata-malformed');
  });

  test('a pack whose name does not fit into the state: it alone is refused', async () => {
    await distribution.release(core, 6);
    await distribution.release('sigma/x--y/stable', 1, [rule('evil')]);
    const { packs } = await update(endpoint);
    expect(packs.map(({ pack, outcome, refusal }) => `${pack} ${outcome} ${refusal?.code}`)).toEqual([
      'core updated undefined',
      'x--y refused pack-mismatch',
    ]);
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });
});

test('a status whose message is cut inside of a character can be sent', () => {
  const status = hostStatus('0.1.0', 1, [], { code: 'pack-unloadable', message: `${'a'.repeat(999)}😀` });
  expect(canonicalJson(status)).toContain('a\ufffd"');
});
