import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { decodeUtf8 } from '../../base/bytes.js';
import { encodeMetadata } from '../../keys/metadata.js';
import { signMetadata } from '../../keys/signing.js';
import { activate } from '../../scanner/update/activate.js';
import { type Endpoint, update } from '../../scanner/update/update.js';
import { currentRole } from '../../server/repository/repository.js';
import { writeFiles } from '../builder/rules.js';
import { yms } from '../builder/run-yms.js';
import { activeFlags, activeRules, newEndpoint, removeEndpoint } from '../support/endpoint.js';
import { TestServer } from '../support/server.js';

/**
 * The runbooks of docs/ceremony.md: the blocks of the page are run as they stand, `/srv/yms` and the address of the server
 * apart. Three endpoints follow: one that has updated before, one that only activated, and one that comes after.
 */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const page = await readFile(fileURLToPath(new URL('../../docs/ceremony.md', import.meta.url)), 'utf8');

/** The commands of each block under a heading, lines that go on joined, comments taken off. */
function blocksOf(heading: string): string[][] {
  const section = page.split(/^(?=#{2,3} )/m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/ceremony.md: no section ${heading}`);
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) =>
    block
      .replaceAll(/\\\n/g, ' ')
      .replaceAll(/ +#.*$/gm, '')
      .split('\n')
      .filter((line) => line.startsWith('yms ')),
  );
}

let home: string;
let server: TestServer;
let veteran: Endpoint;
let sleeper: Endpoint;
let licenseKey: string;

async function run(commands: readonly string[] = []): Promise<void> {
  if (commands.length === 0) throw new Error('docs/ceremony.md: expected commands, got none');
  const env = { YMS_PASSPHRASE: 'correct horse', YMS_SERVER: server.url, YMS_TOKEN: server.adminToken };
  for (const command of commands) {
    const words = command.replaceAll('/srv/yms', server.dir).replaceAll('https://rules.example', server.url);
    await yms(home, words.split(/ +/).slice(1), env);
  }
}

async function newHost(): Promise<Endpoint> {
  const endpoint = await newEndpoint(server.clock.now());
  const root = await readFile(join(home, '1.root.json'));
  await activate(endpoint, { server: server.url, licenseKey, name: 'host.example', firstTrust: { root } });
  return endpoint;
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'yms-ceremony-'));
  server = await TestServer.start({ clock: new FixedClock(new Date()), features: [], contract: true });
  for (const n of [1, 2, 3]) await run(blocksOf('## 1. Keys')[1]?.map((command) => command.replace('-1 ', `-${n} `)));
  await writeFiles(home, { 'public-keys.json': await readFile(join(server.dir, 'public-keys.json'), 'utf8') });
  for (const heading of ['## 2. Root', '## 3. Targets', '## 4. To the server'])
    for (const block of blocksOf(heading)) await run(block);
  await writeFiles(join(home, 'rules'), {
    'r/a-c2-iocs.txt': 'c2.good-list.com\n',
    'yms.yaml': `server: ${server.url}\npacks:\n  core: { feature: sigma, sources: [r] }\n`,
  });
  await run(['yms build --config rules/yms.yaml', 'yms publish --config rules/yms.yaml']);
  ({ licenseKey } = await server.sellLicense({ features: ['sigma'], seats: 5 }));
  [veteran, sleeper] = [await newHost(), await newHost()];
  await update(veteran);
  expect(await activeRules(veteran)).toEqual(['sigma/core #1: domain:c2.good-list.com']);
});
afterEach(async () => {
  for (const endpoint of [veteran, sleeper]) await removeEndpoint(endpoint);
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

/** All three have the same rules in the end, and nothing to complain of. */
async function followAll(sequence: number): Promise<void> {
  const newcomer = await newHost();
  for (const endpoint of [veteran, sleeper, newcomer]) {
    const { packs } = await update(endpoint);
    expect(packs.map(({ outcome }) => outcome)).toEqual([expect.stringMatching(/^(updated|current)$/) as string]);
    expect(await activeRules(endpoint)).toEqual([`sigma/core #${sequence}: domain:c2.good-list.com`]);
    expect(await activeFlags(endpoint)).toEqual([]);
  }
  await removeEndpoint(newcomer);
}

test.each([
  ['### A person of root leaves', 1],
  ['### A person of targets leaves', 1],
  ['### A release key is lost, or is due to be replaced', 2],
  ['### A release key is stolen', 1],
])('%s', async (heading, sequence) => {
  await run(blocksOf(heading)[0]);
  await followAll(sequence);
});

test.each(['lost', 'stolen'])('### The keys of the server are lost or stolen: %s', async (how) => {
  const [first, then] = blocksOf('### The keys of the server are lost or stolen');
  if (how === 'stolen') {
    const { records, keys } = server.running.deps;
    const timestamp = await currentRole(records, 'timestamp');
    if (timestamp === null) throw new Error('no timestamp');
    const driven = { ...timestamp.signed, version: Number.MAX_SAFE_INTEGER };
    const body = decodeUtf8(encodeMetadata(signMetadata(driven, [keys.timestamp])));
    await records
      .updateTable('metadata')
      .set({ version: driven.version, body })
      .where('role', '=', 'timestamp')
      .execute();
    await update(veteran); // a thief with these keys has used the numbers up
  } else
    for (const name of ['snapshot', 'timestamp', 'license', 'distribution'])
      await rm(join(server.dir, `keys/${name}.key`));
  await server.running.close();
  await run(first);
  await server.restart();
  await run(then);
  await followAll(2);
});
