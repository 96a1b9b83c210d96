/** The last part of a path of either kind of system, also of a member of an archive (`a.zip->b.exe`). */
export function fileNameOf(path: string): string {
  const cut = Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/'), path.lastIndexOf('->') + 1);
  return path.slice(cut + 1);
}

/** With its dot, lower case; null when the name has none. */
export function extensionOf(fileName: string): string | null {
  const dot = fileName.lastIndexOf('.');
  const extension = fileName.slice(dot).toLowerCase();
  return dot > 0 && /^\.[a-z0-9_~-]{1,12}$/.test(extension) ? extension : null;
}
