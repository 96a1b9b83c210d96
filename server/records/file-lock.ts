import Database from 'libsql';
import { systemCode } from '../../base/error.js';
import { ServerError } from '../error.js';

/**
 * Runs `work` while the kernel holds this file for this process. Such a lock has nothing to do with process numbers,
 * containers or clocks: it ends with the process and never before, also of one that was stopped for an hour and goes on.
 * SQLite's own lock is the one of its kind within reach; nothing is ever written to the file.
 *
 * @throws ServerError `folder-held`
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const held = new Database(path, { timeout: 0 });
  try {
    try {
      held.exec('begin exclusive');
    } catch (cause) {
      if (!systemCode(cause)?.startsWith('SQLITE_BUSY')) throw cause;
      throw new ServerError(
        'folder-held',
        `${path}: expected to be the one server of this folder, got a second beside one that runs`,
        {
          cause,
          hint: 'end the other server first; several servers need PostgreSQL for their records (--records)',
        },
      );
    }
    return await work();
  } finally {
    held.close();
  }
}
