import { Option, type Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { parseJson } from '../../base/json.js';
import { type RuleKind, ruleKinds } from '../../base/rule-kind.js';
import { levels, type Level } from '../../rules/sigma/metadata.js';
import { ScannerError } from '../../scanner/error.js';
import { defaultHomePath, openHome } from '../../scanner/state/home.js';
import { levelOf, titleOf } from '../../scanner/merge/level.js';
import type { MergedRule } from '../../scanner/merge/merged-rule.js';
import { loadMerged } from '../../scanner/merge/merged-ruleset.js';
import { print, printable, printJson, table } from '../output.js';
import { sourceWords } from './merge.js';

interface EndpointOptions {
  readonly custom?: string;
  readonly home: string;
  readonly json?: true;
}

interface ListOptions extends EndpointOptions {
  readonly kind?: RuleKind;
  readonly minLevel?: Level;
  readonly pack?: string;
  readonly local?: true;
  readonly search?: string;
}

export function registerRules(program: Command): void {
  const rules = program.command('rules').description('the rules in use on this endpoint');
  endpointCommand(rules, 'list', 'list the rules, packs and local ones together')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(ruleKinds))
    .addOption(new Option('--min-level <level>', 'only this level and above').choices(levels))
    .option('--pack <name>', 'only of packs whose name (sigma/core/stable) begins so')
    .option('--local', 'only local rules')
    .option('--search <text>', 'only with this text in id, title or file')
    .action(listAction);
  endpointCommand(rules, 'show <id>', 'show a rule in its normal form, with its source').action(showAction);
}

function endpointCommand(rules: Command, name: string, description: string): Command {
  return rules
    .command(name)
    .description(description)
    .option('--custom <dir>', 'local rules of another folder than custom-signatures/ in the state folder')
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON');
}

async function listAction(options: ListOptions): Promise<void> {
  const { rules } = await loadMerged(openHome(options.home), systemClock, options.custom ?? null);
  const selected = rules.filter((rule) => isSelected(rule, options));
  if (options.json) printJson(selected.map(summaryOf));
  else if (selected.length > 0)
    print(
      table(
        selected.map((rule) => [
          rule.kind,
          levelOf(rule),
          printable(rule.id),
          printable(titleOf(rule)),
          sourceWords(rule.source),
        ]),
      ),
    );
}

function isSelected(rule: MergedRule, { kind, minLevel, pack, local, search }: ListOptions): boolean {
  if (kind !== undefined && rule.kind !== kind) return false;
  if (minLevel !== undefined && levels.indexOf(levelOf(rule)) < levels.indexOf(minLevel)) return false;
  if (pack !== undefined && rule.source.pack?.startsWith(pack) !== true) return false;
  if (local && rule.source.origin !== 'custom') return false;
  const text = `${rule.id}\n${titleOf(rule)}\n${rule.source.file ?? ''}`.toLowerCase();
  return search === undefined || text.includes(search.toLowerCase());
}

function summaryOf(rule: MergedRule) {
  return { kind: rule.kind, id: rule.id, level: levelOf(rule), title: titleOf(rule), source: rule.source };
}

async function showAction(id: string, options: EndpointOptions): Promise<void> {
  const { rules } = await loadMerged(openHome(options.home), systemClock, options.custom ?? null);
  const found = rules.filter((rule) => rule.id === id.toLowerCase() || rule.id === id);
  if (found.length === 0)
    throw new ScannerError('rule-unknown', `rule ${id}: expected a rule in use, got none with this id`, {
      hint: 'run yms rules list to see the ids, and yms merge to see what is disabled',
    });
  const shown = found.map((rule) => ({ ...summaryOf(rule), value: parseJson(rule.line) }));
  if (options.json) {
    printJson(shown);
    return;
  }
  for (const rule of shown) {
    print(`${rule.kind} ${printable(rule.id)}: ${printable(rule.title)} (${rule.level})`);
    print(`from ${sourceWords(rule.source)}`);
    print(JSON.stringify(rule.value, null, 2));
  }
}
