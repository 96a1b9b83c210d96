import { type Command, InvalidArgumentError } from 'commander';
import { stat } from 'node:fs/promises';
import { systemClock } from '../base/clock.js';
import { loadKeyFile } from '../keys/keyfile.js';
import { openerOf } from '../keys/sealing.js';
import { openContentKey, openPack } from '../packs/pack.js';
import { loadCustomFile, loadCustomRules, noCustomRules } from '../scanner/merge/custom.js';
import { decodeItems } from '../scanner/active/decode.js';
import { ScannerError } from '../scanner/error.js';
import { defaultHomePath, openHome } from '../scanner/state/home.js';
import { mergeRules } from '../scanner/merge/merge.js';
import { loadMerged, type MergedSet } from '../scanner/merge/merged-ruleset.js';
import { isPlainRuleFile } from '../rules/folder.js';
import { CliError } from './error.js';
import { collect, parseCount } from './option.js';
import { askPassphrase } from './passphrase.js';

/** Where a command takes its rules from. */
export interface RulesOptions {
  readonly home: string;
  readonly custom?: string;
  readonly rules?: string;
  readonly key?: string;
  readonly contentKey?: string;
  readonly signedBy: readonly string[];
  readonly threshold: number;
  readonly root?: string;
  readonly targets?: string;
}

export function addRulesOptions(command: Command): Command {
  return command
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--custom <dir>', 'local rules of another folder than custom-signatures/ in the state folder')
    .option(
      '--rules <path>',
      'a folder of rules, one file of them or a pack, instead of the rules of this endpoint',
      notEmpty,
    )
    .option('--key <file>', 'secret key that the pack of --rules is sealed to')
    .option('--content-key <file>', 'or its content key itself, 64 hex digits')
    .option('--signed-by <file>', 'public release key of that pack; repeatable', collect, [])
    .option('--threshold <n>', 'how many of these keys must have signed', parseCount, 1)
    .option('--root <file>', 'the trusted root, with --targets instead of --signed-by')
    .option('--targets <file>', 'N.targets.json, which says whose keys sign the feature');
}

/**
 * The rules of this endpoint, or those of `--rules` without an installation.
 *
 * @throws CliError `usage`; ScannerError, BuilderError, PackError, KeyError for what cannot be loaded
 */
export async function loadRules(options: RulesOptions): Promise<MergedSet> {
  const { rules, home, custom } = options;
  if (rules === undefined) return loadMerged(openHome(home), systemClock, custom ?? null);
  if (custom !== undefined) throw new CliError('usage', 'rules: expected either --rules or --custom, got both');
  const info = await stat(rules).catch(() => null);
  if (info?.isDirectory()) return { ...(await rulesOfFolder(rules)), flags: [] };
  if (info !== null && isPlainRuleFile(rules)) return { ...rulesOfFile(rules), flags: [] };
  return { ...(await rulesOfPack(rules, options)), flags: [] };
}

async function rulesOfFolder(folder: string) {
  const custom = await loadCustomRules(
    folder,
    true,
    () => {
      throw new ScannerError('custom-signers', `${folder}: expected plain rules, got a pack among them`, {
        hint: 'name the pack itself with --rules, --key and --signed-by',
      });
    },
    systemClock.now(),
  );
  return mergeRules({ packs: [], custom, remembered: [] });
}

function rulesOfFile(path: string) {
  return mergeRules({ packs: [], custom: loadCustomFile(path), remembered: [] });
}

async function rulesOfPack(path: string, options: RulesOptions) {
  const { verifyPackFile } = await import('../builder/release/pack-file.js'); // of no use to an endpoint, whose start should be fast
  const { signedBy: keys, threshold, root, targets } = options;
  const verified = await verifyPackFile(path, { keys, threshold, root, targets });
  const { feature, pack, channel, version } = verified.header;
  const { items } = await openPack(verified, await contentKeyOf(verified.header, options));
  const rules = decodeItems(items, path);
  return mergeRules({ packs: [{ feature, pack, channel, version, rules }], custom: noCustomRules, remembered: [] });
}

async function contentKeyOf(header: Parameters<typeof openContentKey>[0], { key, contentKey }: RulesOptions) {
  if (key !== undefined && contentKey === undefined)
    return openContentKey(header, openerOf(await loadKeyFile(key, () => askPassphrase(key))));
  if (key === undefined && contentKey !== undefined) {
    const { loadContentKey } = await import('../builder/release/pack-file.js');
    return loadContentKey(contentKey);
  }
  throw new CliError('usage', 'pack: expected either --key or --content-key, got both or none');
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('expected a path, got none');
  return text;
}
