import { stat } from 'node:fs/promises';
import { shownBytes } from '../../base/shown.js';
import { basename } from 'node:path';
import type { CodedError } from '../../base/error.js';
import { readFileAtMost } from '../../base/files.js';
import type { Opener } from '../../keys/signer.js';
import { maxPackBytes } from '../../packs/header.js';
import { encodeItem } from '../../packs/item.js';
import { openContentKey, openPack, readPack, verifyPack } from '../../packs/pack.js';
import type { DisabledRule } from '../../rules/disable-list.js';
import type { Fault } from '../../rules/fault.js';
import { loadRuleFile, loadRuleFolder, type RuleFile } from '../../rules/folder.js';
import type { Indicator } from '../../rules/ioc/indicator.js';
import type { CompiledItem } from '../../rules/item.js';
import type { CustomSigners } from './custom-signers.js';
import { decodeItems, isRule, type RuleItem } from '../active/decode.js';
import { refusedOrThrow, ScannerError } from '../error.js';
import { requireClient } from '../active/install.js';
import { lintLocalFiles } from './local-lint.js';

/** A rule of this endpoint's own, and the file it came from. */
export type LocalItem = RuleItem & {
  /** Below the folder. */
  readonly file: string;
  /** Of the encrypted custom pack that it came in. */
  readonly pack?: { readonly name: string; readonly version: string };
};

export interface CustomRules {
  readonly folder: string;
  readonly items: readonly LocalItem[];
  readonly disabled: readonly DisabledRule[];
  /** Whatever was left out, with its place. */
  readonly faults: readonly Fault[];
}

/** What opens encrypted custom packs: the host's key, and the keys of the teams that may sign them. */
export interface CustomPackKeys {
  readonly host: Opener;
  readonly signers: CustomSigners;
  /** This program's version, `x.y.z`. */
  readonly client: string;
}

export const noCustomRules: CustomRules = { folder: '', items: [], disabled: [], faults: [] };

/**
 * Reads a folder of local rules. A broken file is reported with its place and left out; all others load. Indicators that the
 * warning list knows are named, and count all the same.
 *
 * @throws RulesError `folder-too-large`; ScannerError `custom-unreadable` for a folder that was asked for by name
 */
export async function loadCustomRules(
  folder: string,
  isRequired: boolean,
  loadKeys: () => Promise<CustomPackKeys>,
  now: Date,
): Promise<CustomRules> {
  const info = await stat(folder).catch(() => null);
  if (!info?.isDirectory()) {
    if (!isRequired) return noCustomRules;
    throw new ScannerError('custom-unreadable', `${folder}: expected a folder of custom rules, got none`);
  }
  const { files, disabled } = await loadRuleFolder(folder, { sigma: { requireId: false } });
  const faults = [...files.flatMap((file) => file.faults), ...lintLocalFiles(files, now)];
  const attempt = async <T>(file: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      faults.push(faultOf(file, refusedOrThrow(error)));
      return null;
    }
  };
  const firstPack = files.find(({ kind }) => kind === 'pack');
  const keys = firstPack ? await attempt(firstPack.file, loadKeys) : null;
  const items: LocalItem[] = [];
  for (const file of files) {
    if (file.kind === 'pack' && keys === null) continue;
    const read = await attempt(file.file, () =>
      keys && file.kind === 'pack' ? readPackFile(file, keys) : Promise.resolve(readItems(file)),
    );
    for (const item of read ?? []) items.push(item);
  }
  return { folder, disabled, ...(firstPack ? eachOnce(items, faults) : { items, faults }) };
}

/** One plain file of a folder of local rules, named by itself. */
export function loadCustomFile(path: string): CustomRules {
  const file = loadRuleFile(path, basename(path), { requireId: false });
  return { folder: '', items: readItems(file), disabled: [], faults: file.faults };
}

function readItems({ file, items }: RuleFile): LocalItem[] {
  return items.flatMap((item) => readItem(item, file));
}

/** An indicator is as its reader has just made it, which of a million of them is not worth reading twice. */
function readItem({ kind, id, value }: CompiledItem, file: string): LocalItem[] {
  const encoded = encodeItem(kind, id, value);
  if (kind === 'ioc') return [{ kind, id, line: encoded.line, indicator: value as unknown as Indicator, file }];
  return decodeItems([encoded], file)
    .filter(isRule)
    .map((item) => ({ ...item, file }));
}

/** A pack made with `yms encrypt`: feature `custom`, signed by a team, sealed to this host among others. */
async function readPackFile({ file, path }: RuleFile, { host, signers, client }: CustomPackKeys): Promise<LocalItem[]> {
  const bytes = await readFileAtMost(path, maxPackBytes);
  const unverified = readPack(bytes, file);
  if (unverified === null)
    throw new ScannerError('pack-mismatch', `${file}: expected a pack (yms1), got ${shownBytes(bytes)}`);
  const verified = verifyPack(unverified, { ...signers, expect: { feature: 'custom' } });
  requireClient(verified.header, client);
  const opened = await openPack(verified, openContentKey(verified.header, host));
  const pack = { name: verified.header.pack, version: verified.header.version };
  return decodeItems(opened.items, file)
    .filter(isRule)
    .map((item) => ({ ...item, file, pack }));
}

function faultOf(file: string, { code, message, place }: CodedError): Fault {
  return { code, message, place: { ...place, file }, severity: 'error' };
}

/** The folder's reader sees to plain files; packs beside them may bring an id again. The first one counts. */
function eachOnce(items: readonly LocalItem[], faults: readonly Fault[]): Pick<CustomRules, 'items' | 'faults'> {
  const owners = new Map<string, LocalItem>();
  const taken: Fault[] = [];
  for (const item of items) {
    const owner = owners.get(`${item.kind} ${item.id}`);
    if (owner === undefined) owners.set(`${item.kind} ${item.id}`, item);
    else {
      const message = `${item.kind} ${item.id}: expected each id in one file, got it in ${owner.file} too`;
      taken.push({ code: 'id-taken', message, place: { file: item.file }, severity: 'error' });
    }
  }
  return { items: [...owners.values()], faults: [...faults, ...taken] };
}
