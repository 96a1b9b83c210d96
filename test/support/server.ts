import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { encodeBase64, sha256Hex } from '../../base/bytes.js';
import { dayMs, FixedClock, formatSeconds } from '../../base/clock.js';
import { encodePublicKey, type PublicKey, type SecretKey } from '../../keys/key.js';
import { encodeKeysJson } from '../../keys/keys-json.js';
import { newSealingKey, openerOf } from '../../keys/sealing.js';
import type { PackInput, SealedPack } from '../../packs/pack.js';
import { createApp, serverDeps } from '../../server/app.js';
import type { ServerDeps, ServerParts } from '../../server/deps.js';
import { initServer, openServer } from '../../server/folder/folder.js';
import { openLog } from '../../server/log.js';
import { type RunningServer, startServer } from '../../server/main.js';
import type { ContractProxy } from './contract.js';
import { undocumented } from './documented.js';
import { smallPack, TestTrustDomain, testStart } from './people.js';
import { defaultStore, type EmptyStore } from './stores.js';

export { testStart };

/** No log line of a test matters unless the test reads it. */
export const silentLog: Logger = openLog(undefined, 'silent');

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The body as JSON; null when it is none. */
  readonly json: Record<string, unknown> | null;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: Uint8Array | string;
}

/** Fails when the answer is a problem that openapi.yaml does not list for the call. */
export async function call(base: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { token, headers = {}, json, body } = options;
  const response = await fetch(`${base}${path}`, {
    method,
    redirect: 'error',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: (json === undefined ? body : JSON.stringify(json)) ?? null,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && bytes.length > 0;
  const answered = isJson ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>) : null;
  const fault =
    response.ok || method === 'HEAD' ? null : undocumented(method, path, response.status, answered?.['code']);
  if (fault !== null && isJson) throw new Error(fault);
  return { status: response.status, headers: response.headers, bytes, json: answered };
}

export interface TestServerOptions {
  readonly features?: readonly string[];
  /** Lets a test put its own store or limits around the real ones. */
  readonly wrap?: (parts: ServerParts, dir: string) => ServerParts | Promise<ServerParts>;
  readonly log?: Logger;
  readonly clock?: FixedClock;
  /** Where the server's folder is made; the system's temporary folder unless said. */
  readonly parent?: string;
  /** The address of an empty PostgreSQL database; without it the records are a file of the folder. */
  readonly recordsUrl?: string | null;
  /** Holds every exchange against openapi.yaml; `stop` fails when one broke it. */
  readonly contract?: true;
}

/** A real server on 127.0.0.1 with its own folder, and the people around it. */
export class TestServer {
  readonly clock: FixedClock;
  readonly trustDomain: TestTrustDomain;
  readonly dir: string;
  readonly adminToken: string;
  running: RunningServer;
  readonly #options: TestServerOptions;
  #contract: ContractProxy | null = null;
  #store: EmptyStore | null = null;

  private constructor(
    trustDomain: TestTrustDomain,
    dir: string,
    adminToken: string,
    running: RunningServer,
    options: TestServerOptions,
  ) {
    this.clock = trustDomain.clock;
    this.trustDomain = trustDomain;
    this.dir = dir;
    this.adminToken = adminToken;
    this.running = running;
    this.#options = options;
  }

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const clock = options.clock ?? new FixedClock(testStart);
    const dir = await mkdtemp(join(options.parent ?? tmpdir(), 'yms-server-'));
    const store = options.recordsUrl === undefined ? await defaultStore() : null;
    const settled = store ? { ...options, recordsUrl: store.recordsUrl } : options;
    const { adminToken } = await initServer(dir, clock, settled.recordsUrl);
    const running = await run(dir, clock, settled);
    const server = new TestServer(new TestTrustDomain(clock, options.features), dir, adminToken, running, settled);
    server.#store = store;
    if (options.contract) {
      const { ContractProxy } = await import('./contract.js');
      server.#contract = await ContractProxy.before(() => server.running.url);
    }
    return server;
  }

  get url(): string {
    return this.#contract?.url ?? this.running.url;
  }

  /** Stops and starts again on the same folder, on another port. */
  async restart(): Promise<void> {
    await this.running.close();
    this.running = await run(this.dir, this.clock, this.#options);
  }

  /**
   * Another server on the same records and blobs: a process of its own in all but name where the records are in
   * PostgreSQL. A SQLite file has one user, so there it shares the connection.
   */
  async startSecond(): Promise<SecondServer> {
    if (this.#options.recordsUrl) {
      const second = await run(this.dir, this.clock, this.#options);
      return { url: second.url, deps: second.deps, close: () => second.close() };
    }
    const deps = serverDeps(this.running.deps);
    const server = createServer(createApp(deps)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      deps,
      close: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  }

  async stop(): Promise<void> {
    await this.#contract?.close();
    await this.running.close();
    await this.#store?.close();
    await rm(this.dir, { recursive: true, force: true });
    const faults = this.#contract?.faults ?? [];
    if (faults.length > 0) throw new Error(`the contract was broken:\n${faults.join('\n')}`);
  }

  call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return call(this.url, method, path, options);
  }

  admin(method: string, path: string, json?: unknown): Promise<Answer> {
    return this.call(method, path, { token: this.adminToken, ...(json === undefined ? {} : { json }) });
  }

  get publicKeys(): { snapshot: PublicKey; timestamp: PublicKey; license: PublicKey; distribution: PublicKey } {
    const { snapshot, timestamp, license, distribution } = this.running.deps.keys;
    const [opener] = distribution;
    if (!opener) throw new Error('no distribution key');
    return { snapshot: snapshot.key, timestamp: timestamp.key, license: license.key, distribution: opener.key };
  }

  keysJson(): Uint8Array {
    const { license, distribution } = this.publicKeys;
    return encodeKeysJson({ licenseKeys: [license], distributionKeys: [distribution] });
  }

  upload(bytes: Uint8Array, token = this.adminToken): Promise<Answer> {
    return this.call('PUT', `/v1/blobs/${sha256Hex(bytes)}`, {
      token,
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
  }

  commit(
    files: { roots?: readonly Uint8Array[]; targets?: Uint8Array; roles?: Readonly<Record<string, Uint8Array>> },
    token = this.adminToken,
  ): Promise<Answer> {
    const { roots, targets, roles } = files;
    return this.call('POST', '/v1/commits', {
      token,
      json: {
        ...(roots ? { roots: roots.map(encodeBase64) } : {}),
        ...(targets ? { targets: encodeBase64(targets) } : {}),
        ...(roles
          ? { roles: Object.fromEntries(Object.entries(roles).map(([name, b]) => [name, encodeBase64(b)])) }
          : {}),
      },
    });
  }

  /** Root 1, targets 1 and `keys.json`: after it the repository is there, without a release. */
  async holdCeremony(): Promise<void> {
    await expectStatus(201, this.upload(this.keysJson()));
    const roots = [this.trustDomain.nextRoot(this.publicKeys)];
    await expectStatus(201, this.commit({ roots, targets: this.trustDomain.nextTargets(this.keysJson()) }));
  }

  seal(feature: string, sequence: number, named: Partial<PackInput> = {}): Promise<SealedPack> {
    return smallPack(
      { feature, pack: 'core', sequence, ...named },
      { signers: this.trustDomain.releaseKeys.get(feature) ?? [], recipients: [this.publicKeys.distribution] },
    );
  }

  /** A new small pack of a feature, published. */
  async publish(feature: string, sequence: number, named: Partial<PackInput> = {}): Promise<SealedPack> {
    const pack = await this.seal(feature, sequence, named);
    await expectStatus(201, this.upload(pack.bytes));
    await expectStatus(201, this.commit({ roles: { [feature]: this.trustDomain.nextRole(feature, [pack]) } }));
    return pack;
  }

  async newToken(scope: 'publisher' | 'admin' | 'auditor' | 'feed', licenseId?: string): Promise<string> {
    const body = { name: scope, scope, ...(licenseId === undefined ? {} : { licenseId }) };
    return String((await expectStatus(201, this.admin('POST', '/v1/tokens', body))).json?.['token']);
  }

  /** A customer and a license, until a year from now unless `terms` says otherwise. */
  async sellLicense(terms: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; licenseKey: string }> {
    const customer = await expectStatus(201, this.admin('POST', '/v1/customers', { name: 'Example Ltd' }));
    const license = await expectStatus(
      201,
      this.admin('POST', '/v1/licenses', {
        customerId: customer.json?.['id'],
        features: ['sigma', 'mining-pools'],
        seats: 2,
        expiresAt: formatSeconds(new Date(this.clock.now().getTime() + 365 * dayMs)),
        ...terms,
      }),
    );
    return { id: String(license.json?.['id']), licenseKey: String(license.json?.['licenseKey']) };
  }

  async activate(licenseKey: string, hostKey: SecretKey = newSealingKey()): Promise<TestHost> {
    const json = { licenseKey, hostKey: encodePublicKey(hostKey.publicKey), name: 'host.example', client: '0.1.0' };
    const answer = await expectStatus(201, this.call('POST', '/v1/activations', { json }));
    const sealed = Buffer.from(String(answer.json?.['sealedToken']), 'base64');
    const token = Buffer.from(openerOf(hostKey).open(sealed)).toString('utf8');
    return { hostId: String(answer.json?.['hostId']), hostKey, token };
  }

  /** The repository path of a published pack. */
  targetPath({ bytes, header }: SealedPack): string {
    return `/repository/targets/${header.feature}/${header.pack}/${sha256Hex(bytes)}.${header.channel}.yms`;
  }
}

export interface SecondServer {
  readonly url: string;
  readonly deps: ServerDeps;
  close(): Promise<void>;
}

export interface TestHost {
  readonly hostId: string;
  readonly hostKey: SecretKey;
  readonly token: string;
}

async function run(dir: string, clock: FixedClock, options: TestServerOptions): Promise<RunningServer> {
  const { log = silentLog, wrap = (parts: ServerParts) => parts, recordsUrl = null } = options;
  const parts = await wrap(await openServer(dir, { clock, log, recordsUrl }), dir);
  return startServer(parts, { host: '127.0.0.1', port: 0 }, { hasSchedule: false });
}

/** Awaits an answer that must have `status`; another fails the test with what the server said. */
export async function expectStatus(status: number, answer: Promise<Answer>): Promise<Answer> {
  const got = await answer;
  if (got.status !== status)
    throw new Error(
      `expected status ${status}, got ${got.status} ${Buffer.from(got.bytes).toString('utf8').slice(0, 500)}`,
    );
  return got;
}

/** As {@link expectStatus}, and the body is a problem document with this code. */
export async function expectProblem(status: number, code: string, answer: Promise<Answer>): Promise<Answer> {
  const got = await expectStatus(status, answer);
  const type = got.headers.get('content-type');
  if (type !== 'application/problem+json' || got.json?.['code'] !== code || got.json['status'] !== status)
    throw new Error(`expected problem ${code}, got ${type} ${JSON.stringify(got.json)}`);
  return got;
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
