/**
 * Text of others on one line of printable ASCII: no line end, no quote, nothing that any format of ours takes as the end
 * of a comment, a string or an option. At most `maxLength` characters.
 */
export function plainText(text: string, maxLength = 200): string {
  return shorten(text.normalize('NFKD').replace(/[^A-Za-z0-9 .,()/@+=_-]/g, ' '), maxLength);
}

/** As {@link plainText}, with colon and semicolon: a line that begins as a comment stays one. */
export function plainComment(text: string, maxLength = 400): string {
  return shorten(text.normalize('NFKD').replace(/[^A-Za-z0-9 .,:;()/@+=_-]/g, ' '), maxLength);
}

function shorten(text: string, maxLength: number): string {
  const plain = text.replace(/ {2,}/g, ' ').trim();
  return plain.length > maxLength ? `${plain.slice(0, maxLength - 3)}...` : plain;
}
