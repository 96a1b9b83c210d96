import { realpath, readdir, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { compareUtf8 } from '../base/bytes.js';
import { BaseError, systemCode } from '../base/error.js';
import { readFileAtMostSync } from '../base/files.js';
import type { RuleKind } from '../base/rule-kind.js';
import { isDisableList, parseDisableList, type DisabledRule } from './disable-list.js';
import { RulesError } from './error.js';
import type { Fault, Place } from './fault.js';
import { compileIndicator, indicatorId, type Indicator } from './ioc/indicator.js';
import { parseIocCsv } from './ioc/csv.js';
import { parseMispEvents } from './ioc/misp.js';
import { parseStixBundle } from './ioc/stix.js';
import { listKindsOf, parseIocFile, type IocFile } from './ioc/text-list.js';
import { type CompiledItem, takenIdSeverity } from './item.js';
import { parsePoolFile } from './pools/pool-list.js';
import { compilePool } from './pools/pool.js';
import { compileSigmaFile, type CompiledSigma, type CompileOptions } from './sigma/rule.js';
import { decodeTextFile } from './text-file.js';
import { compileTriage } from './triage/matrix.js';
import { isTriageFile, parseTriageFile } from './triage/triage-file.js';

export type RuleFileKind = RuleKind | 'disable-list' | 'pack' | 'other';

/** What one file of a rule folder gave. */
export interface RuleFile {
  /** Below the folder, parts divided by `/`. */
  readonly file: string;
  readonly path: string;
  readonly kind: RuleFileKind;
  readonly items: readonly CompiledItem[];
  readonly faults: readonly Fault[];
}

export interface RuleFolder {
  /** Sorted by the UTF-8 bytes of their names. A `pack` is named, not read: opening it takes keys. */
  readonly files: readonly RuleFile[];
  readonly disabled: readonly DisabledRule[];
  /** The indicators with the role `trusted`, which are among the items too. */
  readonly trusted: readonly Indicator[];
}

export interface FolderOptions {
  /** Whether to read a file, by its name below the folder; all are read without it. */
  readonly accepts?: (file: string) => boolean;
  /** How Sigma files are compiled. */
  readonly sigma?: CompileOptions;
}

export const maxFiles = 100_000;
export const maxFolderDepth = 32;
export const maxYamlBytes = 8 * 1024 * 1024;
export const maxListBytes = 256 * 1024 * 1024;

type Read = Omit<RuleFile, 'file' | 'path'> & { disabled?: readonly DisabledRule[]; trusted?: readonly Indicator[] };

/**
 * Reads a folder of rules as the builder reads its sources and the scanner its `custom-signatures/`: `*.yml` Sigma rules,
 * mining-pool lists and triage matrices, `*.txt` lists by the tag in their name, `*.csv`, STIX bundles and MISP events as `*.json`, `disabled-rules.txt`, `*.yms` packs. A broken file is a
 * result with faults. An id that an earlier file has is left out with a fault.
 *
 * @throws RulesError `folder-missing`, `folder-too-large`
 */
export async function loadRuleFolder(folder: string, options: FolderOptions = {}): Promise<RuleFolder> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new RulesError('folder-missing', `${folder}: expected a folder of rules, got nothing there`, { cause });
  });
  if (!(await stat(root)).isDirectory())
    throw new RulesError('folder-missing', `${folder}: expected a folder of rules, got a file`);
  const entries = await listFiles(root);
  const files: RuleFile[] = [];
  const disabled: DisabledRule[] = [];
  const trusted: Indicator[] = [];
  const owners = new Map<string, string>();
  const wanted = entries.filter(
    ({ file, fault }) => !(fault === null && isIgnored(file)) && options.accepts?.(file) !== false,
  );
  const reads = wanted.map(({ file, fault }) => {
    const path = join(root, ...file.split('/'));
    return { file, path, read: fault === null ? loadFile(path, file, options.sigma) : refused(fault) };
  });
  const trustedIn = new Map<string, string>();
  for (const { file, read } of reads)
    for (const indicator of read.trusted ?? []) {
      trusted.push(indicator);
      const id = indicatorId(indicator);
      if (!trustedIn.has(id)) trustedIn.set(id, file);
    }
  for (const { file, path, read } of reads) {
    const { disabled: off = [], trusted: _, ...result } = read;
    files.push({ file, path, ...leaveOutTaken(result, { file, owners, trustedIn }) });
    disabled.push(...off);
  }
  return { files, disabled, trusted };
}

/** One file as {@link loadRuleFolder} reads it; `file` is the name that places of faults get. */
export function loadRuleFile(path: string, file: string, sigma?: CompileOptions): RuleFile {
  const { kind, items, faults } = loadFile(path, file, sigma);
  return { file, path, kind, items, faults };
}

/** Whether a file named by itself is one of rules in the clear, by its name. */
export function isPlainRuleFile(path: string): boolean {
  return ['.yml', '.yaml', '.txt', '.csv', '.json'].includes(extname(path).toLowerCase());
}

/** Documents, hidden files, editors' leftovers and the sample events beside a rule are no rules. */
function isIgnored(file: string): boolean {
  const name = basename(file);
  if (name.endsWith('~') || /\.samples\.ya?ml$/i.test(name) || name === 'yms.yaml') return true;
  return ['', '.md', '.bak', '.tmp', '.swp'].includes(extname(name).toLowerCase());
}

function loadFile(path: string, file: string, sigma?: CompileOptions): Read {
  const extension = extname(file).toLowerCase();
  switch (extension) {
    case '.yms':
      return { kind: 'pack', items: [], faults: [] };
    case '.yml':
    case '.yaml':
      return loadText(path, file, maxYamlBytes, (text) =>
        isPoolList(text)
          ? readPools(text, file)
          : isTriageFile(text)
            ? readTriage(text, file)
            : readSigma(text, file, sigma),
      );
    case '.txt':
      if (isDisableList(file)) return loadText(path, file, maxYamlBytes, (text) => readDisableList(text, file));
      if (listKindsOf(file).length > 0) return loadList(path, file, (text) => readIndicators(text, file));
      return other(file, 'tag-missing', 'file name: expected a tag between other characters (x-c2-iocs.txt), got none');
    case '.csv':
      return loadText(path, file, maxListBytes, (text) =>
        readFeed(parseIocCsv(text, file), file, 'a header with type and value', isLikeCsvFeed(text)),
      );
    case '.json':
      return loadText(path, file, maxListBytes, (text) =>
        readFeed(
          parseStixBundle(text, file) ?? parseMispEvents(text, file),
          file,
          'a STIX bundle or MISP events',
          isLikeJsonFeed(text),
        ),
      );
    case '.yar':
    case '.yara':
    case '.dat':
    case '.yas':
    case '.jsos':
      return other(file, 'kind-unsupported', `file: expected Sigma, text lists, pools or a pack, got ${extension}`);
    default:
      return { kind: 'other', items: [], faults: [] };
  }
}

function loadText(path: string, file: string, maxBytes: number, read: (text: string) => Read): Read {
  return readBytes(path, file, maxBytes, (bytes) => {
    const decoded = decodeTextFile(bytes, file);
    return 'text' in decoded ? read(decoded.text) : refused(decoded.fault);
  });
}

/** In a list of lines a NUL costs its line. */
function loadList(path: string, file: string, read: (text: string) => Read): Read {
  return readBytes(path, file, maxListBytes, (bytes) => {
    const decoded = decodeTextFile(bytes, file, 'kept');
    return 'text' in decoded ? read(decoded.text) : refused(decoded.fault);
  });
}

function readBytes(path: string, file: string, maxBytes: number, read: (bytes: Uint8Array) => Read): Read {
  let bytes: Uint8Array;
  try {
    bytes = readFileAtMostSync(path, maxBytes);
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    const message = error.message.replace(`${path}: `, 'file: ');
    return refused({ code: error.code, message, place: { file }, severity: 'error' });
  }
  return read(bytes);
}

function refused(fault: Fault): Read {
  return { kind: 'other', items: [], faults: [fault] };
}

/** A top-level `pools:` makes a YAML file a mining-pool list, unless it is a Sigma document. */
export function isPoolList(text: string): boolean {
  return /^pools:/m.test(text) && !/^(?:detection|correlation|filter):/m.test(text);
}

function readSigma(text: string, file: string, options?: CompileOptions): Read {
  const { rules, faults } = compileSigmaFile(text, file, options);
  return { kind: 'sigma', items: rules, faults };
}

function readPools(text: string, file: string): Read {
  const { pools, faults } = parsePoolFile(text, file);
  return { kind: 'pool', items: pools.map(compilePool), faults };
}

function readTriage(text: string, file: string): Read {
  const { document, faults } = parseTriageFile(text, file);
  return { kind: 'triage', items: document === null ? [] : [compileTriage(document)], faults };
}

function readIndicators(text: string, file: string): Read {
  return readFeed(parseIocFile(text, file), file, 'a tag in the file name');
}

/** Other data is no fault of a folder that holds more than rules; what looks like a list and is not read, is one. */
function readFeed(read: IocFile | null, file: string, expected: string, isLikeFeed = true): Read {
  if (read === null)
    return other(
      file,
      'feed-unknown',
      `file: expected ${expected}, got none of these`,
      isLikeFeed ? 'error' : 'warning',
    );
  const trusted = read.indicators.filter(({ role }) => role === 'trusted');
  return { kind: 'ioc', items: read.indicators.map(compileIndicator), faults: read.faults, trusted };
}

function readDisableList(text: string, file: string): Read {
  const { disabled, faults } = parseDisableList(text, file);
  return { kind: 'disable-list', items: [], faults, disabled };
}

/** A column that names indicators, or a cell that is a hash or a URL, among the first lines. */
function isLikeCsvFeed(text: string): boolean {
  return /(?:^|[,;\t|"#])\s*(?:ioc|indicators?|md5|sha-?1|sha-?256|(?:dst_?|src_?)?ip(?:v[46])?|domain|hostname|url|hxxps?:\/\/|https?:\/\/|[0-9a-f]{32,64}(?=[,;\t|"\s]))/im.test(
    text.slice(0, 4096),
  );
}

function isLikeJsonFeed(text: string): boolean {
  return /"(?:indicators?|iocs?|ioc_value|sha256|sha256_hash|md5_hash|to_ids|pattern_type)"/i.test(
    text.slice(0, 65_536),
  );
}

function other(file: string, code: string, message: string, severity: Fault['severity'] = 'warning'): Read {
  return refused({ code, message, place: { file }, severity });
}

interface Owners {
  readonly file: string;
  /** By id: the first file that has it. */
  readonly owners: Map<string, string>;
  /** By id: the first file that says it is good, which counts whatever the files are called. */
  readonly trustedIn: ReadonlyMap<string, string>;
}

function leaveOutTaken<T extends Read>(read: T, { file, owners, trustedIn }: Owners): T {
  const faults: Fault[] = [];
  const items = read.items.filter((item) => {
    const { kind, id } = item;
    const trusting = kind === 'ioc' ? trustedIn.get(id) : undefined;
    const isTrusted = trusting !== undefined && (item.value as { role?: unknown }).role === 'trusted';
    const owner = owners.get(id);
    if (owner === undefined && (trusting === undefined || isTrusted)) owners.set(id, file);
    if (isTrusted ? trusting === file : trusting === undefined && (owner === undefined || owner === file)) return true;
    const said =
      trusting === undefined || isTrusted
        ? `expected each id in one file, got it in ${owner ?? trusting ?? file} too`
        : `expected a bad indicator, got one that ${trusting} trusts (left out)`;
    const message = `${kind} ${id.slice(0, 100)}: ${said}`;
    faults.push({ code: 'id-taken', message, place: placeOf(item, file), severity: takenIdSeverity[kind] });
    return false;
  });
  return faults.length === 0 ? read : { ...read, items, faults: [...read.faults, ...faults] };
}

/** A Sigma document says where it starts. */
function placeOf(item: CompiledItem | CompiledSigma, file: string): Place {
  return 'place' in item ? item.place : { file };
}

interface Listed {
  readonly file: string;
  readonly fault: Fault | null;
}

/** Regular files and links to them inside the folder; hidden names are passed over, everything else has its fault. */
async function listFiles(root: string): Promise<Listed[]> {
  const found: Listed[] = [];
  const refuse = (file: string, code: string, said: string): void => {
    found.push({ file, fault: { code, message: `file: ${said}`, place: { file }, severity: 'error' } });
  };
  const walk = async (below: string, depth: number): Promise<void> => {
    const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: unknown) =>
      systemCode(error),
    );
    if (!Array.isArray(entries)) {
      refuse(below, 'folder-unreadable', `expected a readable folder, got ${entries ?? 'an error'}`);
      return;
    }
    for (const entry of entries.sort((a, b) => compareUtf8(a.name, b.name))) {
      if (entry.name.startsWith('.')) continue;
      const file = below === '' ? entry.name : `${below}/${entry.name}`;
      if (found.length >= maxFiles)
        throw new RulesError('folder-too-large', `${root}: expected at most ${maxFiles} files, got more`);
      if (entry.isFile()) found.push({ file, fault: null });
      else if (entry.isDirectory() && depth >= maxFolderDepth)
        refuse(file, 'folder-depth', `expected at most ${maxFolderDepth} levels of folders, got more`);
      else if (entry.isDirectory()) await walk(file, depth + 1);
      else if (!entry.isSymbolicLink())
        refuse(file, 'file-special', 'expected a regular file, got a device, pipe or socket');
      else {
        const target = await realpath(join(root, file)).catch(() => null);
        if (target === null) refuse(file, 'link-broken', 'expected a link to a file, got one to nothing');
        else if (target !== root && !target.startsWith(root + sep))
          refuse(file, 'link-outside', 'expected a link inside the folder, got one out of it');
        else if ((await stat(target)).isFile()) found.push({ file, fault: null });
        else refuse(file, 'link-folder', 'expected a link to a file, got one to a folder');
      }
    }
  };
  await walk('', 1);
  return found.sort((a, b) => compareUtf8(a.file, b.file));
}
