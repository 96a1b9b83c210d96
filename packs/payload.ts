import {
  startPull,
  startPush,
  streamHeaderBytes,
  streamOverheadBytes,
  streamTagFinal,
  streamTagMessage,
} from '../keys/sodium.js';
import { PackError } from './error.js';

/** Plaintext bytes of every chunk but the last (docs/spec/pack.md, "Payload"). */
export const chunkBytes = 65_536;
const sealedChunkBytes = chunkBytes + streamOverheadBytes;

/** The length of the payload that holds `plaintextBytes` (at least 1) bytes. */
export function payloadLength(plaintextBytes: number): number {
  return streamHeaderBytes + plaintextBytes + streamOverheadBytes * Math.ceil(plaintextBytes / chunkBytes);
}

/** Whether some plaintext gives a payload of this length. */
export function isPayloadLength(length: number): boolean {
  const lastChunk = (length - streamHeaderBytes) % sealedChunkBytes;
  return length > streamHeaderBytes + streamOverheadBytes && (lastChunk === 0 || lastChunk > streamOverheadBytes);
}

/** Encrypts `plaintext` (at least 1 byte) as a whole under a content key that must be used for nothing else. */
export function sealPayload(plaintext: Uint8Array, contentKey: Uint8Array): Uint8Array {
  if (plaintext.length === 0) throw new RangeError('payload: expected at least 1 byte, got 0');
  const payload = new Uint8Array(payloadLength(plaintext.length));
  const stream = startPush(contentKey);
  payload.set(stream.header);
  let written = streamHeaderBytes;
  for (let at = 0; at < plaintext.length; at += chunkBytes) {
    const isLast = at + chunkBytes >= plaintext.length;
    const chunk = plaintext.subarray(at, at + chunkBytes);
    payload.set(stream.push(chunk, isLast ? streamTagFinal : streamTagMessage), written);
    written += chunk.length + streamOverheadBytes;
  }
  return payload;
}

/**
 * Decrypts a whole payload, or nothing of it.
 *
 * @throws PackError `payload-truncated`, `payload-extended`, `payload-chunk`, `payload-tag`, `payload-authentication`
 */
export function openPayload(payload: Uint8Array, contentKey: Uint8Array): Uint8Array {
  const minBytes = payloadLength(1);
  if (payload.length < minBytes)
    throw new PackError('payload-truncated', `payload: expected at least ${minBytes} bytes, got ${payload.length}`);
  if (!isPayloadLength(payload.length))
    throw new PackError('payload-chunk', `payload: expected whole chunks, got ${payload.length} bytes`);

  const sealed = payload.subarray(streamHeaderBytes);
  const chunks = Math.ceil(sealed.length / sealedChunkBytes);
  const plaintext = new Uint8Array(sealed.length - chunks * streamOverheadBytes);
  const stream = startPull(payload.subarray(0, streamHeaderBytes), contentKey);
  for (let i = 0; i < chunks; i++) {
    const pulled = stream.pull(sealed.subarray(i * sealedChunkBytes, (i + 1) * sealedChunkBytes));
    if (!pulled)
      throw new PackError(
        'payload-authentication',
        `payload chunk ${i + 1}: expected bytes that its key authenticates, got some that it does not`,
      );
    checkTag(pulled.tag, i + 1, chunks);
    plaintext.set(pulled.message, i * chunkBytes);
  }
  return plaintext;
}

/** libsodium reads on after TAG_FINAL and does not miss it at the end, so both are ours to see. */
function checkTag(tag: number, chunk: number, chunks: number): void {
  if (tag === streamTagFinal && chunk < chunks)
    throw new PackError('payload-extended', `payload: expected its end after chunk ${chunk}, got more bytes`);
  if (tag === streamTagMessage && chunk === chunks)
    throw new PackError('payload-truncated', `payload: expected more after chunk ${chunk}, got its end`);
  if (tag !== streamTagFinal && tag !== streamTagMessage)
    throw new PackError('payload-tag', `payload chunk ${chunk}: expected tag message or final, got ${tag}`);
}
