import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { encodeBase64, sha256Hex, utf8 } from '../../base/bytes.js';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJson, canonicalJsonBytes } from '../../base/json.js';
import { parsePublicKey, type PublicKey } from '../../keys/key.js';
import { sealTo } from '../../keys/sealing.js';
import { signEnvelope, signerOf } from '../../keys/signing.js';
import { encodeItem, type Item } from '../../packs/item.js';
import { encodeLicense, type Grant, type License, licensePayloadType, sealGrant } from '../../packs/license.js';
import { type SealedPack, sealPack } from '../../packs/pack.js';
import type { TestRepository } from './repository.js';

export interface Answer {
  readonly status: number;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Close the connection after so many bytes of the body. */
  readonly cutAt?: number;
  /** Write the body again and again until the client hangs up. */
  readonly endless?: boolean;
}

interface Host {
  readonly id: string;
  readonly key: PublicKey;
  readonly token: string;
  serial: number;
  issued: { content: string; envelope: Uint8Array; issuedAtMs: number } | null;
}

export interface TestLicense {
  readonly id: string;
  readonly key: string;
  features: string[];
  seats: number;
  state: License['state'];
  /** Days that a document is valid. */
  documentDays: number;
  readonly hosts: Host[];
}

/** A distribution server in memory, over a real listener on loopback, that a test may bend in every way. */
export class TestDistribution {
  readonly repository: TestRepository;
  readonly licenses: TestLicense[] = [];
  readonly releases = new Map<string, SealedPack>();
  /** `GET /path`, in order. */
  requests: string[] = [];
  /** Bytes of bodies sent. */
  sentBytes = 0;
  readonly statuses: unknown[] = [];
  /** What went wrong in here: a test that looks at it knows that the server is not the culprit. */
  readonly failures: unknown[] = [];
  /** What a test answers instead; asked first. */
  intercept: (method: string, path: string, headers: IncomingMessage['headers']) => Answer | undefined = () =>
    undefined;
  /** What a test changes in a document before it is signed. */
  alterLicense: (license: License) => License = (license) => license;
  #server: Server | null = null;

  constructor(repository: TestRepository) {
    this.repository = repository;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    this.#server = null;
  }

  sell(features: readonly string[], seats = 1): TestLicense {
    const n = this.licenses.length + 1;
    const license: TestLicense = {
      id: `lic_${n}`,
      key: `YMS-TEST-${n}`,
      features: [...features],
      seats,
      state: 'active',
      documentDays: 14,
      hosts: [],
    };
    this.licenses.push(license);
    return license;
  }

  /** Seals a release with the feature's keys; `release` also lists and publishes it. */
  async seal(name: string, sequence: number, items: readonly Item[], over: object = {}): Promise<SealedPack> {
    const [feature = '', pack = '', channel = ''] = name.split('/');
    const input = {
      feature,
      pack,
      channel,
      sequence,
      version: `2026.${sequence}`,
      createdAt: formatSeconds(this.repository.clock.now()),
      minimumClient: '0.1.0',
      items,
      ...over,
    };
    return sealPack(input, {
      signers: this.repository.keysOf(feature).map(signerOf),
      recipients: [this.repository.distributionKey.publicKey],
    });
  }

  async release(
    name: string,
    sequence: number,
    items: readonly Item[] = [rule(`rule-${sequence}`)],
    over: object = {},
  ) {
    const sealed = await this.seal(name, sequence, items, over);
    this.list(name, sealed);
    this.repository.publish();
    return sealed;
  }

  /** Lists bytes as a release in the feature's role; `bytes` may be others than those that were sealed. */
  list(name: string, sealed: SealedPack, bytes = sealed.bytes): void {
    const { kind, version, sequence, feature } = sealed.header;
    const role = this.repository.role(name.split('/')[0] ?? feature);
    this.repository.putTarget(role, `${name}.yms`, bytes, { kind, version, sequence });
    this.releases.set(name, sealed);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? '';
    const path = (request.url ?? '').slice(1);
    this.requests.push(`${method} /${path}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const answer = this.#decide(method, path, request, body);
    const bytes = Buffer.from(answer.body ?? '');
    response.writeHead(answer.status, {
      ...(answer.endless || answer.status === 304 ? {} : { 'content-length': bytes.length }),
      ...answer.headers,
    });
    if (answer.endless) {
      while (!response.destroyed) {
        this.sentBytes += bytes.length;
        if (!response.write(bytes)) await setImmediate();
      }
    } else if (answer.cutAt === undefined) {
      this.sentBytes += bytes.length;
      response.end(bytes);
    } else {
      response.write(bytes.subarray(0, answer.cutAt), () => response.socket?.destroy());
    }
  }

  #decide(method: string, path: string, request: IncomingMessage, body: string): Answer {
    try {
      return this.intercept(method, path, request.headers) ?? this.#route(method, path, request, body);
    } catch (error) {
      this.failures.push(error);
      return { status: 500, body: String(error) };
    }
  }

  #route(method: string, path: string, request: IncomingMessage, body: string): Answer {
    const found = this.#hostOf(request);
    if (path.startsWith('repository/')) {
      const bytes = this.repository.files.get(path.slice('repository/'.length));
      const isPublic = path.startsWith('repository/metadata/') || path.endsWith('.keys.json');
      if (!isPublic && !found) return problem(401, 'token-invalid');
      if (!bytes) return problem(404, 'not-found');
      if (!isPublic && !found?.license.features.includes(path.split('/')[2] ?? ''))
        return problem(403, 'feature-not-licensed');
      const refused = isPublic || !found ? undefined : refusedState(found.license);
      if (refused) return refused;
      const etag = `"${sha256Hex(bytes)}"`;
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from === 0) return { status: 200, body: bytes, headers: { etag } };
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      return { status: 206, body: bytes.subarray(from), headers: { etag, 'content-range': range } };
    }
    if (method === 'POST' && path === 'v1/activations') return this.#activate(body);
    if (!found) return problem(401, 'token-invalid');
    if (method === 'GET' && path === 'v1/license') return this.#license(found.license, found.host, request);
    if (method === 'POST' && path === 'v1/status') {
      this.statuses.push(JSON.parse(body));
      return { status: 204 };
    }
    return problem(404, 'not-found');
  }

  #hostOf(request: IncomingMessage): { license: TestLicense; host: Host } | null {
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    for (const license of this.licenses) {
      const host = license.hosts.find((candidate) => candidate.token === token);
      if (host) return { license, host };
    }
    return null;
  }

  #activate(body: string): Answer {
    const asked = JSON.parse(body) as { licenseKey: string; hostKey: unknown };
    const license = this.licenses.find(({ key }) => key === asked.licenseKey);
    if (!license) return problem(401, 'license-key-unknown');
    const refused = refusedState(license);
    if (refused) return refused;
    const key = parsePublicKey(asked.hostKey);
    let host = license.hosts.find((candidate) => candidate.key.keyid === key.keyid);
    if (!host) {
      if (license.hosts.length >= license.seats) return problem(409, 'seats-exhausted');
      const id = `hst_${license.id}_${license.hosts.length + 1}`;
      host = { id, key, token: `token-${id}`, serial: 0, issued: null };
      license.hosts.push(host);
    }
    const sealedToken = encodeBase64(sealTo(key, utf8(host.token)));
    return { status: 201, body: canonicalJson({ hostId: host.id, licenseId: license.id, sealedToken }) };
  }

  #license(license: TestLicense, host: Host, request: IncomingMessage): Answer {
    const refused = refusedState(license);
    if (refused) return refused;
    const envelope = this.issue(license, host);
    const etag = `"${sha256Hex(envelope)}"`;
    if (request.headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
    return { status: 200, body: envelope, headers: { etag } };
  }

  /** The document for a host; a new one when its content has changed or half its validity has passed. */
  issue(license: TestLicense, host: Host): Uint8Array {
    const now = this.repository.clock.now();
    const releases = [...this.releases].filter(([name]) => license.features.includes(name.split('/')[0] ?? ''));
    const packs = releases.map(([name]) => {
      const [feature = '', pack = '', channel = ''] = name.split('/');
      return { feature, pack, channel };
    });
    const content = canonicalJson([
      license.features,
      license.state,
      releases.map(([, { header }]) => header.keyCommitment),
      sha256Hex(canonicalJsonBytes([host.key.keyid, this.repository.licenseKey.publicKey.keyid])),
    ]);
    const isOld = now.getTime() - (host.issued?.issuedAtMs ?? 0) > license.documentDays * 43_200_000;
    if (host.issued?.content === content && !isOld) return host.issued.envelope;
    host.serial += 1;
    const document: License = this.alterLicense({
      license: license.id,
      customer: { id: 'cus_1', name: 'Example AG' },
      host: { id: host.id, keyid: host.key.keyid },
      features: [...license.features].sort(),
      packs,
      state: license.state,
      notBefore: formatSeconds(now),
      expiresAt: this.repository.inDays(license.documentDays),
      licenseExpiresAt: this.repository.inDays(365),
      issuedAt: formatSeconds(now),
      serial: host.serial,
      grants: releases.map(([, { header, contentKey }]): Grant => sealGrant(header, contentKey, host.key)),
    });
    const envelope = signEnvelope(licensePayloadType, encodeLicense(document), [signerOf(this.repository.licenseKey)]);
    host.issued = { content, envelope, issuedAtMs: now.getTime() };
    return envelope;
  }
}

function refusedState({ state }: TestLicense): Answer | undefined {
  if (state === 'revoked' || state === 'suspended' || state === 'expired') return problem(403, `license-${state}`);
  return undefined;
}

export function problem(status: number, code: string): Answer {
  const body = canonicalJson({
    type: `urn:yms:problem:${code}`,
    title: code,
    status,
    code,
    detail: `${code}: said so`,
  });
  return { status, body, headers: { 'content-type': 'application/problem+json' } };
}

/** An indicator that stands for any rule: the keyword `word`, at least 3 characters. */
export function rule(word: string, description = word): Item {
  return encodeItem('ioc', `keyword:${word}`, { type: 'keyword', value: word, score: 60, description });
}
