import type { Problem } from './pattern.js';

/**
 * What Windows has for the variables of a path, as an expression; the separator in front is part of it where a folder
 * stands there. (Microsoft, "Recognized environment variables".)
 */
const variables: Readonly<Record<string, string>> = {
  windir: '[\\\\/]Windows',
  systemroot: '[\\\\/]Windows',
  systemdrive: '[A-Za-z]:',
  homedrive: '[A-Za-z]:',
  appdata: '[\\\\/](?:AppData[\\\\/]Roaming|Application Data)',
  localappdata: '[\\\\/](?:AppData[\\\\/]Local|Local Settings[\\\\/]Application Data)',
  temp: '[\\\\/](?:AppData[\\\\/]Local|Windows|Local Settings)[\\\\/]Temp',
  tmp: '[\\\\/](?:AppData[\\\\/]Local|Windows|Local Settings)[\\\\/]Temp',
  userprofile: '[\\\\/](?:Users|Documents and Settings)[\\\\/][^\\\\/]+',
  homepath: '[\\\\/](?:Users|Documents and Settings)[\\\\/][^\\\\/]+',
  public: '[\\\\/]Users[\\\\/]Public',
  programdata: '[\\\\/](?:ProgramData|Documents and Settings[\\\\/]All Users)',
  allusersprofile: '[\\\\/](?:ProgramData|Documents and Settings[\\\\/]All Users)',
  programfiles: '[\\\\/]Program Files(?: \\(x86\\))?',
  'programfiles(x86)': '[\\\\/]Program Files(?: \\(x86\\))?',
  programw6432: '[\\\\/]Program Files',
  commonprogramfiles: '[\\\\/]Program Files(?: \\(x86\\))?[\\\\/]Common Files',
  'commonprogramfiles(x86)': '[\\\\/]Program Files(?: \\(x86\\))?[\\\\/]Common Files',
  comspec: '[\\\\/]cmd\\.exe',
  username: '[^\\\\/]+',
  computername: '[^\\\\/]+',
  userdomain: '[^\\\\/]+',
};

const variable = /%([A-Za-z_][A-Za-z0-9_]*(?:\\?\([A-Za-z0-9]+\\?\))?)%/g;

/** A path as people write it: each backslash once, before a name. */
const plainPath = /^(?:[^\\[\]{}^$*+?|]|\\(?=[^\\[\]{}^$*+?|.]))+$/;

/**
 * The expression with its `%VARIABLES%` written out, which no path of a log has in it, in any case; the text itself where it has
 * none. A plain path (`%TEMP%\a.exe`) is made an expression.
 */
export function expandVariables(text: string): string | Problem {
  const names = [...text.matchAll(variable)].map(([, name = '']) => name.replaceAll('\\', ''));
  if (names.length === 0) return text;
  const unknown = names.find((name) => !Object.hasOwn(variables, name.toLowerCase()));
  if (unknown !== undefined)
    return { problem: `expected a path without variables or with those of Windows, got "%${unknown}%"` };
  const isPath = text.startsWith('%') && /%\\(?!\\)/.test(text) && plainPath.test(text);
  const source = isPath ? `${text.replace(/[\\.+()]/g, '\\$&')}$` : text;
  const expanded = source
    .replace(/\(\?i\)/g, '')
    .replace(/\(\?:\^\|\[\\\\\/\]\)(?=%[A-Za-z])/, '') // the variable has its separator
    .replace(variable, (_, name: string) => variables[name.replaceAll('\\', '').toLowerCase()] ?? '');
  return `(?i)${expanded}`;
}
