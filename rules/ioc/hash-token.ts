const shortest = 32;

/** The runs of 32, 40 or 64 hex digits in a text that no letter or digit stands next to. */
export function hashesIn(text: string): string[] {
  const found: string[] = [];
  // every hash has a character at each multiple of its length: what lies between is looked at only around hex digits
  for (let at = shortest - 1; at < text.length; at += shortest) {
    if (!isHex(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && isHex(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && isHex(text.charCodeAt(end))) end++;
    const length = end - start;
    const isHash = length === 32 || length === 40 || length === 64;
    if (isHash && !isWord(text.charCodeAt(start - 1)) && !isWord(text.charCodeAt(end)))
      found.push(text.slice(start, end));
    while (at + shortest < end) at += shortest;
  }
  return found;
}

function isHex(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46);
}

/** Not a number beyond the ends of the text, which is no letter either. */
function isWord(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}
