/** The settings of `yms serve`: `yms-server.yaml`, over it variables, over these flags. */
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { decodeUtf8 } from '../base/bytes.js';
import { readFileAtMost, readFileIfPresent } from '../base/files.js';
import { shown } from '../base/shown.js';
import { compareFaults, type Fault, formatFault } from '../rules/fault.js';
import { fault, parsePlacedYaml, schemaFaults } from '../rules/placed-yaml.js';
import { configOf, type ServerConfig, type SettingKey, settingKeys, settings } from '../server/config.js';
import { CliError } from './error.js';

export const serverConfigFile = 'yms-server.yaml';
export const standardListen = '127.0.0.1:8420';
const maxFileBytes = 1_048_576;

/** Texts that stand in the file too. The address of the records has no password there: that comes by the variable. */
const textKeys = ['listen', 'records'] as const;
type TextKey = (typeof textKeys)[number];
type Key = TextKey | SettingKey;

export type Origin = 'default' | 'file' | 'variable' | 'flag';

export interface ServerSettings {
  readonly listen: string;
  /** Null for records in the folder. */
  readonly records: string | null;
  readonly config: ServerConfig;
  /** The file that was read, or null. */
  readonly file: string | null;
  /** Each setting by the name that it has in the file, in the unit of the file. */
  readonly entries: readonly { readonly name: string; readonly value: string | number | null; readonly from: Origin }[];
}

/** `maxJsonBytes` → `--max-json-bytes`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `maxJsonBytes` → `YMS_MAX_JSON_BYTES`. */
export function variableOf(name: string): string {
  return `YMS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function nameOf(key: Key): string {
  return key === 'listen' || key === 'records' ? key : settings[key].name;
}

const fileSchema = z.strictObject({
  listen: z.string().min(1).max(300).optional(),
  records: z.string().min(1).max(1000).optional(),
  ...Object.fromEntries(
    settingKeys.map((key) => [nameOf(key), z.int().min(settings[key].least).max(settings[key].most).optional()]),
  ),
});

/** Settings that do not hold; the command shows each fault on a line of its own. */
export class SettingsError extends CliError {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super('usage', `settings: expected valid ones, got ${faults.length} that are not`);
    this.faults = faults;
  }
}

export interface SettingSources {
  /** The server's folder: beside it stands the file, when no other is named. */
  readonly dir: string | undefined;
  /** `--config`: this file must be there. */
  readonly file: string | undefined;
  /** By the name of the setting. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * All settings, with every fault at once: of the file with line and column, of variables and flags by their names.
 *
 * @throws SettingsError with all faults; BaseError `file-missing`, `utf8-invalid`
 */
export async function loadServerSettings(sources: SettingSources): Promise<ServerSettings> {
  const { file, values, faults } = await readFile(sources);
  const problems = faults.map(formatFault);
  const take = (key: Key): { value: string | number | null; from: Origin } => {
    const name = nameOf(key);
    for (const [from, place, text] of [
      ['flag', flagOf(name), sources.flags[name]],
      ['variable', variableOf(name), sources.variables[variableOf(name)]],
    ] as const) {
      if (text === undefined || text === '') continue;
      const value = valueOf(key, text);
      if (value === null) problems.push(`${place}: expected ${rangeOf(key)}, got ${shown(text)}`);
      return { value, from };
    }
    const inFile = values[name];
    return inFile === undefined ? { value: standardOf(key), from: 'default' } : { value: inFile, from: 'file' };
  };
  const found = new Map(([...textKeys, ...settingKeys] as const).map((key) => [key, take(key)]));
  if (problems.length > 0) throw new SettingsError(problems);
  const given = settingKeys.map((key) => [key, found.get(key)?.value]);
  return {
    listen: String(found.get('listen')?.value ?? standardListen),
    records: typeof found.get('records')?.value === 'string' ? String(found.get('records')?.value) : null,
    config: configOf(Object.fromEntries(given) as Record<SettingKey, number>),
    file,
    entries: [...found].map(([key, { value, from }]) => ({
      name: nameOf(key),
      value: key === 'records' && typeof value === 'string' ? withoutPassword(value) : value,
      from,
    })),
  };
}

async function readFile({ dir, file }: SettingSources): Promise<{
  file: string | null;
  values: Readonly<Record<string, string | number>>;
  faults: Fault[];
}> {
  const path = file ?? (dir === undefined ? null : join(dirname(resolve(dir)), serverConfigFile));
  const bytes =
    path === null
      ? null
      : await (file === undefined ? readFileIfPresent(path, maxFileBytes) : readFileAtMost(path, maxFileBytes));
  if (path === null || bytes === null) return { file: null, values: {}, faults: [] };
  const document = parsePlacedYaml(decodeUtf8(bytes, path), path);
  if (document.faults.length > 0) return { file: path, values: {}, faults: [...document.faults] };
  const parsed = fileSchema.safeParse(document.value ?? {});
  if (!parsed.success)
    return { file: path, values: {}, faults: schemaFaults(parsed.error.issues, document, path).sort(compareFaults) };
  const values = parsed.data as Readonly<Record<string, string | number>>;
  const { records } = parsed.data;
  const isOpen = records !== undefined && records !== withoutPassword(records);
  const secret = 'records: expected an address without a password, which YMS_RECORDS may hold, got one with it';
  return { file: path, values, faults: isOpen ? [fault('wrong-value', secret, document.placeOf(['records']))] : [] };
}

function standardOf(key: Key): string | number | null {
  if (key === 'records') return null;
  return key === 'listen' ? standardListen : settings[key].standard;
}

function valueOf(key: Key, text: string): string | number | null {
  if (key === 'listen' || key === 'records') return text;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return value >= settings[key].least && value <= settings[key].most ? value : null;
}

function rangeOf(key: Key): string {
  return key === 'listen' || key === 'records' ? 'a text' : `${settings[key].least} to ${settings[key].most}`;
}

function withoutPassword(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.password === '' && !url.searchParams.has('password'))) return address;
  url.searchParams.delete('password');
  url.password = '';
  return url.href;
}
