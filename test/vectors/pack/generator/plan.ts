import { canonicalJson, type Json } from '../../../../base/json.js';
import {
  brotli,
  bytesOf,
  chunked,
  commitment,
  container,
  contentDigest,
  envelope,
  type Line,
  type Release,
  sealedBox,
  sealingKey,
  type SealingKey,
  sha256Hex,
  sign,
  type Signature,
  signingKey,
  type SigningKey,
  stream,
  tar,
  type TarEntry,
} from './writer.js';

export const packType = 'application/vnd.yms.pack+json';
export const release = signingKey('release key');
export const secondRelease = signingKey('second release key');
export const stranger = signingKey('stranger');
export const distribution = sealingKey('distribution key');
export const host = sealingKey('host key');

const identity = {
  kind: 'full',
  feature: 'sigma',
  pack: 'core',
  version: '2026.07.01',
  sequence: 1,
  channel: 'stable',
  createdAt: '2026-07-01T00:00:00Z',
  minimumClient: '0.1.0',
};

export const one: Line = {
  kind: 'sigma',
  id: '00000000-0000-4000-8000-000000000001',
  line: '{"detection":{"s":{"a":1}},"id":"00000000-0000-4000-8000-000000000001","title":"one"}',
};
export const two: Line = {
  kind: 'sigma',
  id: '00000000-0000-4000-8000-000000000002',
  line: '{"id":"00000000-0000-4000-8000-000000000002","title":"two"}',
};

export type Members = Record<string, Json>;

/** One pack, right in everything that no member changes. Each function gets what a right writer would go on with. */
export interface Plan {
  readonly identity?: Members;
  readonly lines?: readonly Line[];
  readonly manifest?: (members: Members) => Members;
  readonly manifestText?: (text: string) => string;
  readonly entries?: (entries: TarEntry[]) => TarEntry[];
  readonly archive?: (archive: Buffer) => Buffer;
  readonly compressed?: (compressed: Buffer) => Buffer;
  readonly chunks?: (chunks: [Uint8Array, number][]) => [Uint8Array, number][];
  readonly payload?: (payload: Buffer) => Buffer;
  readonly recipients?: readonly SealingKey[];
  readonly header?: (members: Members) => Members;
  readonly document?: (text: string) => string | Uint8Array;
  readonly payloadType?: string;
  readonly signers?: readonly SigningKey[];
  readonly signatures?: (signatures: Signature[], document: Uint8Array) => Signature[];
  readonly envelope?: (text: string) => string | Uint8Array;
  readonly container?: (bytes: Buffer) => Buffer;
}

export interface Made {
  readonly bytes: Buffer;
  readonly payload: Buffer;
  readonly header: Members;
  readonly contentKey: Buffer;
  readonly digest: string;
  readonly items: number;
}

export function make(name: string, plan: Plan = {}): Made {
  const same = <T>(value: T): T => value;
  const named: Members = { ...identity, ...plan.identity };
  const lines = plan.lines ?? [one];
  const contentKey = bytesOf(`${name} content key`);
  const archive = makeArchive(plan, named, lines);
  const compressed = (plan.compressed ?? same)(brotli(archive));
  const chunks = (plan.chunks ?? same)(chunked(compressed));
  const payload = (plan.payload ?? same)(stream(contentKey, chunks, `${name} stream`));
  const recipients = (plan.recipients ?? [distribution])
    .map((key) => ({
      keyid: key.keyid,
      sealed: sealedBox(contentKey, key, `${name} box ${key.keyid}`).toString('base64'),
    }))
    .sort((a, b) => (a.keyid < b.keyid ? -1 : 1));
  const header = (plan.header ?? same)({
    ...named,
    compression: 'brotli',
    contentLength: archive.length,
    keyCommitment: commitment(contentKey, named as unknown as Release),
    payload: { length: payload.length, sha256: sha256Hex(payload) },
    recipients,
  });
  const document = Buffer.from((plan.document ?? same)(canonicalJson(header)) as string);
  const type = plan.payloadType ?? packType;
  const signed = (plan.signers ?? [release]).map((key) => sign(document, key, type));
  const text = envelope(document, (plan.signatures ?? same)(signed, document), type);
  const bytes = (plan.container ?? same)(container((plan.envelope ?? same)(text), payload));
  return { bytes, payload, header, contentKey, digest: contentDigest(lines), items: lines.length };
}

function makeArchive(plan: Plan, named: Members, lines: readonly Line[]): Buffer {
  const same = <T>(value: T): T => value;
  const count = (kind: string): number => lines.filter((line) => line.kind === kind).length;
  const manifest = (plan.manifest ?? same)({
    ...named,
    contentDigest: contentDigest(lines),
    counts: {
      attribution: count('attribution'),
      ioc: count('ioc'),
      pool: count('pool'),
      sigma: count('sigma'),
      triage: count('triage'),
    },
  });
  const content = (kind: string): string =>
    lines
      .filter((line) => line.kind === kind)
      .map(({ line }) => `${line}\n`)
      .join('');
  const entries = [
    { name: 'manifest.json', content: (plan.manifestText ?? same)(canonicalJson(manifest)) },
    { name: 'sigma.jsonl', content: content('sigma') },
    { name: 'iocs.jsonl', content: content('ioc') },
    { name: 'pools.jsonl', content: content('pool') },
    { name: 'triage.jsonl', content: content('triage') },
    { name: 'attribution.jsonl', content: content('attribution') },
  ].filter((entry) => entry.content !== '');
  return (plan.archive ?? same)(tar((plan.entries ?? same)(entries)));
}

export interface Expectation {
  readonly signers?: readonly SigningKey[];
  readonly threshold?: number;
  readonly expect?: Record<string, string>;
  /** Open with the content key of the pack (the default), with a sealed one, with another one, or not at all. */
  readonly open?: 'content-key' | SealingKey | Uint8Array | 'no';
}

export function vector(code: string, comment: string, made: Made, expectation: Expectation = {}): Buffer {
  const { signers = [release], threshold = 1, expect = {}, open = 'content-key' } = expectation;
  const lines = [`comment: ${comment}`, `expect: ${code}`];
  for (const { publicKey } of signers) lines.push(`signer: ${hex(publicKey)}`);
  lines.push(`threshold: ${threshold}`);
  for (const [name, value] of Object.entries(expect)) lines.push(`${name}: ${value}`);
  if (open === 'content-key') lines.push(`content-key: ${hex(made.contentKey)}`);
  else if (open instanceof Uint8Array) lines.push(`content-key: ${hex(open)}`);
  else if (open !== 'no') lines.push(`opener: ${hex(open.secret)}`);
  if (code === 'ok') lines.push(`content-digest: ${made.digest}`, `items: ${made.items}`);
  return Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), made.bytes]);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function flip(bytes: Uint8Array, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  const place = at < 0 ? bytes.length + at : at;
  flipped[place] = (flipped[place] ?? 0) ^ 1;
  return flipped;
}

/** Stored content of a little more than one and two chunks. */
export const twoChunks = largeLines(1);
export const threeChunks = largeLines(2);

function largeLines(count: number): Line[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `large-${i}`;
    return { kind: 'sigma', id, line: canonicalJson({ id, text: hex(bytesOf(id, 32_768)) }) };
  });
}

/** Adds the vector of a plan under its file name. */
export type Add = (name: string, code: string, comment: string, plan?: Plan, expectation?: Expectation) => void;

export function without(members: Members, name: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([member]) => member !== name));
}
