import { logSourceAttributes, type LogSource } from '../../events/log-source.js';
import { isKnownProduct, type WantedSource } from './known-sources.js';

/**
 * Whether a rule is asked about an event: always, because it is of the rule's log source; only with evidence
 * (`evidence.ts`), because nobody can tell; or never, because it is of another.
 */
export type Reach = 'always' | 'with-evidence' | 'never';

/**
 * What the event's reader could tell decides. An attribute that it could not tell is open: where another agrees, it may
 * be the rule's. Of an event whose source is not told at all any rule may be, but one of Windows, whose logs always tell
 * themselves. A product that no row of the table has (somebody's own) may write into any log but those of Windows.
 */
export function reachOf(wanted: WantedSource, told: LogSource | null): Reach {
  const isWindows = wanted.product?.toLowerCase() === 'windows';
  if (told === null) return isWindows ? 'never' : 'with-evidence';
  let isOpen = false;
  let isShared = false;
  for (const attribute of logSourceAttributes) {
    const name = wanted[attribute]?.toLowerCase();
    if (name === undefined) continue;
    const names = told.names[attribute];
    if (names === null) isOpen = true;
    else if (names.includes(name)) isShared = true;
    else return isForeign(wanted, told) ? 'with-evidence' : 'never';
  }
  if (!isOpen) return 'always';
  return isShared || isForeign(wanted, told) ? 'with-evidence' : 'never';
}

function isForeign(wanted: WantedSource, told: LogSource): boolean {
  return !isKnownProduct(wanted) && told.names.product?.includes('windows') !== true;
}
