/** Shannon entropy of a text in bits a character, counting UTF-16 units; units beyond ASCII count as one. */
export function entropyOf(text: string): number {
  const counts = new Uint32Array(129);
  for (let at = 0; at < text.length; at++) {
    const code = Math.min(text.charCodeAt(at), 128);
    counts[code] = (counts[code] ?? 0) + 1;
  }
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
