import type { Command } from 'commander';
import { compilePack, isBlocking } from '../../builder/compile/compile.js';
import { configFileName, loadConfig, selectPacks } from '../../builder/config/config.js';
import { runSamples, type SampleResult } from '../../builder/compile/samples.js';
import { showingFaults } from '../faults.js';
import { exitCodes, print, printable, printJson, warn } from '../output.js';

interface TestOptions {
  readonly config: string;
  readonly untested?: true;
  readonly json?: true;
}

export function registerTest(program: Command): void {
  program
    .command('test')
    .description('run the rules of the packs against their sample events; exit 3 when one fails')
    .argument('[pack...]', 'packs of yms.yaml; all without one')
    .option('--config <file>', 'the workspace', configFileName)
    .option('--untested', 'name the rules without samples too')
    .option('--json', 'report as JSON')
    .action((labels: string[], options: TestOptions) => showingFaults(() => testAction(labels, options)));
}

async function testAction(labels: readonly string[], options: TestOptions): Promise<void> {
  const config = await loadConfig(options.config);
  const reports = [];
  for (const pack of selectPacks(config, labels)) {
    const compiled = await compilePack(config.folder, pack);
    const results = await runSamples(config.folder, compiled);
    reports.push({ pack: pack.label, counts: countsOf(results), results });
    const faults = compiled.faults.filter(isBlocking).length;
    if (faults > 0) warn(`${pack.label}: ${faults} faults, whose rules are not tested: see yms lint ${pack.label}`);
  }
  if (options.json) printJson(reports);
  else
    for (const { pack, counts, results } of reports) {
      for (const result of results)
        if (result.reason !== null && (result.verdict !== 'untested' || options.untested)) printResult(result);
      print(`${pack}: ${counts.passed} passed, ${counts.failed} failed, ${counts.untested} untested`);
    }
  if (reports.some(({ counts }) => counts.failed > 0)) process.exitCode = exitCodes.findings;
}

function countsOf(results: readonly SampleResult[]): Record<SampleResult['verdict'], number> {
  const counts = { passed: 0, failed: 0, untested: 0 };
  for (const { verdict } of results) counts[verdict]++;
  return counts;
}

function printResult({ file, title, id, verdict, reason }: SampleResult): void {
  print(printable(`${file}: ${verdict}: ${title} (${id}): ${reason ?? 'fine'}`));
}
