import { foldCase } from './pattern.js';

/** Where a key's own path begins, and what may stand in front of it in a log, an export or a command. */
export interface RegistryPlace {
  /** The path behind the part that has several spellings, with its leading backslash. */
  readonly tail: string;
  /** Fits the end of the text in front of the tail, in lower case. */
  readonly before: RegExp;
}

/** The longest that a spelling of what stands in front of a tail can be, a SID of the longest kind included. */
export const maxBeforeLength = 260;

const machine = '(?:hklm:?|hkey_local_machine|\\\\registry\\\\machine)';
const users = '(?:hku:?|hkey_users|\\\\registry\\\\user)';
const owner = '(?:s-1-[\\d-]{1,200}|\\.default)';
const user = `(?:hkcu:?|hkey_current_user|${users}\\\\${owner})`;
const root = '(?:hkcr:?|hkey_classes_root)';
const narrow = '(?:\\\\wow6432node)?'; // what a 32-bit program sees in place of the key
/** One class may stand at each of these, and Windows shows it as all of them. */
const classes = `(?:${machine}\\\\software${narrow}\\\\classes|${user}\\\\software${narrow}\\\\classes|${users}\\\\${owner}_classes|${root})${narrow}`;
const system = `${machine}\\\\system\\\\(?:currentcontrolset|controlset\\d{3})`;

/**
 * Keys in normal form by their beginning, the longest first, and the spellings that Windows has for it: Sysmon writes HKU
 * and a SID for HKCU, and the number of the control set; HKCR is a view of both Classes keys (Microsoft, "Registry Hives",
 * "HKEY_CLASSES_ROOT Key", "Registry Keys Affected by WOW64").
 */
const places: readonly (readonly [start: string, before: string])[] = [
  ['hklm\\software\\classes', classes],
  ['hkcu\\software\\classes', classes],
  ['hkcr', classes],
  ['hklm\\system\\currentcontrolset', system],
  ['hklm\\software', `${machine}\\\\software${narrow}`],
  ['hklm', machine],
  ['hkcu\\software', `${user}\\\\software${narrow}`],
  ['hkcu', user],
  ['hku', users],
  ['hkcc', `(?:(?:hkcc:?|hkey_current_config)|${system}\\\\hardware profiles\\\\current)`],
];
const compiled = places.map(([start, before]) => ({ start: `${start}\\`, before: new RegExp(`(?:${before})$`) }));

/** `key` is in normal form ({@link normaliseRegistryKey}). */
export function registryPlaceOf(key: string): RegistryPlace {
  const place = compiled.find(({ start }) => key.startsWith(start));
  if (place === undefined) throw new TypeError(`registry key: expected its normal form, got "${key}"`);
  return { tail: foldCase(key.slice(place.start.length - 1)), before: place.before };
}

const hives: Readonly<Record<string, string>> = {
  hkey_local_machine: 'hklm',
  hkey_current_user: 'hkcu',
  hkey_users: 'hku',
  hkey_classes_root: 'hkcr',
  hkey_current_config: 'hkcc',
};
const shortHives = new Set(Object.values(hives));
const maxKeyLength = 4096;

/**
 * Hive in its short form, lower case (the registry has no case), one backslash between keys and none at the end. A user's
 * part of HKU is HKCU, the native `\REGISTRY\…` is the hive's own name, a numbered control set is CurrentControlSet. Null
 * for text that names no key below a hive.
 */
export function normaliseRegistryKey(text: string): string | null {
  const parts = text
    .toLowerCase()
    .replace(/^(?:computer\\|(?:microsoft\.powershell\.core\\)?registry::)/, '')
    .split('\\')
    .filter((part) => part !== '');
  if (parts[0] === 'registry')
    parts.splice(0, 2, ({ machine: 'hklm', user: 'hku' } as Record<string, string>)[parts[1] ?? ''] ?? '');
  const [first = '', ...path] = parts;
  const written = first.replace(/:$/, '');
  let hive = hives[written] ?? written;
  if (hive === 'hku' && /^(?:s-1-5-21-[\d-]+|s-1-12-1-[\d-]+)(?:_classes)?$/.test(path[0] ?? '')) {
    hive = 'hkcu';
    if (path.shift()?.endsWith('_classes') === true) path.unshift('software', 'classes');
  }
  if (hive === 'hklm' && path[0] === 'system' && /^controlset\d{3}$/.test(path[1] ?? '')) path[1] = 'currentcontrolset';
  if (!shortHives.has(hive) || path.length === 0 || text.length > maxKeyLength) return null;
  return [hive, ...path].join('\\');
}
