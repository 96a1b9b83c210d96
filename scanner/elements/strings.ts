/** Shorter runs of letters are noise. */
export const minStringLength = 4;

/** By byte: whether it stands in strings. */
const printable = new Uint8Array(256);
for (let code = 0x20; code < 0x7f; code++) printable[code] = 1;
printable[0x09] = 1;

/**
 * The strings of binary data, one a line: runs of ASCII, and of ASCII in UTF-16 (little-endian, at even or odd offsets, as
 * Windows programs hold them).
 */
export function stringsOf(bytes: Buffer): string {
  const narrow = Buffer.allocUnsafe(bytes.length + 1);
  let filled = 0;
  let run = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] ?? 0;
    if (printable[code] === 1) {
      narrow[filled++] = code;
      run++;
    } else if (run >= minStringLength) {
      narrow[filled++] = 0x0a;
      run = 0;
    } else {
      filled -= run;
      run = 0;
    }
  }
  const text = narrow.toString('latin1', 0, filled);
  const wide = bytes.includes(0) ? wideStringsOf(bytes) : '';
  return wide === '' ? text : `${text}\n${wide}`;
}

function wideStringsOf(bytes: Buffer): string {
  const wide = Buffer.allocUnsafe(bytes.length + 2);
  let filled = 0;
  for (let at = 0; at + 1 < bytes.length;) {
    if (bytes[at + 1] !== 0 || printable[bytes[at] ?? 0] !== 1) {
      at++;
      continue;
    }
    const start = filled;
    while (at + 1 < bytes.length && bytes[at + 1] === 0 && printable[bytes[at] ?? 0] === 1) {
      wide[filled++] = bytes[at] ?? 0;
      at += 2;
    }
    if (filled - start < minStringLength) filled = start;
    else wide[filled++] = 0x0a;
  }
  return wide.toString('latin1', 0, filled);
}
