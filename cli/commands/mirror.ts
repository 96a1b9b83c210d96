import { resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { httpSource } from '../../scanner/follow/fetcher.js';
import { mirrorRepository, type MirrorReport } from '../../scanner/offline/mirror.js';
import { firstTrustOf, type FirstTrustOptions, withFirstTrust } from '../first-trust-option.js';
import { print, printable, printJson, warn } from '../output.js';
import { startProgress } from '../progress.js';
import { adminAccess } from './admin-client.js';

interface MirrorOptions extends FirstTrustOptions {
  readonly server?: string;
  readonly token?: string;
  readonly json?: true;
}

const help = `
The folder is what a web server gives out as /repository/; /v1/ and /feeds/ still go to the server itself. Packs in it are
encrypted. Run it again before the time that it prints, hourly best: a timestamp is valid for a day.`;

export function registerMirror(program: Command): void {
  const command = program
    .command('mirror <folder>')
    .description('copy the repository, as far as a license covers it, into a folder for a web server')
    .option('--server <url>', 'the distribution server (or YMS_SERVER)')
    .option('--token <token>', 'a feed token of a license (better in YMS_TOKEN, where other users do not see it)');
  withFirstTrust(command).option('--json', 'report as JSON').addHelpText('after', help).action(mirrorAction);
}

async function mirrorAction(folder: string, options: MirrorOptions): Promise<void> {
  const { server, token } = adminAccess(options);
  const progress = startProgress('mirror');
  let report: MirrorReport;
  try {
    report = await mirrorRepository({
      source: httpSource({ server: `${server}/`, token }),
      folder: resolve(folder),
      firstTrust: await firstTrustOf(options),
      now: systemClock.now(),
      onTarget: (target, received) => progress.update(received, target.length),
    });
  } finally {
    progress.stop();
  }
  if (options.json) {
    printJson({ folder, ...report });
    return;
  }
  const { snapshot, fetched, current, removed, leftOut, expiresAt } = report;
  print(
    `${printable(folder)} is snapshot ${snapshot}: ${fetched.length} files fetched, ${current} kept, ${removed} removed`,
  );
  for (const path of leftOut) warn(`${path}: the license of this token does not cover it, so it is left out`);
  print(`run it again before ${expiresAt}`);
}
