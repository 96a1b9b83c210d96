import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { decodeUtf8 } from '../../base/bytes.js';
import { readFileAtMost } from '../../base/files.js';
import { configFileName, loadConfig, selectPacks } from '../../builder/config/config.js';
import { loadBuiltPack, planPublication, publish, rekeyedFeatures, signRoles } from '../../builder/release/publish.js';
import { releaseBase } from '../../builder/published/release-base.js';
import { ReleaseKeys } from '../../builder/release/release-keys.js';
import { fetchRepository, requireServer } from '../../builder/published/trust.js';
import { workspaceAt } from '../../builder/workspace.js';
import { CliError } from '../error.js';
import { showingFaults } from '../faults.js';
import { note, print, printJson } from '../output.js';
import { askPassphrase } from '../passphrase.js';
import { startProgress } from '../progress.js';

interface PublishOptions {
  readonly config: string;
  readonly tokenFile?: string;
  readonly ceremony?: string;
  readonly refresh?: true;
  readonly json?: true;
}

/** Where a pipeline puts the token of its publisher. */
const tokenVariable = 'YMS_TOKEN';

export function registerPublish(program: Command): void {
  program
    .command('publish')
    .description('sign the releases in out/ into their roles, upload what is missing, commit')
    .argument('[pack...]', 'packs of yms.yaml; all that are built without one')
    .option('--config <file>', 'the workspace', configFileName)
    .option('--token-file <file>', `the token of a publisher (or ${tokenVariable})`)
    .option('--ceremony <dir>', 'publish the newer root, targets and keys.json of this folder too (token of an admin)')
    .option('--refresh', 'sign the roles again as they are, for 30 days more')
    .option('--json', 'report as JSON')
    .action((labels: string[], options: PublishOptions) => showingFaults(() => publishAction(labels, options)));
}

async function publishAction(labels: readonly string[], options: PublishOptions): Promise<void> {
  const config = await loadConfig(options.config);
  const workspace = workspaceAt(options.config);
  const packs = selectPacks(config, labels);
  const server = requireServer(config.server);
  const token = await tokenOf(options.tokenFile);
  const repository = await fetchRepository(workspace, server, systemClock);
  const base = await releaseBase(repository, options.ceremony ?? null, systemClock);
  const features = new Set(packs.map(({ feature }) => feature));
  const built = [];
  for (const pack of options.refresh ? [] : packs) {
    const found = await loadBuiltPack(workspace.out, pack, base);
    if (found) built.push(found);
    else note(`${pack.label}: not built, so not published`);
  }
  const rekeyed = rekeyedFeatures(base, repository.published?.targets ?? null);
  const refresh = options.refresh ? [...base.roles.keys()].filter((name) => features.has(name)) : [];
  const plan = planPublication(base, built, [...rekeyed, ...refresh], systemClock);
  const releaseKeys = new ReleaseKeys(workspace.secrets, askPassphrase);
  const roles = await signRoles(base, plan, (feature, policy) => releaseKeys.signersOf(feature, policy));
  const progress = startProgress('upload');
  const total = plan.packs.flatMap((pack) => [pack, ...pack.feeds]).reduce((sum, { bytes }) => sum + bytes.length, 0);
  let sentBytes = 0;
  try {
    const changed = await publish({ server, token }, base, plan, roles, ({ bytes }) => {
      sentBytes += bytes;
      progress.update(Math.min(sentBytes, total), total);
    });
    if (changed) await fetchRepository(workspace, server, systemClock);
  } finally {
    progress.stop();
  }
  const report = {
    server,
    roots: base.upload.roots.length,
    targets: base.upload.targets === null ? null : base.targets.version,
    roles: [...plan.roles].map(([feature, { version, expires }]) => ({ feature, version, expires })),
    packs: plan.packs.map(({ path, sha256, header, feeds }) => ({
      path,
      version: header.version,
      sequence: header.sequence,
      sha256,
      feeds: feeds.map((feed) => ({ path: feed.path, sha256: feed.sha256 })),
    })),
  };
  if (options.json) printJson(report);
  else printReport(report);
}

interface Report {
  readonly server: string;
  readonly roots: number;
  readonly targets: number | null;
  readonly roles: readonly { feature: string; version: number; expires: string }[];
  readonly packs: readonly { path: string; version: string; sequence: number; feeds: readonly { path: string }[] }[];
}

function printReport({ server, roots, targets, roles, packs }: Report): void {
  if (roots === 0 && targets === null && roles.length === 0) {
    print(`${server}: nothing new to publish`);
    return;
  }
  if (roots > 0) print(`${roots} root(s) published`);
  if (targets !== null) print(`targets ${targets} published`);
  for (const { path, version, sequence, feeds } of packs) {
    print(`${path}: ${version}, sequence ${sequence}`);
    for (const feed of feeds) print(`  ${feed.path}`);
  }
  for (const { feature, version, expires } of roles) print(`role ${feature} ${version}, expires ${expires}`);
}

async function tokenOf(file: string | undefined): Promise<string> {
  const token = file === undefined ? process.env[tokenVariable] : decodeUtf8(await readFileAtMost(file, 4096), file);
  if (token === undefined || token.trim() === '')
    throw new CliError('usage', `publish: expected a token, got none`, {
      hint: `set ${tokenVariable} or give --token-file`,
    });
  return token.trim();
}
