import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import type { RuleKind } from '../../base/rule-kind.js';
import { defaultHomePath, openHome } from '../../scanner/state/home.js';
import { type MergedRule, type Source, sourceLabel } from '../../scanner/merge/merged-rule.js';
import { loadMerged, type MergedSet } from '../../scanner/merge/merged-ruleset.js';
import { sourceWords as logSourceWords } from '../../rules/sigma/known-sources.js';
import { isMapped } from '../../rules/sigma/logsource.js';
import { builtInLogSources } from '../../rules/sigma/logsources.js';
import { printFaults } from '../faults.js';
import { print, printable, printJson, table, warn } from '../output.js';

interface MergeOptions {
  readonly custom?: string;
  readonly home: string;
  readonly json?: true;
}

export function registerMerge(program: Command): void {
  program
    .command('merge')
    .description('show what packs and local rules come to together; changes nothing')
    .option('--custom <dir>', 'local rules of another folder than custom-signatures/ in the state folder')
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON')
    .action(mergeAction);
}

async function mergeAction({ custom, home, json }: MergeOptions): Promise<void> {
  const merged = await loadMerged(openHome(home), systemClock, custom ?? null);
  const counts = countBySource(merged.rules);
  if (json) {
    const { overrides, disabled, filters, faults, flags } = merged;
    const unmapped = unmappedOf(merged.rules);
    printJson({ rules: merged.rules.length, sources: counts, unmapped, overrides, disabled, filters, faults, flags });
    return;
  }
  printFaults(merged.faults);
  for (const { subject, message, code } of merged.flags)
    warn(`${subject === 'endpoint' ? '' : `${subject}: `}${printable(message)} (${code})`);
  if (counts.length > 0)
    print(
      table(
        counts.map((count) => [
          count.source,
          ...(Object.keys(countedAs) as RuleKind[]).map((kind) => `${count[kind]} ${countedAs[kind]}`),
        ]),
      ),
    );
  printChanges(merged);
  printUnmapped(merged.rules);
  const broken = new Set(merged.faults.filter(({ severity }) => severity === 'error').map(({ place }) => place.file));
  print(`${merged.rules.length} rules in use; ${broken.size} custom files with something left out`);
}

function printChanges({ overrides, disabled, filters }: MergedSet): void {
  for (const { id, file, replaces, upstreamChanged } of overrides) {
    print(`override  ${printable(id)} by ${printable(file)}, in place of ${replaces.map(sourceWords).join(', ')}`);
    if (upstreamChanged) warn(`${printable(id)}: upstream changed under your override in ${printable(file)}`);
  }
  for (const { id, reason, rules } of disabled)
    print(
      `disabled  ${printable(id)}${reason === null ? '' : ` (${printable(reason)})`}: ${rules.length === 0 ? 'no rule has this id' : rules.map(sourceWords).join(', ')}`,
    );
  for (const { title, source, rules } of filters)
    print(`filter    ${printable(title)} (${sourceWords(source)}) narrows ${rules.length} rules`);
}

/** Rules that no log can be of. */
function unmappedOf(rules: readonly MergedRule[]): { id: string; title: string; logSource: string }[] {
  return rules.flatMap((merged) => {
    if (merged.kind !== 'sigma' || !('detection' in merged.rule)) return [];
    const { id, title, logsource } = merged.rule;
    return isMapped(logsource, builtInLogSources) ? [] : [{ id, title, logSource: logSourceWords(logsource) }];
  });
}

function printUnmapped(rules: readonly MergedRule[]): void {
  for (const { id, title, logSource } of unmappedOf(rules))
    print(`unmapped  ${id} (${printable(title)}): no log is known to be of ${printable(logSource)}`);
}

type SourceCount = { readonly source: string } & Record<RuleKind, number>;

/** In the order in which they are told. */
const countedAs: Readonly<Record<RuleKind, string>> = { sigma: 'sigma', ioc: 'ioc', pool: 'pools', triage: 'triage' };

function countBySource(rules: readonly MergedRule[]): SourceCount[] {
  const counts = new Map<string, SourceCount>();
  for (const { kind, source } of rules) {
    const name = sourceWords(source);
    const count = counts.get(name) ?? { source: name, sigma: 0, ioc: 0, pool: 0, triage: 0 };
    count[kind]++;
    counts.set(name, count);
  }
  return [...counts.values()];
}

/** `sigma/core/stable 2026.07.01`, or the file of a local rule. */
export function sourceWords(source: Source): string {
  return printable(sourceLabel(source));
}
