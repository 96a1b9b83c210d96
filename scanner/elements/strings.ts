/** Shorter runs of letters are noise. */
export const minStringLength = 4;

/** By byte: whether it stands in strings. */
const printable = new Uint8Array(256);
for (let code = 0x20; code < 0x7f; code++) printable[code] = 1;
printable[0x09] = 1;

/**
 * The strings of binary data, one a line: runs of ASCII, and of ASCII in UTF-16 (little-endian, at even or odd offsets, as
 * Windows programs hold them). Of data without any, only every fourth place is looked at: each long enough run has one.
 */
export function stringsOf(bytes: Buffer): string {
  const narrow = narrowStringsOf(bytes);
  if (!bytes.includes(0)) return narrow;
  return `${narrow}${wideStringsOf(bytes, 0)}${wideStringsOf(bytes, 1)}`;
}

function narrowStringsOf(bytes: Buffer): string {
  const text = Buffer.allocUnsafe(bytes.length * 2);
  let filled = 0;
  for (let at = 0; at + minStringLength <= bytes.length;) {
    const probe = at + minStringLength - 1;
    if (printable[bytes[probe] ?? 0] !== 1) {
      at = probe + 1;
      continue;
    }
    let start = probe;
    while (start > at && printable[bytes[start - 1] ?? 0] === 1) start--;
    let end = probe + 1;
    while (end < bytes.length && printable[bytes[end] ?? 0] === 1) end++;
    at = end + 1;
    if (end - start < minStringLength) continue;
    for (let from = start; from < end; from++) text[filled++] = bytes[from] ?? 0;
    text[filled++] = 0x0a;
  }
  return text.toString('latin1', 0, filled);
}

/** Characters at offsets of one parity, with a zero behind each. */
function wideStringsOf(bytes: Buffer, parity: 0 | 1): string {
  const text = Buffer.allocUnsafe(bytes.length);
  const isCharacter = (at: number): boolean => printable[bytes[at] ?? 0] === 1 && bytes[at + 1] === 0;
  let filled = 0;
  for (let at = parity; at + 2 * minStringLength <= bytes.length;) {
    const probe = at + 2 * (minStringLength - 1);
    if (!isCharacter(probe)) {
      at = probe + 2;
      continue;
    }
    let start = probe;
    while (start > at && isCharacter(start - 2)) start -= 2;
    let end = probe + 2;
    while (end + 1 < bytes.length && isCharacter(end)) end += 2;
    at = end + 2;
    if (end - start < 2 * minStringLength) continue;
    for (let from = start; from < end; from += 2) text[filled++] = bytes[from] ?? 0;
    text[filled++] = 0x0a;
  }
  return text.toString('latin1', 0, filled);
}
