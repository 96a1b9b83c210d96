import type { ServerDeps } from '../deps.js';
import { alone } from '../records/lock.js';

/**
 * Commits and re-signing, one at a time among all servers on the same records: whoever signs has read what was current,
 * and it still is. Within one process they follow one another in the order in which they came.
 */
export function publishAlone<T>(
  { publishing, records }: Pick<ServerDeps, 'publishing' | 'records'>,
  work: () => Promise<T>,
): Promise<T> {
  return publishing.run(() => alone(records, 'publish', work));
}
