import { readdir, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import { buildTime, systemClock } from '../../base/clock.js';
import type { Json } from '../../base/json.js';
import { compareFaults, type Fault } from '../../rules/fault.js';
import { loadRuleFile, type RuleFile, type RuleFileKind } from '../../rules/folder.js';
import { WarningList } from '../../rules/ioc/warning-list.js';
import { type CompiledItem, takenIdSeverity } from '../../rules/item.js';
import { type PackConfig, recordedPath, type SourceConfig } from '../config/pack-config.js';
import { isRefusal, judgeIndicators } from './indicator-lint.js';
import { fileReason, type RuleFacts, ruleReason } from '../sources/selection.js';
import { loadSourceFolder, threadsFor } from '../sources/source-folder.js';

/** A rule in a pack, with the file it came from (its recorded path). */
export interface PackRule {
  readonly item: CompiledItem;
  readonly file: string;
  readonly source: SourceConfig;
}

/** A file, or one rule of it, that stays out of the pack. */
export interface LeftOut {
  readonly file: string;
  /** Absent when it is the whole file. */
  readonly id?: string;
  readonly reason: string;
}

export interface SourceRecord {
  /** As it is recorded in the pack. */
  readonly path: string;
  readonly files: number;
  readonly rules: number;
}

export interface CompiledPack {
  readonly config: PackConfig;
  readonly rules: readonly PackRule[];
  readonly leftOut: readonly LeftOut[];
  /** Faults of the files that the pack would take, with places as `yms.yaml` names its sources. */
  readonly faults: readonly Fault[];
  readonly sources: readonly SourceRecord[];
  readonly filesRead: number;
}

/** These leave a rule out of a pack without stopping a build: no typing error, but a value that only the user has. */
const toleratedCodes: readonly string[] = ['placeholder-unresolved'];

/** Whether `yms lint` is to fail on it. */
export function isLintError(fault: Fault): boolean {
  return fault.severity === 'error' && !toleratedCodes.includes(fault.code);
}

/** Whether a fault must stop a build. An indicator that the lint refuses does not: one line of a feed is no typing error. */
export function isBlocking(fault: Fault): boolean {
  return isLintError(fault) && !isRefusal(fault);
}

/**
 * Reads and compiles the sources of a pack and applies its filters. Every file that is not read and every rule that is
 * not taken is listed with its reason; what is wrong is collected, never thrown. Indicators that are expired at `now`
 * (`SOURCE_DATE_EPOCH`, or the time) stay out.
 */
export async function compilePack(
  folder: string,
  config: PackConfig,
  now = buildTime(systemClock),
): Promise<CompiledPack> {
  const warningList = new WarningList();
  const rules: PackRule[] = [];
  const leftOut: LeftOut[] = [];
  const faults: Fault[] = [];
  const sources: SourceRecord[] = [];
  let filesRead = 0;
  for (const source of config.sources) {
    const recorded = recordedPath(source.path);
    const { files, skipped } = await readSource(folder, source, config);
    const before = rules.length;
    for (const file of files) {
      const { faults: judged, reasons } = judgeIndicators(file.items, file.placed, now, warningList);
      for (const fault of judged) faults.push(fault);
      takeFile(file, source, config, reasons, { rules, leftOut, faults });
    }
    leftOut.push(...skipped);
    filesRead += files.length;
    sources.push({ path: recorded, files: files.length, rules: rules.length - before });
  }
  const taken = takenOnce(rules);
  faults.push(...taken.faults);
  leftOut.push(...taken.leftOut);
  leftOut.sort((a, b) => compare(a.file, b.file) || compare(a.id ?? '', b.id ?? ''));
  return { config, rules: taken.rules, leftOut, faults: faults.sort(compareFaults), sources, filesRead };
}

/** Places of faults are as `yms.yaml` writes the source, so that an editor beside it can jump there. */
interface SourceFile extends RuleFile {
  readonly recorded: string;
  /** The name of the file in places. */
  readonly placed: string;
}

async function readSource(
  folder: string,
  source: SourceConfig,
  config: PackConfig,
): Promise<{ files: SourceFile[]; skipped: LeftOut[] }> {
  const path = resolve(folder, source.path);
  const recorded = recordedPath(source.path);
  if ((await stat(path)).isFile()) {
    const reason = fileReason(config, recorded);
    if (reason !== null) return { files: [], skipped: [{ file: recorded, reason }] };
    const file = loadRuleFile(path, basename(path), { placeholders: new Map(Object.entries(config.expand)) });
    return { files: [{ ...relocate(file, posix.dirname(source.path)), recorded }], skipped: [] };
  }
  const recordedOf = (file: string): string => posix.join(recorded, file);
  const everything = await listAll(path);
  const read = await loadSourceFolder({ folder: path, recorded, pack: config }, threadsFor(everything.length));
  const files = read.map((file) => ({ ...relocate(file, source.path), recorded: recordedOf(file.file) }));
  const seen = new Set(files.map(({ recorded: name }) => name));
  const skipped = everything
    .map(recordedOf)
    .filter((file) => !seen.has(file))
    .map((file) => ({ file, reason: fileReason(config, file) ?? 'no rule file by its name' }));
  return { files, skipped };
}

function relocate(file: RuleFile, folder: string): RuleFile & { placed: string } {
  const faults = file.faults.map((fault) => ({
    ...fault,
    place: { ...fault.place, file: posix.join(folder, fault.place.file ?? file.file) },
  }));
  return { ...file, faults, placed: posix.join(folder, file.file) };
}

/** Every file below the folder, by its path with `/`; links are named, not followed. */
async function listAll(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split('\\')
        .join('/'),
    );
}

interface Taken {
  readonly rules: PackRule[];
  readonly leftOut: LeftOut[];
  readonly faults: Fault[];
}

function takeFile(
  file: SourceFile,
  source: SourceConfig,
  config: PackConfig,
  reasons: ReadonlyMap<string, string>,
  taken: Taken,
): void {
  for (const fault of file.faults) taken.faults.push(fault);
  const errors = file.faults.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (file.items.length === 0) {
    const reason = first ? `${first.message} (${first.code})` : reasonOfEmpty(file);
    taken.leftOut.push({ file: file.recorded, reason });
    return;
  }
  if (first) taken.leftOut.push({ file: file.recorded, reason: `in part: ${first.message} (${first.code})` });
  for (const item of file.items) {
    const reason = reasonOfRule(item, config, reasons);
    if (reason === null) taken.rules.push({ item, file: file.recorded, source });
    else taken.leftOut.push({ file: file.recorded, id: item.id, reason });
  }
}

/** Filters of a pack ask what Sigma rules say of themselves; indicators are judged by the lint. */
function reasonOfRule(item: CompiledItem, config: PackConfig, judged: ReadonlyMap<string, string>): string | null {
  switch (item.kind) {
    case 'sigma':
      return ruleReason(config, factsOf(item.value));
    case 'ioc':
      return judged.get(item.id) ?? null;
    case 'pool':
    case 'triage':
      return null;
  }
}

function reasonOfEmpty(file: SourceFile): string {
  const [warning] = file.faults;
  if (warning) return `${warning.message} (${warning.code})`;
  return emptyReasons[file.kind];
}

const emptyReasons: Readonly<Record<RuleFileKind, string>> = {
  sigma: 'no rules in it',
  ioc: 'no rules in it',
  pool: 'no rules in it',
  triage: 'no rules in it',
  pack: 'a pack, not a source of rules',
  'disable-list': 'a disable list, which acts on endpoints only',
  other: 'no kind of rule file',
};

function factsOf(value: Json): RuleFacts {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RuleFacts) : {};
}

/** An id counts once in a pack: a Sigma rule or matrix that comes twice is an error that names both files, an indicator a note. */
function takenOnce(rules: readonly PackRule[]): Taken {
  const owners = new Map<string, PackRule>();
  const taken: Taken = { rules: [], leftOut: [], faults: [] };
  for (const rule of rules) {
    const { kind, id } = rule.item;
    const owner = owners.get(`${kind}\0${id}`);
    if (owner === undefined) {
      owners.set(`${kind}\0${id}`, rule);
      taken.rules.push(rule);
      continue;
    }
    const message = `${kind} ${id.slice(0, 100)}: expected each id in one file, got it in ${owner.file} and ${rule.file}`;
    taken.faults.push({ code: 'id-taken', message, place: { file: rule.file }, severity: takenIdSeverity[kind] });
    taken.leftOut.push({ file: rule.file, id, reason: `its id is taken by ${owner.file}` });
  }
  return taken;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
