import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { loadState } from '../../scanner/active/active.js';
import { ScannerError } from '../../scanner/error.js';
import { type EndpointState, type Flag, flagsOf } from '../../scanner/active/flags.js';
import { defaultHomePath, openHome } from '../../scanner/state/home.js';
import { packKey } from '../../scanner/state/pointer.js';
import { print, printable, printJson, table, warn } from '../output.js';
import { coverageWords, lostFeatures } from './coverage-words.js';

interface StatusOptions {
  readonly home: string;
  readonly json?: true;
}

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('what the license covers and until when, which packs are in use, and what is wrong')
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON')
    .action(statusAction);
}

async function statusAction({ home: path, json }: StatusOptions): Promise<void> {
  const home = openHome(path);
  const { activation, ...state } = await loadState(home);
  const [damage] = state.damage;
  if (activation === null)
    throw (
      damage ??
      new ScannerError('not-activated', `${home.path}: expected an activated host, got none`, {
        hint: 'run yms activate with a license key',
      })
    );
  const flags = flagsOf(state, systemClock.now());
  const { server, hostId, name } = activation;
  if (json) {
    printJson({ home: home.path, server, host: { id: hostId, name }, ...summaryOf(state), flags });
    return;
  }
  print(`host ${printable(name)} (${hostId}), ${server === null ? 'updated by bundles' : `server ${server}`}`);
  for (const line of coverageWords(state, systemClock.now())) print(line);
  print(packWords(state));
  print(updateWords(state));
  for (const flag of flags) warn(flagWords(flag));
}

/** What `--json` says; neither the token nor a grant is part of it. */
function summaryOf({ license, pointer, lastUpdate }: EndpointState) {
  return {
    coverage: license && {
      features: license.features,
      until: license.licenseExpiresAt,
      hearBefore: license.expiresAt,
      /** Features that were covered once, since when they are not, and what of them stays in use. */
      lost: lostFeatures({ lastUpdate, pointer }).map(({ feature, since, packs }) => ({
        feature,
        since,
        packs: packs.map(({ pack, channel, version }) => ({ pack, channel, version })),
      })),
      /** Why the server gives this host nothing new, and since when. */
      refusal: lastUpdate?.coverage?.refusal ?? null,
    },
    license: license && {
      id: license.license,
      customer: license.customer,
      state: license.state,
      features: license.features,
      notBefore: license.notBefore,
      licenseExpiresAt: license.licenseExpiresAt,
      documentExpiresAt: license.expiresAt,
      issuedAt: license.issuedAt,
      serial: license.serial,
    },
    packs: pointer.packs.map(({ feature, pack, channel, version, epoch, sequence, contentDigest, acceptedAt }) => ({
      feature,
      pack,
      channel,
      version,
      epoch,
      sequence,
      contentDigest,
      acceptedAt,
    })),
    /** Taken back by their publisher, and out of use since. */
    withdrawn: pointer.withdrawn,
    lastUpdate: lastUpdate && { at: lastUpdate.at, error: lastUpdate.error, succeededAt: lastUpdate.succeededAt },
  };
}

function packWords({ pointer }: EndpointState): string {
  if (pointer.packs.length === 0) return 'no pack is in use';
  const rows = pointer.packs.map((pack) => [
    packKey(pack),
    pack.version,
    `sequence ${pack.sequence}`,
    `accepted ${pack.acceptedAt}`,
  ]);
  return `packs in use:\n${table(rows).replaceAll(/^/gm, '  ')}`;
}

function updateWords({ lastUpdate }: EndpointState): string {
  if (lastUpdate === null) return 'never updated';
  if (lastUpdate.error === null) return `last updated at ${lastUpdate.at}`;
  return `last tried at ${lastUpdate.at}, last updated ${lastUpdate.succeededAt === null ? 'never' : `at ${lastUpdate.succeededAt}`}`;
}

function flagWords({ code, subject, message }: Flag): string {
  return `${subject === 'endpoint' ? '' : `${subject}: `}${printable(message)} (${code})`;
}
