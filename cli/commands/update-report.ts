import { packKey } from '../../scanner/state/pointer.js';
import type { PackOutcome, UpdateReport } from '../../scanner/update/update.js';
import { changeWords } from './coverage-words.js';
import { note, print, printable, table, warn } from '../output.js';

const words: Readonly<Record<PackOutcome['outcome'], string>> = {
  updated: 'updated',
  current: 'up to date',
  refused: 'refused',
  unlicensed: 'no longer licensed, kept as it is',
  replaced: 'left for the channel that the license names now',
  withdrawn: 'withdrawn by its publisher, out of use',
};

/** What an update came to, for people: from a server or from a bundle. */
export function printReport({ packs, license, changes }: UpdateReport): void {
  for (const line of changeWords(changes)) print(line);
  if (packs.length === 0) print(`the license ${license.license} covers no pack yet`);
  else
    print(
      table(
        packs.map((pack) => [
          packKey(pack),
          pack.version === null ? 'not installed' : `${pack.version} (sequence ${pack.sequence ?? 0})`,
          words[pack.outcome],
        ]),
      ),
    );
  for (const { refusal, ...pack } of packs) {
    if (!refusal) continue;
    warn(`${packKey(pack)}: ${printable(refusal.message)} (${refusal.code}); the version in use stays`);
    if (refusal.hint !== undefined) note(`hint: ${printable(refusal.hint)}`);
  }
}
