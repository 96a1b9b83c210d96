/**
 * Decompresses one LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md); journald writes no frames. Null for
 * bytes that are none, or that come to another length than `length`.
 */
export function decompressLz4(block: Uint8Array, length: number): Buffer | null {
  const out = Buffer.alloc(length);
  let at = 0;
  let to = 0;
  const more = (size: number): number => {
    if (size !== 15) return size;
    for (let byte = 255; byte === 255; size += byte) {
      byte = block[at++] ?? -1;
      if (byte < 0) return -1;
    }
    return size;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = more(token >> 4);
    if (literals < 0 || at + literals > block.length || to + literals > length) return null;
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === block.length) break;
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    const matched = more(token & 15);
    if (matched < 0 || offset === 0 || offset > to || to + matched + 4 > length) return null;
    // Byte by byte: a match may reach into what it writes.
    for (const end = to + matched + 4; to < end; to++) out[to] = out[to - offset] ?? 0;
  }
  return to === length ? out : null;
}
