/** A plain tuf-js Updater, with nothing of ours but the Authorization header, follows the repository. */
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { TestServer } from '../support/server.js';

class BearerFetcher extends BaseFetcher {
  readonly #token: string;

  constructor(token: string) {
    super();
    this.#token = token;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${this.#token}` } });
    if (!answer.ok || !answer.body) throw new DownloadHTTPError(`status ${answer.status}`, answer.status);
    return answer.body;
  }
}

let server: TestServer;
let folder: string;
beforeEach(async () => {
  server = await TestServer.start({ clock: new FixedClock(new Date()) }); // tuf-js reads the real clock
  await server.holdCeremony();
  folder = await mkdtemp(join(tmpdir(), 'yms-tuf-js-'));
});
afterEach(() => server.stop());

function newUpdater(token: string): Updater {
  return new Updater({
    metadataDir: folder,
    metadataBaseUrl: `${server.url}/repository/metadata`,
    targetDir: folder,
    targetBaseUrl: `${server.url}/repository/targets`,
    fetcher: new BearerFetcher(token),
  });
}

test('it refreshes over a root rotation and downloads the pack that its license covers', async () => {
  const first = await server.call('GET', '/repository/metadata/1.root.json');
  await writeFile(join(folder, 'root.json'), first.bytes);
  const { licenseKey } = await server.sellLicense();
  const { token } = await server.activate(licenseKey);

  for (const sequence of [1, 2]) {
    const pack = await server.publish('sigma', sequence);
    const updater = newUpdater(token);
    await updater.refresh();
    const target = await updater.getTargetInfo('sigma/core/stable.yms');
    expect(target?.custom).toEqual({ kind: 'full', version: pack.header.version, sequence });
    if (!target) return expect.fail('no target');
    const path = await updater.downloadTarget(target, join(folder, 'stable.yms'));
    expect(Buffer.compare(await readFile(path), pack.bytes)).toBe(0);
    await server.commit({ roots: [server.trustDomain.nextRoot(server.publicKeys)] });
  }
  const root = JSON.parse(await readFile(join(folder, 'root.json'), 'utf8')) as { signed: { version: number } };
  expect(root.signed.version).toBe(2);
});

test('it is refused the pack that its license does not cover, and keeps what it has', async () => {
  const first = await server.call('GET', '/repository/metadata/1.root.json');
  await writeFile(join(folder, 'root.json'), first.bytes);
  const { licenseKey } = await server.sellLicense();
  const { token } = await server.activate(licenseKey);
  await server.publish('premium', 1);
  const updater = newUpdater(token);
  await updater.refresh();
  const target = await updater.getTargetInfo('premium/core/stable.yms');
  if (!target) return expect.fail('no target');
  const before = await readdir(folder);
  await expect(updater.downloadTarget(target, join(folder, 'premium.yms'))).rejects.toThrow('status 403');
  expect(await readdir(folder)).toEqual(before);
});
