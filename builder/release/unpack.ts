import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { unwritable } from '../../base/files.js';
import { BuilderError } from '../error.js';
import type { PlainPack } from './pack-file.js';

/**
 * Writes the files of an opened pack into a new folder, all of them or none. They are the plain content: only the
 * owner may read them.
 *
 * @returns the names of the files
 * @throws BuilderError `option-invalid` when the folder is there; BaseError `disk-full`, `file-unwritable`
 */
export async function saveUnpacked(folder: string, { files }: PlainPack): Promise<string[]> {
  const target = resolve(folder);
  if ((await stat(target).catch(() => null)) !== null)
    throw new BuilderError('option-invalid', `${folder}: expected no such folder yet, got one`);
  let temporary: string | null = null;
  try {
    await mkdir(dirname(target), { recursive: true });
    temporary = await mkdtemp(join(dirname(target), `.${basename(target)}.`));
    for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes, { mode: 0o600 });
    await rename(temporary, target);
  } catch (cause) {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true });
    throw unwritable(folder, cause);
  }
  return [...files.keys()];
}
