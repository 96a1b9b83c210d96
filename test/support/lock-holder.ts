/** Holds a lock in a process of its own until it is killed, and says so on its output. */
import { withLock } from '../../base/lock.js';

const [path = ''] = process.argv.slice(2);
await withLock(path, () => {
  process.stdout.write('held\n');
  return new Promise((resolve) => setTimeout(resolve, 120_000));
});
