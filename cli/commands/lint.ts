import type { Command } from 'commander';
import { compilePack, isLintError } from '../../builder/compile/compile.js';
import { configFileName, loadConfig, selectPacks } from '../../builder/config/config.js';
import { formatFault } from '../../rules/fault.js';
import { showingFaults } from '../faults.js';
import { exitCodes, print, printable, printJson } from '../output.js';

export function registerLint(program: Command): void {
  program
    .command('lint')
    .description('check the sources of the packs; exit 3 when there is an error')
    .argument('[pack...]', 'packs of yms.yaml; all without one')
    .option('--config <file>', 'the workspace', configFileName)
    .option('--json', 'report as JSON')
    .action((labels: string[], options: { config: string; json?: true }) =>
      showingFaults(() => lintAction(labels, options)),
    );
}

async function lintAction(labels: readonly string[], options: { config: string; json?: true }): Promise<void> {
  const config = await loadConfig(options.config);
  const results = [];
  for (const pack of selectPacks(config, labels)) {
    const { faults, rules, leftOut, filesRead } = await compilePack(config.folder, pack);
    results.push({ pack: pack.label, filesRead, rules: rules.length, faults, leftOut });
  }
  if (options.json) printJson(results);
  else
    for (const { pack, filesRead, rules, faults, leftOut } of results) {
      for (const fault of faults) print(printable(formatFault(fault)));
      const errors = faults.filter(isLintError).length;
      print(
        `${pack}: ${filesRead} files read, ${rules} rules, ${leftOut.length} left out, ` +
          `${errors} errors, ${faults.length - errors} other faults`,
      );
    }
  if (results.some(({ faults }) => faults.some(isLintError))) process.exitCode = exitCodes.findings;
}
