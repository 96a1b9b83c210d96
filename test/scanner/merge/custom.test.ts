import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FixedClock } from '../../../base/clock.js';
import { canonicalJson } from '../../../base/json.js';
import { encodePublicKey, type SecretKey } from '../../../keys/key.js';
import { parsePublicKeyFile } from '../../../keys/keyfile.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../../keys/signing.js';
import { type Item } from '../../../packs/item.js';
import { sealPack } from '../../../packs/pack.js';
import { loadMerged } from '../../../scanner/merge/merged-ruleset.js';
import { type Endpoint, update } from '../../../scanner/update/update.js';
import { rule, TestDistribution } from '../../support/distribution.js';
import { activateAt, newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import { TestRepository } from '../../support/repository.js';

let distribution: TestDistribution;
let endpoint: Endpoint & { readonly clock: FixedClock };
const team = newSigningKey();

beforeEach(async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  distribution = new TestDistribution(new TestRepository(new FixedClock(now), ['ioc']));
  await distribution.start();
  await distribution.release('ioc/core/stable', 1, [rule('alpha'), rule('beta')]);
  endpoint = await newEndpoint(now);
  await activateAt(endpoint, distribution, distribution.sell(['ioc']));
  await update(endpoint);
});

afterEach(async () => {
  await distribution.stop();
  await removeEndpoint(endpoint);
});

async function put(file: string, content: string | Uint8Array): Promise<void> {
  const path = join(endpoint.home.customSignatures, file);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
}

async function merged() {
  const { rules, faults, overrides, disabled } = await loadMerged(endpoint.home, endpoint.clock);
  return {
    rules: rules.map(({ id, source }) => `${id.replace('keyword:', '')} ${source.file ?? source.pack ?? ''}`),
    faults: faults.map(({ code, place }) => `${place.file ?? ''}:${place.line ?? 0} ${code}`),
    overrides: overrides.map(({ id, upstreamChanged }) => `${id}${upstreamChanged ? ' changed' : ''}`),
    disabled: disabled.map(({ id, rules: taken }) => `${id} ${taken.length}`),
  };
}

async function hostKey() {
  return parsePublicKeyFile(await readFile(endpoint.home.hostPublicKey)).key;
}

async function customPack(
  items: Item[],
  over: { signer?: SecretKey; feature?: string; host?: SecretKey; minimumClient?: string } = {},
) {
  const input = {
    feature: over.feature ?? 'custom',
    pack: 'team',
    version: '7',
    sequence: 7,
    channel: 'stable',
    createdAt: '2026-03-01T12:00:00Z',
    minimumClient: over.minimumClient ?? '0.1.0',
    items,
  };
  const recipient = over.host?.publicKey ?? (await hostKey());
  return (await sealPack(input, { signers: [signerOf(over.signer ?? team)], recipients: [recipient] })).bytes;
}

async function trustTeam(...keys: SecretKey[]): Promise<void> {
  const document = { keys: keys.map(({ publicKey }) => encodePublicKey(publicKey)) };
  await writeFile(endpoint.home.customSigners, canonicalJson(document));
}

describe('custom-signatures', () => {
  test('without such a folder there are the packs alone', async () => {
    expect(await merged()).toMatchObject({ rules: ['alpha ioc/core/stable', 'beta ioc/core/stable'], faults: [] });
  });

  test('a folder that was asked for must be there', async () => {
    await expectCode('custom-unreadable', () => loadMerged(endpoint.home, endpoint.clock, '/nowhere/at/all'));
  });

  test('one broken file is reported with its line, and everything else loads', async () => {
    await put('sigma/broken.yml', 'title: Broken\nid: not-an-id\ndetection: [\n');
    await put('my-keywords.txt', 'gamma\nbeta\n');
    await put('disabled-rules.txt', 'keyword:alpha # too loud\n');
    const { rules, faults, overrides, disabled } = await merged();
    expect(rules.toSorted()).toEqual(['beta my-keywords.txt', 'gamma my-keywords.txt']);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.every((fault) => /^sigma\/broken\.yml:[1-9]/.test(fault))).toBe(true);
    expect(overrides).toEqual(['keyword:beta']);
    expect(disabled).toEqual(['keyword:alpha 1']);
  });

  test('what the warning list knows is named, and counts all the same', async () => {
    await put('own-c2.txt', 'co.uk\n10.1.2.3\nevil.example\n192.0.2.7\n');
    await put('own-trusted-domains.txt', 'google.com\n');
    const { rules, faults } = await merged();
    expect(rules).toHaveLength(2 + 5);
    expect(faults).toEqual(['own-c2.txt:0 domain-suffix', 'own-c2.txt:0 address-reserved']);
  });

  test('what an override was written over is remembered at the switch', async () => {
    await put('my-keywords.txt', 'beta\n');
    await distribution.release('ioc/core/stable', 2, [rule('beta', 'the same id, another rule')]);
    await update(endpoint);
    expect((await merged()).overrides).toEqual(['keyword:beta changed']);
    await put('my-keywords.txt', '# seen\nbeta\n');
    expect((await merged()).overrides).toEqual(['keyword:beta']);
  });

  test('a merge changes nothing on the disk', async () => {
    await put('my-keywords.txt', 'beta\n');
    const before = await readdir(endpoint.home.path, { recursive: true });
    await merged();
    expect(await readdir(endpoint.home.path, { recursive: true })).toEqual(before);
  });
});

describe('encrypted custom packs', () => {
  test('signed by a listed team key and sealed to this host', async () => {
    await trustTeam(team);
    await put('team.yms', await customPack([rule('delta'), rule('beta')]));
    const { rules } = await loadMerged(endpoint.home, endpoint.clock);
    expect(rules.find(({ id }) => id === 'keyword:delta')?.source).toEqual({
      origin: 'custom',
      pack: 'custom/team',
      version: '7',
      file: 'team.yms',
    });
    expect((await merged()).overrides).toEqual(['keyword:beta']);
  });

  test.each([
    ['nobody listed', 'signature-unknown-key', async () => put('team.yms', await customPack([rule('delta')]))],
    [
      'another key',
      'signature-unknown-key',
      async () => {
        await trustTeam(team);
        await put('team.yms', await customPack([rule('delta')], { signer: newSigningKey() }));
      },
    ],
    [
      'another feature',
      'pack-identity',
      async () => {
        await trustTeam(team);
        await put('team.yms', await customPack([rule('delta')], { feature: 'ioc' }));
      },
    ],
    [
      'another host',
      'not-a-recipient',
      async () => {
        await trustTeam(team);
        await put('team.yms', await customPack([rule('delta')], { host: newSealingKey() }));
      },
    ],
    [
      'a newer yms than this one',
      'client-too-old',
      async () => {
        await trustTeam(team);
        await put('team.yms', await customPack([rule('delta')], { minimumClient: '999.0.0' }));
      },
    ],
    [
      'something else under that name',
      'pack-mismatch',
      async () => {
        await trustTeam(team);
        await put('team.yms', 'no pack at all');
      },
    ],
  ])('%s: left out, with %s', async (_, code, prepare) => {
    await prepare();
    await put('my-keywords.txt', 'gamma\n');
    const { rules, faults } = await merged();
    expect(rules).toEqual(['alpha ioc/core/stable', 'beta ioc/core/stable', 'gamma my-keywords.txt']);
    expect(faults).toEqual([`team.yms:0 ${code}`]);
  });

  test('a release key does not count, even when somebody lists it', async () => {
    const [release] = distribution.repository.keysOf('ioc');
    if (!release) throw new Error('no key');
    await trustTeam(release);
    await put('team.yms', await customPack([rule('delta')], { signer: release }));
    const { rules, faults } = await merged();
    expect(rules).toEqual(['alpha ioc/core/stable', 'beta ioc/core/stable']);
    expect(faults).toEqual(['team.yms:0 custom-signers']);
  });

  test('an id that a plain file has already', async () => {
    await trustTeam(team);
    await put('a-keywords.txt', 'delta\n');
    await put('team.yms', await customPack([rule('delta'), rule('epsilon')]));
    const { rules, faults } = await merged();
    expect(rules.slice(2)).toEqual(['delta a-keywords.txt', 'epsilon team.yms']);
    expect(faults).toEqual(['team.yms:0 id-taken']);
  });

  test('a team key does not count in the repository', async () => {
    await trustTeam(team);
    const own = distribution.repository.releaseKeys.get('ioc') ?? [];
    distribution.repository.releaseKeys.set('ioc', [team]);
    distribution.repository.writeRole('ioc');
    distribution.repository.writeSnapshot();
    distribution.repository.writeTimestamp();
    distribution.repository.releaseKeys.set('ioc', own);
    expect((await update(endpoint)).packs).toMatchObject([
      { outcome: 'refused', refusal: { code: 'signature-threshold' } },
    ]);
    await rm(endpoint.home.customSigners);
  });
});
