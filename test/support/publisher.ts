import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixedClock } from '../../base/clock.js';
import { activate } from '../../scanner/update/activate.js';
import type { Endpoint } from '../../scanner/update/update.js';
import { writeFiles } from '../builder/rules.js';
import { type Ended, runYms, yms } from '../builder/run-yms.js';
import { newEndpoint } from './endpoint.js';
import { expectStatus, TestServer } from './server.js';

/**
 * A publisher and the people of the ceremony at the command line, before a real server: feature `f`, pack `p`. All keys
 * lie in files without a passphrase; `ceremony/` and `ws/` are the folders.
 */
export class Publisher {
  readonly home: string;
  readonly server: TestServer;
  /** Of scope publisher, as a pipeline has it. */
  token = '';

  private constructor(home: string, server: TestServer) {
    this.home = home;
    this.server = server;
  }

  static async start(): Promise<Publisher> {
    const server = await TestServer.start({ clock: new FixedClock(new Date()), features: [] });
    const publisher = new Publisher(await mkdtemp(join(tmpdir(), 'yms-publisher-')), server);
    await publisher.#holdCeremony();
    return publisher;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  get ceremony(): string {
    return join(this.home, 'ceremony');
  }

  get workspace(): string {
    return join(this.home, 'ws');
  }

  async #holdCeremony(): Promise<void> {
    const names = [1, 2, 3].flatMap((n) => [`root-${n}`, `targets-${n}`]);
    for (const name of names)
      await yms(this.home, [
        ...['keys', 'new', name, '--kind', name.replace(/-\d/, ''), '--dir', 'ceremony', '--no-passphrase'],
      ]);
    const publicKeys = join(this.server.dir, 'public-keys.json');
    await this.people([
      ...['root', 'new', '--root-key', 'root-1.pub', 'root-2.pub', 'root-3.pub', '--targets-key', 'targets-1.pub'],
      ...['targets-2.pub', 'targets-3.pub', '--snapshot-key', publicKeys, '--timestamp-key', publicKeys],
    ]);
    for (const key of ['root-1.key', 'root-2.key']) await this.people(['root', 'sign', '1.root.json', '--key', key]);
    await yms(this.home, [
      ...['init', 'ws', '--root', 'ceremony/1.root.json', '--server', this.server.url, '--feature', 'f'],
      '--no-passphrase',
    ]);
    await this.people(['targets', 'delegate', 'f', '--key', '../ws/secrets/f.pub']);
    await this.people(['targets', 'keys', '--license-key', publicKeys, '--distribution-key', publicKeys]);
    await this.signTargets(1);
    this.token = await this.server.newToken('publisher');
    await writeFiles(this.workspace, { 'r/a-c2-iocs.txt': 'c2.good-list.com\n', 'yms.yaml': this.config(['p']) });
  }

  /** `yms.yaml` with packs of feature `f`; `p/beta` is pack `p` in channel `beta`. */
  config(packs: readonly string[]): string {
    const lines = packs.map((name) => {
      const [pack = '', channel = 'stable'] = name.split('/');
      return `  ${name.replace('/', '-')}: { feature: f, pack: ${pack}, channel: ${channel}, sources: [r] }`;
    });
    return ['server: ' + this.server.url, 'packs:', ...lines, ''].join('\n');
  }

  /** A command of the ceremony. */
  people(args: readonly string[]): Promise<string> {
    return yms(this.ceremony, args);
  }

  async signTargets(version: number): Promise<void> {
    for (const key of ['targets-1.key', 'targets-3.key'])
      await this.people(['targets', 'sign', `${version}.targets.json`, '--key', key]);
  }

  /** A command of the pipeline, which must end well. */
  pipeline(args: readonly string[], token = this.token): Promise<string> {
    return yms(this.workspace, args, { YMS_TOKEN: token });
  }

  /** The same, however it ends. */
  try(args: readonly string[], { folder = this.workspace, token = this.token } = {}): Promise<Ended> {
    return runYms(folder, args, { YMS_TOKEN: token });
  }

  /** The first release, with the ceremony. */
  async release(): Promise<void> {
    await this.pipeline(['build', '--ceremony', '../ceremony']);
    await this.pipeline(['publish', '--ceremony', '../ceremony'], this.server.adminToken);
  }

  /** Somebody who took the workspace, its key and the token of the publisher. */
  async thief(packs: readonly string[]): Promise<string> {
    const folder = join(this.home, 'thief');
    await rm(folder, { recursive: true, force: true });
    await cp(this.workspace, folder, { recursive: true });
    await rm(join(folder, 'out'), { recursive: true, force: true });
    await writeFiles(folder, { 'yms.yaml': this.config(packs), 'r/a-c2-iocs.txt': 'github.example-thief.com\n' });
    return folder;
  }

  /** A host with a license for `f`. */
  async endpoint(terms: Readonly<Record<string, unknown>> = {}): Promise<Endpoint & { readonly clock: FixedClock }> {
    const license = await this.server.sellLicense({ features: ['f'], seats: 5, ...terms });
    const endpoint = await newEndpoint(this.server.clock.now());
    const { bytes } = await expectStatus(200, this.server.call('GET', '/repository/metadata/1.root.json'));
    const request = { server: this.server.url, licenseKey: license.licenseKey, name: 'host.example' };
    await activate(endpoint, { ...request, firstTrust: { root: bytes } });
    return endpoint;
  }
}
