const maxShownCharacters = 60;

/**
 * A value as messages repeat it: text in quotation marks (JSON, so that no control character gets out) and cut after 60
 * characters, of lists and objects only what they are. For secrets there is {@link shownSecret}.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return shownText(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' && Object.keys(value).length === 0 ? 'an empty object' : 'an object';
}

function shownText(text: string): string {
  const characters = Array.from(text.slice(0, 2 * maxShownCharacters + 2));
  const isCut = characters.length > maxShownCharacters;
  return isCut ? `${JSON.stringify(characters.slice(0, maxShownCharacters).join(''))}…` : JSON.stringify(text);
}

/** What bytes are that are not of the kind that was expected: their first eight, in hex. */
export function shownBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'no bytes';
  const first = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0'));
  return `${bytes.length} bytes that begin with ${first.join(' ')}`;
}

/** What may be said of a value that must not be repeated. */
export function shownSecret(value: unknown): string {
  return typeof value === 'string' ? `a text of ${Array.from(value).length} characters` : shown(value);
}
