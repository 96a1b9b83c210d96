import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../base/bytes.js';
import { FixedClock, hourMs } from '../../../base/clock.js';
import { BaseError } from '../../../base/error.js';
import { newSigningKey, signEnvelope, signerOf } from '../../../keys/signing.js';
import { encodeLicense, licensePayloadType } from '../../../packs/license.js';
import { refusedOrThrow } from '../../../scanner/error.js';
import { acceptActivation } from '../../../scanner/offline/activation-answer.js';
import { requestActivation } from '../../../scanner/offline/activation-request.js';
import { Bundle } from '../../../scanner/offline/bundle.js';
import { writeBundle } from '../../../scanner/offline/bundle-writer.js';
import { importBundle } from '../../../scanner/offline/import-bundle.js';
import type { Endpoint } from '../../../scanner/update/update.js';
import { TestDistribution, type TestLicense } from '../../support/distribution.js';
import { activeRules, newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import {
  answerRequest,
  exportAll,
  newStick,
  readTar,
  keptVersions,
  expectNoneLower,
  stateOf,
  type TarEntry,
  writeTar,
} from '../../support/offline.js';
import { TestRepository } from '../../support/repository.js';

/** A host with release 5, a whole bundle with release 6, and somebody who changes it on its way. */
let distribution: TestDistribution;
let repository: TestRepository;
let license: TestLicense;
let endpoint: Endpoint & { readonly clock: FixedClock };
let stick: Awaited<ReturnType<typeof newStick>>;
let whole: TarEntry[];

const core = 'sigma/core/stable';
const good = ['sigma/core #5: rule-5'];

async function activateOffline(at: Endpoint, under: TestLicense): Promise<void> {
  const { bytes } = await requestActivation(at, { name: 'desk-7', license: under.id });
  await answerRequest(distribution, under, bytes, stick.at('answer'));
  const firstTrust = { root: repository.metadata('1.root.json') };
  await acceptActivation(at, stick.at('answer'), { firstTrust, server: null });
}

beforeEach(async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  repository = new TestRepository(new FixedClock(now), ['sigma', 'premium']);
  distribution = new TestDistribution(repository);
  await distribution.release(core, 5);
  license = distribution.sell(['sigma'], 2);
  endpoint = await newEndpoint(now);
  stick = await newStick();
  await activateOffline(endpoint, license);
  await exportAll(distribution, license, stick.at('five'));
  await importBundle(endpoint, stick.at('five'));
  for (const { clock } of [endpoint, repository]) clock.advanceMs(hourMs);
  await distribution.release(core, 6);
  await exportAll(distribution, license, stick.at('six'));
  whole = await readTar(stick.at('six'));
});

afterEach(async () => {
  await stick.remove();
  await removeEndpoint(endpoint);
});

/** The bundle `bad` is refused, with this code, and nothing but the note of the last update and newer metadata has changed. */
async function refuses(code: string): Promise<void> {
  const [before, versions] = [await stateOf(endpoint), await keptVersions(endpoint)];
  await expectCode(code, () => importBundle(endpoint, stick.at('bad')));
  expect(await stateOf(endpoint)).toEqual(before);
  expectNoneLower(await keptVersions(endpoint), versions);
  expect(await activeRules(endpoint)).toEqual(good);
}

/** The whole bundle with some bodies exchanged, by name. */
const withBodies = (bodies: Readonly<Record<string, Uint8Array>>): TarEntry[] =>
  whole.map((entry) => ({ ...entry, body: bodies[entry.name] ?? entry.body ?? '' }));

const nameLike = (pattern: RegExp): string => whole.find(({ name }) => pattern.test(name))?.name ?? '';
const bodyOf = (name: string): Uint8Array => Buffer.from(whole.find((entry) => entry.name === name)?.body ?? '');

describe('the tar', () => {
  test('as it came is the one that can be written again', async () => {
    await writeTar(stick.at('again'), whole);
    expect(await readFile(stick.at('again'))).toEqual(await readFile(stick.at('six')));
  });

  const digits = 'a'.repeat(64);
  const link = { name: `targets/${digits}` };
  const file = { ...link, body: 'x' };
  test.each<[string, string, (entries: TarEntry[]) => TarEntry[]]>([
    ['a symbolic link', 'bundle-entry', (all) => [...all, { ...link, type: 'symlink', linkname: '/etc/passwd' }]],
    ['a hard link', 'bundle-entry', (all) => [...all, { ...link, type: 'link', linkname: 'bundle.json' }]],
    ['a folder', 'bundle-entry', (all) => [...all, { name: 'targets/', type: 'directory' }]],
    ['a device', 'bundle-entry', (all) => [...all, { ...link, type: 'character-device', devmajor: 1, devminor: 5 }]],
    ['a path upwards', 'bundle-entry', (all) => [...all, { name: 'targets/../../host.key', body: 'x' }]],
    ['an absolute path', 'bundle-entry', (all) => [...all, { name: '/etc/cron.d/yms', body: 'x' }]],
    ['a path of Windows', 'bundle-entry', (all) => [...all, { name: 'targets\\..\\host.key', body: 'x' }]],
    ['a name that no bundle has', 'bundle-entry', (all) => [...all, { name: 'zzz', body: 'x' }]],
    [
      'a long name in an extension',
      'bundle-entry',
      (all) => [...all, { name: `targets/${digits}/${'b'.repeat(200)}`, body: 'x' }],
    ],
    ['an extension', 'bundle-format', (all) => [...all, { ...file, pax: { comment: 'hidden' } }]],
    ['a name twice', 'bundle-entry', (all) => [...all, ...all.slice(-1)]],
    ['the mark twice', 'bundle-entry', (all) => [...all.slice(0, 1), ...all]],
    ['names in another order', 'bundle-entry', (all) => [...all.slice(0, 1), ...all.slice(1).reverse()]],
    ['no mark', 'bundle-entry', (all) => all.slice(1)],
    [
      'a mark of another format',
      'bundle-format',
      (all) => [{ name: 'bundle.json', body: '{"format":2,"kind":"yms-bundle"}' }, ...all.slice(1)],
    ],
    ['nothing at all', 'bundle-format', () => []],
    [
      'metadata without end',
      'bundle-too-large',
      (all) => [...all.slice(0, 1), { name: 'metadata/1.root.json', body: Buffer.alloc(6_000_000) }],
    ],
    [
      'a document without end',
      'bundle-too-large',
      (all) => [...all.slice(0, 1), { name: `licenses/${digits}`, body: Buffer.alloc(3_000_000) }],
    ],
  ])('with %s', async (_, code, change) => {
    await writeTar(stick.at('bad'), change(whole));
    await refuses(code);
  });

  test('with more names than a bundle may have', { timeout: 60_000 }, async () => {
    const many = Array.from({ length: 16_384 }, (_, i) => ({
      name: `licenses/${i.toString(16).padStart(64, '0')}`,
      body: 'x',
    }));
    await writeTar(stick.at('bad'), [...whole.slice(0, 1), ...many]);
    await refuses('bundle-too-large');
  });

  test('with a length that the file does not have', async () => {
    const bytes = await readFile(stick.at('six'));
    const size = Buffer.from('00000017777\0', 'latin1'); // 8 KiB for the mark
    size.copy(bytes, 124);
    let sum = 8 * 32;
    for (const [i, byte] of bytes.subarray(0, 512).entries()) if (i < 148 || i >= 156) sum += byte;
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await writeFile(stick.at('bad'), bytes);
    await refuses('bundle-too-large');
  });

  test('with a length beyond every limit, in a file that is mostly hole', async () => {
    await writeTar(stick.at('bad'), [...whole.slice(0, 1), { name: `targets/${digits}`, body: 'x' }]);
    await truncate(stick.at('bad'), 20 * 1024 ** 3);
    await refuses('bundle-too-large');
  });

  test.each([0.999, 0.9, 0.5, 0.1, 0.001])('cut to %d of its length', async (part) => {
    const bytes = await readFile(stick.at('six'));
    await writeFile(stick.at('bad'), bytes.subarray(0, Math.floor(bytes.length * part)));
    await refuses('bundle-format');
  });

  test('with bytes behind its end, and with a block of zeros inside', async () => {
    const bytes = await readFile(stick.at('six'));
    const block = Buffer.alloc(512);
    await writeFile(stick.at('bad'), Buffer.concat([bytes, block]));
    await refuses('bundle-format');
    await writeFile(stick.at('bad'), Buffer.concat([bytes.subarray(0, 1024), block, bytes.subarray(1024, -512)]));
    await refuses('bundle-format');
  });

  test('with bytes hidden behind the content of an entry, and with a name split over the prefix', async () => {
    const bytes = await readFile(stick.at('six'));
    bytes.write('hidden in the padding', 512 + 32);
    await writeFile(stick.at('bad'), bytes);
    await refuses('bundle-format');
    const split = await readFile(stick.at('six'));
    const at = split.indexOf('metadata/');
    const name = split
      .subarray(at, at + 100)
      .toString('latin1')
      .replace(/\0.*$/, '');
    split.fill(0, at, at + 100).write(name.slice('metadata/'.length), at);
    split.write('metadata', at + 345);
    let sum = 8 * 32;
    for (const [i, byte] of split.subarray(at, at + 512).entries()) if (i < 148 || i >= 156) sum += byte;
    split.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
    await writeFile(stick.at('bad'), split);
    await refuses('bundle-format');
  });

  test('of a later format, with more in its mark: says so', async () => {
    const mark = { name: 'bundle.json', body: '{"format":2,"hosts":1,"kind":"yms-bundle"}' };
    await writeTar(stick.at('bad'), [mark, ...whole.slice(1)]);
    const error = await expectCode('bundle-format', () => importBundle(endpoint, stick.at('bad')));
    expect(error.hint).toBe('a newer yms may have written it');
  });

  test('that is something else', async () => {
    await writeFile(stick.at('bad'), Buffer.alloc(4096, 'yms1\n'));
    await refuses('bundle-format');
    const before = await stateOf(endpoint);
    await expectCode('file-missing', () => importBundle(endpoint, stick.at('nothing')));
    await expectCode('file-unreadable', () => importBundle(endpoint, endpoint.home.path));
    expect(await stateOf(endpoint)).toEqual(before);
  });

  test('is not written with names that nobody would read', async () => {
    const read = () => Promise.resolve(new Uint8Array(1));
    await expectCode('bundle-entry', () => writeBundle(stick.at('new'), [{ name: '../x', read }]));
    await expectCode('file-missing', () => Bundle.open(stick.at('new')));
  });

  test('is written whole or not at all', async () => {
    const bytes = Buffer.alloc(3_000_000);
    const entries = (last: () => Promise<Uint8Array>) => [
      { name: `targets/${'1'.repeat(64)}`, read: () => Promise.resolve(bytes) },
      { name: `targets/${'2'.repeat(64)}`, read: last },
    ];
    const before = await readdir(stick.at('.'));
    const cut = () => Promise.reject(new BaseError('http-truncated', 'pack: expected it whole, got a part'));
    await expectCode('http-truncated', () => writeBundle(stick.at('new'), entries(cut)));
    await expectCode('bundle-too-large', () =>
      writeBundle(stick.at('new'), [{ name: `licenses/${digits}`, read: () => Promise.resolve(bytes) }]),
    );
    await expectCode('file-unwritable', () => writeBundle(stick.at('no/such/folder'), []));
    expect(await readdir(stick.at('.'))).toEqual(before);
    const length = await writeBundle(
      stick.at('new'),
      entries(() => Promise.resolve(new Uint8Array(1))),
    );
    expect((await stat(stick.at('new'))).size).toBe(length);
  });
});

test('one byte changed anywhere: refused with a code, or the very same rules', { timeout: 120_000 }, async () => {
  const bytes = await readFile(stick.at('six'));
  const byte = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(byte, async ([at, change]) => {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ change;
      await writeFile(stick.at('bad'), bad);
      await importBundle(endpoint, stick.at('bad')).catch(refusedOrThrow);
      expect([good, ['sigma/core #6: rule-6']]).toContainEqual(await activeRules(endpoint));
    }),
    { numRuns: 60 },
  );
});

describe('what is in it', () => {
  test.each([
    ['a timestamp of another trust domain', /^metadata\/timestamp/, 'signature-threshold'],
    ['a snapshot of another trust domain', /^metadata\/\d+\.snapshot/, 'metadata-mismatch'],
    ['targets of another trust domain', /^metadata\/\d+\.targets/, 'metadata-mismatch'],
  ])('%s', async (_, pattern, code) => {
    const other = new TestRepository(repository.clock, ['sigma', 'premium']);
    const name = nameLike(pattern);
    const foreign = [...other.files].find(([path]) => pattern.test(path))?.[1] ?? new Uint8Array();
    await writeTar(stick.at('bad'), withBodies({ [name]: foreign }));
    await refuses(code);
  });

  test('an older snapshot under the new timestamp: mix and match', async () => {
    const name = nameLike(/\.snapshot\.json$/);
    const older = (await readTar(stick.at('five'))).find((entry) => /\.snapshot\.json$/.test(entry.name));
    await writeTar(stick.at('bad'), withBodies({ [name]: Buffer.from(older?.body ?? '') }));
    await refuses('metadata-mismatch');
  });

  test('without its timestamp, snapshot, targets or keys', async () => {
    const { keys, ...files } = {
      timestamp: /^metadata\/timestamp/,
      snapshot: /\.snapshot\.json$/,
      targets: /\.targets\.json$/,
      keys: new RegExp(`^targets/${sha256Hex(repository.keysJson())}$`),
    };
    for (const pattern of Object.values(files)) {
      await writeTar(
        stick.at('bad'),
        whole.filter(({ name }) => !pattern.test(name)),
      );
      await refuses('metadata-missing');
    }
    // The endpoint has keys.json already; a new one does not.
    const fresh = await newEndpoint(endpoint.clock.now());
    const { bytes } = await requestActivation(fresh, { name: 'fresh', license: null });
    await answerRequest(distribution, license, bytes, stick.at('answer'));
    await writeTar(
      stick.at('bad'),
      (await readTar(stick.at('answer'))).filter(({ name }) => !keys.test(name)),
    );
    const firstTrust = { root: repository.metadata('1.root.json') };
    const before = await stateOf(fresh);
    await expectCode('target-missing', () => acceptActivation(fresh, stick.at('bad'), { firstTrust, server: null }));
    expect(await stateOf(fresh)).toEqual(before);
    expect(await keptVersions(fresh), 'a first trust is kept whole or not at all').toEqual({});
    await removeEndpoint(fresh);
  });

  test("another host's document under this host's name", async () => {
    const second = await newEndpoint(endpoint.clock.now());
    await activateOffline(second, license);
    await exportAll(distribution, license, stick.at('both'));
    whole = await readTar(stick.at('both'));
    const [mine, theirs] = license.hosts.map(({ key }) => `licenses/${key.keyid}`);
    await writeTar(stick.at('bad'), withBodies({ [mine ?? '']: bodyOf(theirs ?? '') }));
    await refuses('license-host');
    await removeEndpoint(second);
  });

  test('a document that somebody else signed, and one that was changed', async () => {
    const name = nameLike(/^licenses\//);
    const envelope = JSON.parse(Buffer.from(bodyOf(name)).toString()) as { payload: string };
    const document = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Parameters<
      typeof encodeLicense
    >[0];
    const richer = encodeLicense({ ...document, features: ['premium', 'sigma'] });
    await writeTar(
      stick.at('bad'),
      withBodies({ [name]: signEnvelope(licensePayloadType, richer, [signerOf(newSigningKey())]) }),
    );
    await refuses('signature-unknown-key');
    const changed = Buffer.from(JSON.stringify({ ...envelope, payload: Buffer.from(richer).toString('base64') }));
    await writeTar(stick.at('bad'), withBodies({ [name]: changed }));
    await refuses('signature-invalid');
  });

  test('a pack that is cut, another, or left out: that pack stays as it was', async () => {
    const sealed = distribution.releases.get(core);
    const name = `targets/${sha256Hex(sealed?.bytes ?? new Uint8Array())}`;
    const before = await readFile(endpoint.home.packs + `/${sha256Hex(await packOfFive())}.yms`);
    for (const [code, entries] of [
      ['target-mismatch', withBodies({ [name]: bodyOf(name).subarray(0, -1) })],
      ['target-mismatch', withBodies({ [name]: await packOfFive() })],
      ['target-missing', whole.filter((entry) => entry.name !== name)],
    ] as const) {
      await writeTar(stick.at('bad'), entries);
      const { packs, switched } = await importBundle(endpoint, stick.at('bad'));
      expect(packs).toMatchObject([{ outcome: 'refused', sequence: 5, refusal: { code } }]);
      expect(switched).toBe(false);
      expect(await activeRules(endpoint)).toEqual(good);
    }
    expect(before).toEqual(Buffer.from(await packOfFive()));
    await importBundle(endpoint, stick.at('six'));
    expect(await activeRules(endpoint)).toEqual(['sigma/core #6: rule-6']);
  });

  async function packOfFive(): Promise<Uint8Array> {
    const keys = sha256Hex(repository.keysJson());
    const pack = (await readTar(stick.at('five'))).find(({ name }) => /^targets\//.test(name) && !name.endsWith(keys));
    return Buffer.from(pack?.body ?? '');
  }

  test('the root of another trust domain beside it', async () => {
    const other = new TestRepository(repository.clock);
    const before = await stateOf(endpoint);
    const root = other.metadata('1.root.json');
    await expectCode('root-mismatch', () => importBundle(endpoint, stick.at('six'), { root }));
    await expectCode('root-digest', () => importBundle(endpoint, stick.at('six'), { rootSha256: sha256Hex(root) }));
    expect(await stateOf(endpoint)).toEqual(before);
    await importBundle(endpoint, stick.at('six'), { root: repository.metadata('1.root.json') });
  });

  test('on a host that was never activated', async () => {
    const fresh = await newEndpoint(endpoint.clock.now());
    await expectCode('not-activated', () => importBundle(fresh, stick.at('six')));
    await removeEndpoint(fresh);
  });
});

describe('the answer', () => {
  const accept = () =>
    acceptActivation(endpoint, stick.at('answer'), {
      firstTrust: { root: repository.metadata('1.root.json') },
      server: null,
    });

  test.each<[string, string, Parameters<typeof answerRequest>[4]]>([
    [
      'with a token for another host',
      'sealed-box',
      (a) => ({ ...a, sealedToken: Buffer.alloc(99, 7).toString('base64') }),
    ],
    ['that names another host key', 'answer-mismatch', (a) => ({ ...a, host: { ...a.host, keyid: 'f'.repeat(64) } })],
    ['with a document for another host', 'license-host', (a) => ({ ...a, host: { ...a.host, id: 'hst_other' } })],
    ['to another request', 'answer-mismatch', (a) => ({ ...a, nonce: '0'.repeat(32) })],
    ['that names another license than its document', 'answer-mismatch', (a) => ({ ...a, license: 'lic_77' })],
    ['with a document that is none', 'envelope-malformed', (a) => ({ ...a, document: 'AAAA' })],
  ])('%s', async (_, code, alter) => {
    const { bytes } = await requestActivation(endpoint, { name: 'desk-7', license: null });
    await answerRequest(distribution, license, bytes, stick.at('answer'), alter);
    const before = await stateOf(endpoint);
    await expectCode(code, accept);
    expect(await stateOf(endpoint)).toEqual(before);
  });

  test('signed by a key that keys.json does not name', async () => {
    const { bytes } = await requestActivation(endpoint, { name: 'desk-7', license: null });
    const listed = repository.licenseKey;
    repository.licenseKey = newSigningKey();
    await answerRequest(distribution, license, bytes, stick.at('answer'));
    repository.licenseKey = listed;
    const before = await stateOf(endpoint);
    await expectCode('signature-unknown-key', accept);
    expect(await stateOf(endpoint)).toEqual(before);
  });
});
