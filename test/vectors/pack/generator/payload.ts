import { one, type Plan, make, flip, twoChunks, threeChunks, type Add } from './plan.js';
import { bytesOf, tagFinal, tagMessage } from './writer.js';

export function addPayload(add: Add): void {
  add('payload-flipped', 'payload-hash', 'a bit of the payload flipped', { container: (bytes) => flip(bytes, -1) });
  add('payload-cut', 'payload-truncated', 'the last byte missing', { container: (bytes) => bytes.subarray(0, -1) });
  add('payload-missing', 'payload-truncated', 'no payload', {
    container: (bytes) => bytes.subarray(0, 9 + bytes.readUInt32BE(5)),
  });
  add('payload-added', 'payload-extended', 'a byte after the end', {
    container: (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]),
  });
  const other = make('other payload', { lines: [{ ...one, line: one.line.replace('"one"', '"eno"') }] });
  add('payload-of-another', 'payload-hash', "a header before another pack's payload of the same length", {
    container: (bytes) => Buffer.concat([bytes.subarray(0, 9 + bytes.readUInt32BE(5)), other.payload]),
  });

  const signed = (name: string, code: string, comment: string, plan: Plan): void => {
    add(name, code, `${comment}, signed so`, plan);
  };
  signed('stream-flipped', 'payload-authentication', 'a bit of a chunk flipped', {
    payload: (payload) => flip(payload, -1),
  });
  signed('stream-header-flipped', 'payload-authentication', 'a bit of the stream header flipped', {
    payload: (payload) => flip(payload, 0),
  });
  const sealedChunk = 65_536 + 17;
  const swap = (payload: Buffer): Buffer =>
    Buffer.concat([
      payload.subarray(0, 24),
      payload.subarray(24 + sealedChunk, 24 + 2 * sealedChunk),
      payload.subarray(24, 24 + sealedChunk),
      payload.subarray(24 + 2 * sealedChunk),
    ]);
  signed('stream-reordered', 'payload-authentication', 'two chunks swapped', { lines: threeChunks, payload: swap });
  signed('stream-chunk-dropped', 'payload-authentication', 'the first chunk left out', {
    lines: twoChunks,
    payload: (payload) => Buffer.concat([payload.subarray(0, 24), payload.subarray(24 + sealedChunk)]),
  });
  signed('stream-cut', 'payload-truncated', 'the last chunk left out', {
    lines: twoChunks,
    payload: (payload) => payload.subarray(0, 24 + sealedChunk),
  });
  signed('stream-no-final', 'payload-truncated', 'the last chunk has TAG_MESSAGE', {
    chunks: (chunks) => chunks.map(([chunk]) => [chunk, tagMessage]),
  });
  signed('stream-final-early', 'payload-extended', 'the first of two chunks has TAG_FINAL', {
    lines: twoChunks,
    chunks: (chunks) => chunks.map(([chunk, tag], i) => [chunk, i === 0 ? tagFinal : tag]),
  });
  signed('stream-tag-push', 'payload-tag', 'a chunk has TAG_PUSH', {
    lines: twoChunks,
    chunks: (chunks) => chunks.map(([chunk, tag], i) => [chunk, i === 0 ? 1 : tag]),
  });
  signed('stream-tag-rekey', 'payload-tag', 'a chunk has TAG_REKEY', {
    lines: twoChunks,
    chunks: (chunks) => chunks.map(([chunk, tag], i) => [chunk, i === 0 ? 2 : tag]),
  });
  signed('stream-small-chunks', 'payload-authentication', 'chunks of 1,000 bytes', {
    chunks: (chunks) => {
      const whole = chunks[0]?.[0] ?? new Uint8Array();
      return [
        [whole.subarray(0, 1000), tagMessage],
        [whole.subarray(1000), tagFinal],
      ];
    },
  });
  add(
    'stream-empty-last',
    'header-malformed',
    'an empty last chunk after a full one: a length that the header may not name',
    {
      compressed: (compressed) => Buffer.concat([compressed, bytesOf('filler', 65_536 - compressed.length)]),
      chunks: ([first]) => [
        [first?.[0] ?? new Uint8Array(), tagMessage],
        [new Uint8Array(), tagFinal],
      ],
    },
  );
}
