import { concatBytes, sha256Hex, utf8 } from '../base/bytes.js';
import type { Json } from '../base/json.js';
import { encodeEnvelope, type Envelope, parseEnvelope, preAuthEncoding, verifyEnvelope } from '../keys/envelope.js';
import type { PublicKey } from '../keys/key.js';
import type { Signer } from '../keys/signer.js';
import { type ArchiveFiles, type ArchiveName, encodeArchive, itemFiles, parseArchive } from './archive.js';
import { compress, decompress } from './compression.js';
import { checkContentKey, keyCommitment, newContentKey, sealContentKey } from './content-key.js';
import { contentDigest } from './digest.js';
import { PackError } from './error.js';
import {
  encodeHeader,
  maxContentBytes,
  maxHeaderBytes,
  type PackHeader,
  packPayloadType,
  parseHeader,
} from './header.js';
import { encodeLines, type Item, itemKinds, parseLines, sortItems } from './item.js';
import { checkCounts, checkIdentity, countItems, encodeManifest, type Manifest, parseManifest } from './manifest.js';
import { openPayload, sealPayload } from './payload.js';

export { keyCommitment, openContentKey } from './content-key.js';

const magic = utf8('yms1\n');
const preludeBytes = magic.length + 4;

/** A file of the right shape; nothing in it is known to be authentic. */
export interface UnverifiedPack {
  readonly subject: string;
  readonly envelope: Envelope;
  readonly payload: Uint8Array;
}

/** A pack whose header the role has signed and whose payload is the one in the header; still encrypted. */
class VerifiedPack {
  readonly header: PackHeader;
  /** The keys that signed the header. */
  readonly keyids: readonly string[];
  readonly #payload: Uint8Array;

  constructor(header: PackHeader, keyids: readonly string[], payload: Uint8Array) {
    this.header = header;
    this.keyids = keyids;
    this.#payload = payload;
  }

  static payloadOf(pack: VerifiedPack): Uint8Array {
    return pack.#payload;
  }
}
/** Only the type leaves this file, so that {@link verifyPack} is the one way to get a value of it. */
export type { VerifiedPack };

export interface OpenedPack {
  readonly header: PackHeader;
  readonly manifest: Manifest;
  /** Sorted by kind and id. */
  readonly items: readonly Item[];
}

export interface PackInput {
  readonly feature: string;
  readonly pack: string;
  readonly version: string;
  readonly sequence: number;
  readonly channel: string;
  readonly createdAt: string;
  readonly minimumClient: string;
  /** The version of the release that this one withdraws. */
  readonly rollbackOf?: string;
  /** In any order. */
  readonly items: readonly Item[];
  /** The builder's record of sources and tests. */
  readonly build?: Json;
}

export interface SealedPack {
  readonly bytes: Uint8Array;
  readonly header: PackHeader;
  readonly contentKey: Uint8Array;
  readonly contentDigest: string;
}

/**
 * Makes a full pack under a fresh content key.
 *
 * @throws PackError `item-malformed`, `item-duplicate`, `manifest-malformed`, `header-malformed`, `archive-too-large`
 * @throws KeyError `key-kind` for a recipient that cannot open, `signature-duplicate` for a signer given twice
 */
export async function sealPack(
  input: PackInput,
  { signers, recipients }: { readonly signers: readonly Signer[]; readonly recipients: readonly PublicKey[] },
): Promise<SealedPack> {
  const { items: unsorted, rollbackOf, build, ...named } = input;
  const items = sortItems(unsorted);
  const identity = { kind: 'full' as const, ...named };
  const manifest: Manifest = {
    ...identity,
    contentDigest: contentDigest(items),
    counts: countItems(items),
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    ...(build === undefined ? {} : { build }),
  };
  const archive = await encodeArchive(archiveFiles(manifest, items));
  if (archive.length > maxContentBytes)
    throw new PackError(
      'archive-too-large',
      `archive: expected at most ${maxContentBytes} bytes, got ${archive.length}`,
    );

  const contentKey = newContentKey();
  const payload = sealPayload(await compress(archive), contentKey);
  const header: PackHeader = {
    ...identity,
    compression: 'brotli',
    payload: { length: payload.length, sha256: sha256Hex(payload) },
    contentLength: archive.length,
    keyCommitment: keyCommitment(contentKey, identity),
    recipients: recipients
      .map((recipient) => sealContentKey(contentKey, recipient))
      .sort((a, b) => (a.keyid < b.keyid ? -1 : 1)),
  };
  const bytes = concatBytes(encodeContainerHeader(signHeader(header, signers)), payload);
  return { bytes, header, contentKey, contentDigest: manifest.contentDigest };
}

function archiveFiles(manifest: Manifest, items: readonly Item[]): ArchiveFiles {
  const files = new Map<ArchiveName, Uint8Array>([['manifest.json', encodeManifest(manifest)]]);
  for (const kind of itemKinds) {
    const lines = encodeLines(items.filter((item) => item.kind === kind));
    if (lines.length > 0) files.set(itemFiles[kind], lines);
  }
  return files;
}

/** Verified at once, so that a signer that is broken or given twice is noticed by its owner and not by his customers. */
function signHeader(header: PackHeader, signers: readonly Signer[]): Uint8Array {
  const payload = encodeHeader(header);
  const message = preAuthEncoding(packPayloadType, payload);
  const signatures = signers.map((signer) => ({ keyid: signer.key.keyid, sig: signer.sign(message) }));
  const envelope = encodeEnvelope({ payloadType: packPayloadType, payload, signatures });
  verifyEnvelope(parseEnvelope(envelope, 'new pack header'), {
    payloadType: packPayloadType,
    keys: signers.map(({ key }) => key),
    threshold: signers.length,
    subject: 'new pack header',
  });
  return envelope;
}

function encodeContainerHeader(envelope: Uint8Array): Uint8Array {
  if (envelope.length > maxHeaderBytes)
    throw new PackError(
      'header-length',
      `pack header: expected at most ${maxHeaderBytes} bytes, got ${envelope.length}`,
    );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(envelope.length);
  return concatBytes(magic, length, envelope);
}

/**
 * Takes a file apart (docs/spec/pack.md, "Reading, in order", steps 1 and 2). Null: it is no pack of ours.
 *
 * @throws PackError `pack-truncated`, `header-length`
 * @throws KeyError `envelope-malformed`
 */
export function readPack(bytes: Uint8Array, subject = 'pack'): UnverifiedPack | null {
  if (Buffer.compare(bytes.subarray(0, magic.length), magic) !== 0) return null;
  if (bytes.length < preludeBytes)
    throw new PackError('pack-truncated', `${subject}: expected a header length, got the end of the file`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length);
  if (headerBytes === 0 || headerBytes > maxHeaderBytes)
    throw new PackError(
      'header-length',
      `${subject}: expected a header of 1 to ${maxHeaderBytes} bytes, got ${headerBytes}`,
    );
  const end = preludeBytes + headerBytes;
  if (bytes.length < end)
    throw new PackError(
      'pack-truncated',
      `${subject}: expected a header of ${headerBytes} bytes, got ${bytes.length - preludeBytes}`,
    );
  const envelope = parseEnvelope(bytes.subarray(preludeBytes, end), `${subject} header`);
  return { subject, envelope, payload: bytes.subarray(end) };
}

export interface PackPolicy {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
  readonly expect?: { readonly feature?: string; readonly pack?: string; readonly channel?: string };
}

/**
 * Steps 3 to 5: signatures, header document, expected identity, payload length and hash.
 *
 * @throws KeyError `payload-type`, `signature-unknown-key`, `signature-duplicate`, `signature-invalid`,
 * `signature-threshold`
 * @throws PackError `header-malformed`, `pack-identity`, `payload-truncated`, `payload-extended`, `payload-hash`
 */
export function verifyPack(unverified: UnverifiedPack, policy: PackPolicy): VerifiedPack {
  const { subject, envelope, payload } = unverified;
  const { keys, threshold, expect = {} } = policy;
  const signed = verifyEnvelope(envelope, {
    payloadType: packPayloadType,
    keys,
    threshold,
    subject: `${subject} header`,
  });
  const header = parseHeader(signed.payload, `${subject} header`);
  for (const member of ['feature', 'pack', 'channel'] as const)
    if (expect[member] !== undefined && expect[member] !== header[member])
      throw new PackError('pack-identity', `${subject}: expected ${member} ${expect[member]}, got ${header[member]}`);
  checkPayload(payload, header, subject);
  return new VerifiedPack(header, signed.keyids, payload);
}

function checkPayload(payload: Uint8Array, { payload: expected }: PackHeader, subject: string): void {
  if (payload.length !== expected.length)
    throw new PackError(
      payload.length < expected.length ? 'payload-truncated' : 'payload-extended',
      `${subject}: expected a payload of ${expected.length} bytes, got ${payload.length}`,
    );
  const sha256 = sha256Hex(payload);
  if (sha256 !== expected.sha256)
    throw new PackError(
      'payload-hash',
      `${subject}: expected a payload with SHA-256 ${expected.sha256}, got ${sha256}`,
    );
}

/**
 * Steps 6 to 8: the plaintext archive of a verified pack, a tar that nobody has looked into yet.
 *
 * @throws PackError `key-commitment`, `payload-…`, `compression`, `archive-too-large`, `archive-too-small`
 */
export function openArchive(pack: VerifiedPack, contentKey: Uint8Array): Promise<Uint8Array> {
  checkContentKey(contentKey, pack.header);
  return decompress(openPayload(VerifiedPack.payloadOf(pack), contentKey), pack.header.contentLength);
}

/**
 * Steps 6 to 12: the items of a verified full pack.
 *
 * @throws PackError every code of steps 6 to 12, `kind-unsupported` for a delta
 */
export async function openPack(pack: VerifiedPack, contentKey: Uint8Array): Promise<OpenedPack> {
  const { header } = pack;
  checkContentKey(contentKey, header);
  if (header.kind !== 'full')
    throw new PackError(
      'kind-unsupported',
      `${header.feature}/${header.pack} ${header.version}: expected a full pack, got a delta`,
    );
  const files = await parseArchive(await openArchive(pack, contentKey));
  const manifest = parseManifest(files.get('manifest.json') ?? new Uint8Array());
  checkIdentity(manifest, header);
  const items = itemKinds.flatMap((kind) => {
    const lines = files.get(itemFiles[kind]);
    return lines ? parseLines(kind, lines, itemFiles[kind]) : [];
  });
  checkCounts(manifest, items);
  const digest = contentDigest(items);
  if (digest !== manifest.contentDigest)
    throw new PackError('content-digest', `pack content: expected digest ${manifest.contentDigest}, got ${digest}`);
  return { header, manifest, items };
}
