import { withLock } from '../../base/lock.js';
import { withFileLock } from '../records/file-lock.js';
import { lockPath } from './folder.js';

/**
 * Runs `work` as the one server of a folder whose records are a file. The lock file says who holds it, and keeps those out
 * who have the folder from another machine; the kernel's lock keeps out whoever shares this one, whatever became of the
 * lock file.
 *
 * @throws BaseError `lock-held`; ServerError `folder-held`
 */
export function withServerFolder<T>(dir: string, work: () => Promise<T>): Promise<T> {
  return withLock(lockPath(dir), () => withFileLock(`${lockPath(dir)}.held`, work));
}
