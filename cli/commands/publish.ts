import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { decodeUtf8 } from '../../base/bytes.js';
import { readFileAtMost } from '../../base/files.js';
import { configFileName, loadConfig, selectPacks } from '../../builder/config/config.js';
import type { PackConfig } from '../../builder/config/pack-config.js';
import { BuilderError } from '../../builder/error.js';
import { planPublication, type PublishPlan, type RoleChange } from '../../builder/release/plan.js';
import { loadBuiltPack } from '../../builder/release/built-pack.js';
import { publish, signRoles } from '../../builder/release/publish.js';
import { parseRetirement, parseWithdrawal, type Withdrawal } from '../../builder/release/withdrawal.js';
import { type ReleaseBase, releaseBase } from '../../builder/published/release-base.js';
import { ReleaseKeys } from '../../builder/release/release-keys.js';
import { fetchRepository, requireServer } from '../../builder/published/trust.js';
import { type Workspace, workspaceAt } from '../../builder/workspace.js';
import { CliError } from '../error.js';
import { showingFaults } from '../faults.js';
import { collect } from '../option.js';
import { note, print, printJson } from '../output.js';
import { askPassphrase } from '../passphrase.js';
import { startProgress } from '../progress.js';

interface PublishOptions {
  readonly config: string;
  readonly tokenFile?: string;
  readonly ceremony?: string;
  readonly refresh?: true;
  readonly withdraw: string[];
  readonly retire: string[];
  readonly dryRun?: true;
  readonly json?: true;
}

/** Where a pipeline puts the token of its publisher. */
const tokenVariable = 'YMS_TOKEN';

/** Others may publish at the same time: then the plan is made anew on top of what they did, so often at most. */
const maxAttempts = 3;

export function registerPublish(program: Command): void {
  program
    .command('publish')
    .description('sign the releases in out/ into their roles, upload what is missing, commit')
    .argument('[pack...]', 'packs of yms.yaml; all that are built without one')
    .option('--config <file>', 'the workspace', configFileName)
    .option('--token-file <file>', `the token of a publisher (or ${tokenVariable})`)
    .option('--ceremony <dir>', 'publish the newer root, targets and keys.json of this folder too (token of an admin)')
    .option('--refresh', 'sign the roles again as they are, for 30 days more')
    .option('--withdraw <pack>', 'take back FEATURE/PACK or FEATURE/PACK/CHANNEL; repeatable', collect, [])
    .option('--retire <feature>', 'take back all packs of a feature, whose role stays, empty; repeatable', collect, [])
    .option('--dry-run', 'say what would be published, and send nothing')
    .option('--json', 'report as JSON')
    .addHelpText(
      'after',
      '\nWith --refresh, --withdraw or --retire nothing that is built is published, unless packs are named.',
    )
    .action((labels: string[], options: PublishOptions) => showingFaults(() => publishAction(labels, options)));
}

/** What one run of the command goes by, whatever the repository holds. */
interface Order {
  readonly workspace: Workspace;
  readonly server: string;
  readonly packs: readonly PackConfig[];
  readonly ceremony: string | null;
  readonly isBuiltPublished: boolean;
  readonly refresh: boolean;
  readonly withdraw: readonly Withdrawal[];
}

async function publishAction(labels: readonly string[], options: PublishOptions): Promise<void> {
  const withdraw = [...options.withdraw.map(parseWithdrawal), ...options.retire.map(parseRetirement)];
  const config = await loadConfig(options.config);
  const workspace = workspaceAt(options.config);
  const order: Order = {
    workspace,
    server: requireServer(config.server),
    packs: selectPacks(config, labels),
    ceremony: options.ceremony ?? null,
    isBuiltPublished: options.refresh !== true && (withdraw.length === 0 || labels.length > 0),
    refresh: options.refresh === true,
    withdraw,
  };
  if (options.dryRun) {
    const { base, plan } = await planOf(order);
    report(order.server, base, plan, { json: options.json === true, isDryRun: true });
    return;
  }
  const token = await tokenOf(options.tokenFile);
  const releaseKeys = new ReleaseKeys(workspace.secrets, askPassphrase);
  for (let attempt = 1; ; attempt++)
    try {
      await publishOnce(order, token, releaseKeys, options.json === true);
      return;
    } catch (error) {
      if (!(error instanceof BuilderError && error.code === 'publish-conflict') || attempt === maxAttempts) throw error;
      note('somebody published meanwhile: the plan is made again');
    }
}

async function planOf(order: Order): Promise<{ base: ReleaseBase; plan: PublishPlan }> {
  const { workspace, server, packs, ceremony, isBuiltPublished, withdraw } = order;
  const base = await releaseBase(await fetchRepository(workspace, server, systemClock), ceremony, systemClock);
  const built = [];
  for (const pack of isBuiltPublished ? packs : []) {
    const found = await loadBuiltPack(workspace.out, pack, base);
    if (found) built.push(found);
    else note(`${pack.label}: not built, so not published`);
  }
  const features = new Set(packs.map(({ feature }) => feature));
  const refresh = order.refresh ? [...base.roles.keys()].filter((name) => features.has(name)) : [];
  const rekeyed = [...base.rekeyed, ...base.evicted];
  return {
    base,
    plan: planPublication(base, built, { refresh: [...rekeyed, ...refresh], withdraw, clock: systemClock }),
  };
}

async function publishOnce(order: Order, token: string, releaseKeys: ReleaseKeys, json: boolean): Promise<void> {
  const { workspace, server } = order;
  const { base, plan } = await planOf(order);
  for (const line of plan.changes.flatMap(changeWords)) note(line);
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
  report(server, base, plan, { json, isDryRun: false });
}

/** What a role will drop, add and keep: told before anything is sent. */
function changeWords({ feature, version, epoch, add, keep, drop }: RoleChange): string[] {
  const numbered = (release: { version: string; sequence: number } | null): string =>
    release === null ? '' : ` ${release.version}, sequence ${release.sequence}`;
  return [
    `role ${feature} ${version}${epoch === 1 ? '' : `, epoch ${epoch}`}: ${add.length} added, ${keep.length} kept, ${drop.length} dropped`,
    ...drop.map(({ path, release, reason }) => `  drops ${path}${numbered(release)} (${reason})`),
    ...add.map(
      ({ path, release, isReplacing }) => `  ${isReplacing ? 'replaces' : 'adds'} ${path}${numbered(release)}`,
    ),
    ...keep.map((path) => `  keeps ${path}`),
  ];
}

function report(
  server: string,
  base: ReleaseBase,
  plan: PublishPlan,
  { json, isDryRun }: { readonly json: boolean; readonly isDryRun: boolean },
): void {
  const roots = base.upload.roots.length;
  const targets = base.upload.targets === null ? null : base.targets.version;
  if (json)
    printJson({
      server,
      dryRun: isDryRun,
      roots,
      targets,
      roles: plan.changes,
      packs: plan.packs.map(({ path, sha256, header, feeds }) => ({
        path,
        version: header.version,
        sequence: header.sequence,
        sha256,
        feeds: feeds.map((feed) => ({ path: feed.path, sha256: feed.sha256 })),
      })),
    });
  else if (roots === 0 && targets === null && plan.changes.length === 0) print(`${server}: nothing new to publish`);
  else if (isDryRun) printDryRun(roots, targets, plan);
  else printPublished(roots, targets, plan);
}

function printDryRun(roots: number, targets: number | null, { changes }: PublishPlan): void {
  if (roots > 0) print(`${roots} root(s)`);
  if (targets !== null) print(`targets ${targets}`);
  for (const line of changes.flatMap(changeWords)) print(line);
  note('nothing was sent');
}

function printPublished(roots: number, targets: number | null, { packs, changes }: PublishPlan): void {
  if (roots > 0) print(`${roots} root(s) published`);
  if (targets !== null) print(`targets ${targets} published`);
  for (const { path, header, feeds } of packs) {
    print(`${path}: ${header.version}, sequence ${header.sequence}`);
    for (const feed of feeds) print(`  ${feed.path}`);
  }
  for (const { feature, version, expires, drop } of changes) {
    for (const { path, reason } of drop) print(`${path}: ${reason}`);
    print(`role ${feature} ${version}, expires ${expires}`);
  }
}

async function tokenOf(file: string | undefined): Promise<string> {
  const token = file === undefined ? process.env[tokenVariable] : decodeUtf8(await readFileAtMost(file, 4096), file);
  if (token === undefined || token.trim() === '')
    throw new CliError('usage', `publish: expected a token, got none`, {
      hint: `set ${tokenVariable} or give --token-file`,
    });
  return token.trim();
}
