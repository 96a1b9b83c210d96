/**
 * What an update costs an endpoint: bytes on the wire (headers included), requests and time, cold and with nothing new.
 *
 *     SIGMAHQ_DIR=… npx tsx bench/update.ts
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compilePack } from '../builder/compile/compile.js';
import { packItems } from '../builder/release/build.js';
import { parseConfig, selectPacks } from '../builder/config/config.js';
import { FixedClock, systemClock } from '../base/clock.js';
import { productVersion } from '../base/version.js';
import { activate } from '../scanner/update/activate.js';
import { openHome } from '../scanner/state/home.js';
import { update } from '../scanner/update/update.js';
import { TestServer } from '../test/support/server.js';
import { report, reportRatio } from './measure.js';

const sigmaDir = process.env['SIGMAHQ_DIR'];
if (sigmaDir === undefined) throw new Error('SIGMAHQ_DIR: expected a checkout of the public Sigma rules, got nothing');

const yaml = 'packs:\n  core:\n    feature: sigma\n    faulty: leave-out\n    sources: [rules]\n';
const { config } = parseConfig(yaml, 'yms.yaml', sigmaDir);
const [pack] = config === null ? [] : selectPacks(config, ['core']);
if (!pack) throw new Error('yms.yaml: expected one pack, got none');

const server = await TestServer.start({ clock: new FixedClock(new Date()) });
await server.holdCeremony();
await server.publish('sigma', 1, { items: packItems(await compilePack(sigmaDir, pack)) });
const wire = await countingProxy(Number(new URL(server.url).port));

const folder = await mkdtemp(join(tmpdir(), 'yms-bench-'));
const endpoint = { home: openHome(folder), clock: systemClock, client: productVersion };
const { licenseKey } = await server.sellLicense();
const root = (await server.call('GET', '/repository/metadata/1.root.json')).bytes;
await activate(endpoint, { server: wire.url, licenseKey, name: 'bench', firstTrust: { root } });

for (const name of ['cold update', 'no-op update']) {
  const before = wire.counts();
  const start = performance.now();
  await update(endpoint);
  const ms = performance.now() - start;
  const after = wire.counts();
  const bytes = after.received - before.received + after.sent - before.sent;
  const requests = after.requests - before.requests;
  report(name, `${requests} requests, ${bytes} bytes both ways, ${ms.toFixed(0)} ms`);
  if (name === 'no-op update') {
    reportRatio('no-op update: requests', requests, 3);
    reportRatio('no-op update: bytes received', after.received - before.received, 3072);
  }
}
wire.stop();
await server.stop();
await rm(folder, { recursive: true });

/** Passes bytes on and counts them; a request is a line that ends in HTTP/1.1. */
async function countingProxy(port: number) {
  const counts = { sent: 0, received: 0, requests: 0 };
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.on('data', (bytes: Buffer) => {
      counts.sent += bytes.length;
      counts.requests += bytes.toString('latin1').match(/^[A-Z]+ \S+ HTTP\/1\.1\r$/gm)?.length ?? 0;
    });
    upstream.on('data', (bytes: Buffer) => (counts.received += bytes.length));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return { url, counts: () => ({ ...counts }), stop: () => proxy.close() };
}
