/**
 * A second writer of the format, made from docs/spec/pack.md and libsodium alone: nothing of packs/ or keys/ is used, so
 * that the vectors test the implementation and not its own mirror image. All randomness comes from fixed seeds.
 */
import { createHash } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { canonicalJson } from '../../../../base/json.js';

await sodium.ready;

export const tagMessage = 0;
export const tagFinal = 3;
const chunkBytes = 65_536;

export function bytesOf(seed: string, length = 32): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < length; i++) blocks.push(createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
}

function keyid(type: 'ed25519' | 'x25519', publicKey: Uint8Array): string {
  const hex = Buffer.from(publicKey).toString('hex');
  return sha256Hex(Buffer.from(`{"keytype":"${type}","keyval":{"public":"${hex}"},"scheme":"${type}"}`));
}

export interface SigningKey {
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
  readonly keyid: string;
}

export function signingKey(seed: string): SigningKey {
  const pair = sodium.crypto_sign_seed_keypair(bytesOf(seed));
  return { publicKey: pair.publicKey, secret: pair.privateKey, keyid: keyid('ed25519', pair.publicKey) };
}

export interface SealingKey {
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
  readonly keyid: string;
}

export function sealingKey(seed: string): SealingKey {
  const secret = bytesOf(seed);
  const publicKey = sodium.crypto_scalarmult_base(secret);
  return { publicKey, secret, keyid: keyid('x25519', publicKey) };
}

/** crypto_box_seal with an ephemeral key from a seed. */
export function sealedBox(message: Uint8Array, to: SealingKey, seed: string): Buffer {
  const ephemeral = sealingKey(seed);
  const nonce = sodium.crypto_generichash(24, Buffer.concat([ephemeral.publicKey, to.publicKey]), null);
  const box = sodium.crypto_box_easy(message, nonce, to.publicKey, ephemeral.secret);
  return Buffer.concat([ephemeral.publicKey, box]);
}

/**
 * A secretstream of the given chunks and tags, under a stream header from a seed: push and pull have one state, which
 * init_pull makes from a header that is already there.
 */
export function stream(key: Uint8Array, chunks: readonly (readonly [Uint8Array, number])[], seed: string): Buffer {
  const header = bytesOf(seed, 24);
  const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key);
  return Buffer.concat([
    header,
    ...chunks.map(([chunk, tag]) => sodium.crypto_secretstream_xchacha20poly1305_push(state, chunk, null, tag)),
  ]);
}

export function chunked(plaintext: Uint8Array): [Uint8Array, number][] {
  const chunks: [Uint8Array, number][] = [];
  for (let at = 0; at < plaintext.length; at += chunkBytes)
    chunks.push([plaintext.subarray(at, at + chunkBytes), at + chunkBytes < plaintext.length ? tagMessage : tagFinal]);
  return chunks;
}

/** Brotli (RFC 7932) of stored blocks only, so that the bytes do not depend on a compressor. */
export function brotli(content: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += chunkBytes) {
    const block = content.subarray(at, at + chunkBytes);
    // WBITS 16 (one bit, 0) in front of the first block; ISLAST 0, MNIBBLES 4 (00), MLEN - 1, ISUNCOMPRESSED 1
    const bits = ((block.length - 1) << 3) | (1 << 19);
    parts.push(
      u32(at === 0 ? bits << 1 : bits)
        .reverse()
        .subarray(0, 3),
      block,
    );
  }
  return Buffer.concat([...parts, Buffer.from([0x03])]); // ISLAST 1, ISLASTEMPTY 1
}

export interface TarEntry {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly type?: string;
  readonly linkName?: string;
  readonly mode?: string;
  readonly mtime?: string;
}

export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content as string);
    return [tarHeader(entry, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function tarHeader(
  { name, type = '0', linkName = '', mode = '000644', mtime = '00000000000' }: TarEntry,
  size: number,
) {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${mode} `, 100);
  header.write('000000 ', 108);
  header.write('000000 ', 116);
  header.write(`${size.toString(8).padStart(11, '0')} `, 124);
  header.write(`${mtime} `, 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(linkName, 157);
  header.write('ustar\0' + '00', 257);
  header.write('000000 ', 329);
  header.write('000000 ', 337);
  const sum = header.reduce((total, byte) => total + byte);
  header.write(`${sum.toString(8).padStart(6, '0')} \0`, 148);
  return header;
}

export interface Line {
  readonly kind: string;
  readonly id: string;
  readonly line: string;
}

export function contentDigest(lines: readonly Line[]): string {
  const hash = createHash('sha256').update('yms1 content\n');
  for (const { kind, id, line } of lines)
    hash
      .update(u32(Buffer.byteLength(kind)))
      .update(kind)
      .update(u32(Buffer.byteLength(id)))
      .update(id)
      .update(createHash('sha256').update(line).digest());
  return hash.digest('hex');
}

export interface Release {
  readonly feature: string;
  readonly kind: string;
  readonly pack: string;
  readonly sequence: number;
  readonly version: string;
}

export function commitment(contentKey: Uint8Array, { feature, kind, pack, sequence, version }: Release): string {
  const message = `yms1 key\n${canonicalJson({ feature, kind, pack, sequence, version })}`;
  return Buffer.from(sodium.crypto_generichash(32, message, contentKey)).toString('hex');
}

export interface Signature {
  readonly keyid: string;
  readonly sig: string;
}

/** With null for the type: of the bare document, as no writer should. */
export function sign(document: Uint8Array, key: SigningKey, payloadType: string | null): Signature {
  const encoding = `DSSEv1 ${Buffer.byteLength(payloadType ?? '')} ${payloadType ?? ''} ${document.length} `;
  const message = payloadType === null ? document : Buffer.concat([Buffer.from(encoding), document]);
  return { keyid: key.keyid, sig: Buffer.from(sodium.crypto_sign_detached(message, key.secret)).toString('base64') };
}

export function envelope(document: Uint8Array, signatures: readonly Signature[], payloadType: string): string {
  return canonicalJson({ payload: Buffer.from(document).toString('base64'), payloadType, signatures });
}

export function container(header: string | Uint8Array, payload: Uint8Array): Buffer {
  const bytes = Buffer.from(header as string);
  return Buffer.concat([Buffer.from('yms1\n'), u32(bytes.length), bytes, payload]);
}
