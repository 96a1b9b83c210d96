import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { expectStatus, TestServer } from '../support/server.js';

/** A plain tuf-js client with a bearer token: nothing of ours is between it and the server. */
class BearerFetcher extends BaseFetcher {
  readonly #token: string;

  constructor(token: string) {
    super();
    this.#token = token;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const response = await fetch(url, { headers: { authorization: `Bearer ${this.#token}` }, redirect: 'error' });
    if (!response.ok || !response.body) throw new DownloadHTTPError(`status ${response.status}`, response.status);
    return response.body;
  }
}

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await TestServer.start({ clock: new FixedClock(new Date()) }); // tuf-js looks at the system clock itself
  folder = await mkdtemp(join(tmpdir(), 'yms-interop-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test('a plain tuf-js Updater follows roots and releases, and downloads what its licence has', async () => {
  await server.holdCeremony();
  const first = await server.publish('sigma', 1);
  const premium = await server.publish('premium', 1);
  const { licenseKey } = await server.sellLicense();
  const { token } = await server.activate(licenseKey);
  const root = await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'));
  await writeFile(join(folder, 'root.json'), root.bytes);
  const updater = () =>
    new Updater({
      metadataDir: folder,
      metadataBaseUrl: `${server.url}/repository/metadata`,
      targetDir: folder,
      targetBaseUrl: `${server.url}/repository/targets`,
      fetcher: new BearerFetcher(token),
    });

  const download = async (path: string) => {
    const client = updater();
    await client.refresh();
    const info = await client.getTargetInfo(path);
    if (!info) throw new Error(`${path} is not there`);
    return readFile(await client.downloadTarget(info, join(folder, 'target')));
  };
  expect((await download('sigma/core/stable.yms')).equals(Buffer.from(first.bytes))).toBe(true);
  await expect(download('premium/core/stable.yms')).rejects.toThrow('403');
  expect(premium.bytes.length).toBeGreaterThan(0);

  await expectStatus(201, server.commit({ roots: [server.house.nextRoot(server.publicKeys)] }));
  const second = await server.publish('sigma', 2);
  expect((await download('sigma/core/stable.yms')).equals(Buffer.from(second.bytes))).toBe(true);
  expect((await download('keys.json')).equals(Buffer.from(server.keysJson()))).toBe(true);
});
