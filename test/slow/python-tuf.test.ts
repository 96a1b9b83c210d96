/** python-tuf, the reference client, follows the repository. Runs where PYTHON_TUF names a Python that has it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { TestServer } from '../support/server.js';

const python = process.env['PYTHON_TUF'];

const client = `
import sys, urllib.request
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface
from tuf.api.exceptions import DownloadHTTPError

folder, base, token, path = sys.argv[1:]

class BearerFetcher(FetcherInterface):
    def _fetch(self, url):
        request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request) as answer:
                yield answer.read()
        except urllib.error.HTTPError as error:
            raise DownloadHTTPError(str(error), error.code)

with open(folder + "/1.root.json", "rb") as file:
    bootstrap = file.read()
updater = Updater(metadata_dir=folder, metadata_base_url=base + "/metadata/", target_dir=folder,
                  target_base_url=base + "/targets/", fetcher=BearerFetcher(), bootstrap=bootstrap)
updater.refresh()
target = updater.get_targetinfo(path)
print(target.custom["sequence"])
updater.download_target(target, folder + "/download.yms")
`;

describe.runIf(python !== undefined)('python-tuf', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ clock: new FixedClock(new Date()) });
    await server.holdCeremony();
  });
  afterAll(() => server.stop());

  test('refreshes over a root rotation, downloads what the license covers, is refused the rest', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'yms-python-tuf-'));
    const first = await server.call('GET', '/repository/metadata/1.root.json');
    await writeFile(join(folder, '1.root.json'), first.bytes);
    const pack = await server.publish('sigma', 7);
    await server.publish('premium', 1);
    await server.commit({ roots: [server.trustDomain.nextRoot(server.publicKeys)] });
    const { licenseKey } = await server.sellLicense();
    const { token } = await server.activate(licenseKey);

    const run = (path: string) =>
      promisify(execFile)(python ?? '', ['-c', client, folder, `${server.url}/repository`, token, path]);
    expect((await run('sigma/core/stable.yms')).stdout.trim()).toBe('7');
    expect(Buffer.compare(await readFile(join(folder, 'download.yms')), pack.bytes)).toBe(0);
    await expect(run('premium/core/stable.yms')).rejects.toThrow('HTTP Error 403');
  });
});
