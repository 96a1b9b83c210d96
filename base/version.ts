/** The version of this yms, as package.json says it; what packs compare their `minimumClient` with. */
export const productVersion = '0.1.0';

/**
 * Orders `major.minor.patch` versions by number: negative when `a` is older.
 *
 * @throws RangeError for any other form
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  for (const [i, part] of left.entries()) if (part !== right[i]) return part - (right[i] ?? 0);
  return 0;
}

function parseVersion(text: string): number[] {
  if (!/^\d{1,6}(?:\.\d{1,6}){2}$/.test(text))
    throw new RangeError(`version: expected major.minor.patch, got ${JSON.stringify(text)}`);
  return text.split('.').map(Number);
}
