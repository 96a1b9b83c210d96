export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** Bytes from which the encoding of a text without a mark is told. */
const lookedAt = 256;

/** By its mark, or because every other byte is NUL, as it is in UTF-16 of Western text. */
export function encodingOf(head: Buffer): TextEncoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const units = Math.min(head.length, lookedAt) >> 1;
  // A text begins with letters, and not with a hole.
  if (units < 4 || [0, 2, 4, 6].some((at) => (head[at] === 0) === (head[at + 1] === 0))) return 'utf-8';
  const nuls = [0, 0];
  for (let at = 0; at < units * 2; at++) if (head[at] === 0) nuls[at & 1] = (nuls[at & 1] ?? 0) + 1;
  const [even = 0, odd = 0] = nuls;
  if (odd > units * 0.9 && even < units * 0.1) return 'utf-16le';
  return even > units * 0.9 && odd < units * 0.1 ? 'utf-16be' : 'utf-8';
}

/** The text of the first bytes of a file, without a mark. */
export function decodeHead(head: Buffer): string {
  return new TextDecoder(encodingOf(head)).decode(head).replace(/^\ufeff/, '');
}

/** Whether a text has so few bytes that no text has that it is one: NULs are what a log is left with where it was cut off. */
export function isText(text: string): boolean {
  let controls = 0;
  let others = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0) continue;
    others++;
    if ((code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d && code !== 0x1b && code !== 0x1d) || code === 0xfffd) controls++; // prettier-ignore
  }
  return controls * 20 <= others;
}
