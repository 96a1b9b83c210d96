import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import {
  type BuildReport,
  compileRelease,
  nextRelease,
  releaseTime,
  saveRelease,
  sealRelease,
  targetPath,
} from '../../builder/release/build.js';
import { configFileName, loadConfig, selectPacks } from '../../builder/config/config.js';
import { releaseFeeds } from '../../builder/feeds/release.js';
import { featurePolicy, releaseBase, roleBefore } from '../../builder/published/release-base.js';
import { ReleaseKeys } from '../../builder/release/release-keys.js';
import { type SampleRecord, testSamples } from '../../builder/compile/samples.js';
import { currentRepository } from '../../builder/published/trust.js';
import { workspaceAt } from '../../builder/workspace.js';
import { formatFault } from '../../rules/fault.js';
import { showingFaults } from '../faults.js';
import { parseCount } from '../option.js';
import { print, printable, printJson, warn } from '../output.js';
import { askPassphrase } from '../passphrase.js';

interface BuildOptions {
  readonly config: string;
  readonly sequence?: number;
  readonly version?: string;
  readonly rollbackOf?: string;
  readonly ceremony?: string;
  readonly offline?: true;
  readonly json?: true;
}

export function registerBuild(program: Command): void {
  program
    .enablePositionalOptions() // `yms --version` is the program's, `yms build --version` is the release's
    .command('build')
    .description('compile the packs of yms.yaml, sign and seal them into out/')
    .argument('[pack...]', 'packs of yms.yaml; all without one')
    .option('--config <file>', 'the workspace', configFileName)
    .option('--sequence <n>', 'the number of this release (the last published one + 1)', parseCount)
    .option('--version <text>', 'the version shown to people (YYYY.MM.DD.n)')
    .option('--rollback-of <version>', 'this release takes that one back')
    .option('--ceremony <dir>', 'use the newer root, targets and keys.json of this folder')
    .option('--offline', 'ask no server: build on the repository that was seen last')
    .option('--json', 'report as JSON')
    .action((labels: string[], options: BuildOptions) => showingFaults(() => buildAction(labels, options)));
}

async function buildAction(labels: readonly string[], options: BuildOptions): Promise<void> {
  const config = await loadConfig(options.config);
  const packs = selectPacks(config, labels);
  const workspace = workspaceAt(options.config);
  const repository = await currentRepository(workspace, config.server, {
    offline: options.offline === true,
    clock: systemClock,
  });
  const base = await releaseBase(repository, options.ceremony ?? null, systemClock);
  const createdAt = releaseTime(systemClock);
  const releaseKeys = new ReleaseKeys(workspace.secrets, askPassphrase);
  // Everything that can be refused is refused before the first file is written.
  const releases = [];
  for (const pack of packs) {
    const { compiled, tests } = await compileRelease(config, pack, testSamples, createdAt);
    const policy = featurePolicy(base, pack.feature);
    const release = nextRelease(roleBefore(base, pack.feature), targetPath(pack), createdAt, {
      version: options.version,
      sequence: options.sequence,
    });
    const sealed = await sealRelease(compiled, {
      release,
      createdAt,
      signers: await releaseKeys.signersOf(pack.feature, policy),
      recipients: base.keys.distributionKeys,
      ...(options.rollbackOf !== undefined && { rollbackOf: options.rollbackOf }),
      tests,
    });
    releases.push({ compiled, sealed, tests, feeds: releaseFeeds(compiled, sealed.header) });
  }
  const reports: BuildReport[] = [];
  for (const { compiled, sealed, tests, feeds } of releases)
    reports.push(await saveRelease(workspace.out, compiled, sealed, tests, feeds));
  if (options.json) printJson(reports);
  else for (const report of reports) printReport(report);
}

function printReport(report: BuildReport): void {
  for (const fault of report.warnings) warn(printable(formatFault(fault)));
  const rules = Object.entries(report.counts).filter(([kind, count]) => kind !== 'attribution' && count > 0);
  const total = rules.reduce((sum, [, count]) => sum + count, 0);
  print(
    `${report.file}: ${report.feature}/${report.pack} ${report.version}, sequence ${report.sequence}, ${report.bytes} bytes`,
  );
  print(
    `  ${report.filesRead} files read, ${total} rules in: ${rules.map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
  );
  const { passed, untested, failed } = report.tests as SampleRecord;
  print(`  samples: ${passed} passed, ${failed.length} failed, ${untested} untested`);
  print(`  content digest ${report.contentDigest}`);
  for (const { name, entries, inPart, leftOut } of report.feeds)
    print(
      `  feed ${name}: ${entries} entries${inPart > 0 ? ` (${inPart} in part)` : ''}, left out: ` +
        `${leftOut.format} that it cannot say, ${leftOut.score} by score, ${leftOut.trusted} trusted`,
    );
  print(`  ${report.leftOut.length} left out${report.leftOut.length > 0 ? ':' : ''}`);
  for (const { file, id, reason } of report.leftOut)
    print(printable(`    ${file}${id === undefined ? '' : ` ${id}`}: ${reason}`));
}
