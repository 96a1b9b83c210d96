/** Words looked at in one text; more are a list of names, which the search of the whole text must do for. */
const maxWords = 2000;

/** Longer texts are data, not a line that names a file. */
const maxTextLength = 64 * 1024;

/**
 * What may be a path in a line: words between white space, quotes and what divides lists, and what stands in quotes as a
 * whole. An expression that is bound to the end of a path finds it there, as it does not in the whole line.
 */
export function pathWords(text: string): string[] {
  if (text.length > maxTextLength) return [];
  const words = new Set<string>();
  for (const [, quoted] of text.matchAll(/["']([^"'\n]{3,1024})["']/g))
    if (quoted !== undefined && /[\\/.]/.test(quoted) && words.size < maxWords) words.add(quoted);
  for (const word of text.split(/[\s"'<>|,;=()[\]{}]+/))
    if (word.length > 2 && word !== text && /[\\/.]/.test(word) && words.size < maxWords) words.add(word);
  return [...words];
}
