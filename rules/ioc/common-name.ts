import { foldCase, isPlain, LazyRegex } from './pattern.js';
import { requiredLiteral } from './regex-literal.js';
import { handleScope, quote, type IndicatorType } from './value.js';

/** Paths that are on very many hosts and have little in common; each kind stands twice. */
const paths = [
  '/bin/ls',
  '/usr/bin/python3.11',
  '/etc/hosts',
  '/etc/passwd',
  '/usr/lib/x86_64-linux-gnu/libc.so.6',
  '/usr/lib/x86_64-linux-gnu/libz.so.1',
  '/var/log/syslog',
  '/var/log/auth.log.2.gz',
  '/home/anna/.bashrc',
  '/home/ben/notes/to-do.txt',
  '/tmp/tmp.x1Y2z3',
  '/tmp/systemd-private-1/tmp',
  '/opt/app/server.jar',
  '/opt/app/run.sh',
  '/srv/www/index.html',
  '/srv/www/static/app.js',
  'C:\\Windows\\explorer.exe',
  'C:\\Windows\\System32\\svchost.exe',
  'C:\\Windows\\System32\\kernel32.dll',
  'C:\\Windows\\SysWOW64\\user32.dll',
  'C:\\Windows\\System32\\drivers\\ntfs.sys',
  'C:\\Windows\\System32\\drivers\\disk.sys',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
  'C:\\Program Files (x86)\\Common Files\\System\\wab32.dll',
  'C:\\ProgramData\\Microsoft\\Windows\\Caches\\cversions.2.db',
  'C:\\ProgramData\\Package Cache\\state.rsm',
  'C:\\Users\\anna\\Documents\\letter.docx',
  'C:\\Users\\ben\\Documents\\plan.xlsx',
  'C:\\Users\\anna\\Downloads\\report.pdf',
  'C:\\Users\\ben\\Downloads\\setup.zip',
  'C:\\Users\\ben\\AppData\\Local\\Temp\\~DF1.tmp',
  'C:\\Users\\anna\\AppData\\Local\\Temp\\install.log',
  'D:\\data\\2026\\table.csv',
  'D:\\data\\2025\\photo.jpg',
];

/** Pipes, and mutexes and events, that Windows and browsers have. */
const pipes = [
  ...['lsass', 'spoolss', 'srvsvc', 'wkssvc', 'svcctl', 'epmapper', 'eventlog', 'InitShutdown', 'Winsock2\\CatalogChangeListener-2a4-0'],
  ...['mojo.4321.1234.11223344556677', 'crashpad_912_ABCDEFGHIJKLMNOP', 'PSHost.132537.4712.DefaultAppDomain.powershell'],
]; // prettier-ignore
const handles = [
  ...['CicLoadWinStaWinSta0', 'MSCTF.CtfMonitorInstMutexDefault1', 'SM0:4712:304:WilStaging_02', 'RasPbFile', 'IESQMMUTEX_0_208'],
  ...['_MSIExecute', 'CLR_PerfMon_StartEnumEvent', 'ZonesCacheCounterMutex', '__?c:_users_anna_appdata_local_webcache'],
]; // prettier-ignore

const folded = new Map([paths, pipes, handles].map((names) => [names, names.map(foldCase)] as const));

/** One hit may be a name that is meant; of two that have nothing in common, everything of their kind is hit. */
const tooMany = 2;

/**
 * Names that every host has and that the indicator would hit, where it hits more than one: an expression such as `.` or
 * `\.exe$`. Empty for one that names something.
 */
export function commonNamesHit(type: IndicatorType, written: string, falsePositive = ''): readonly string[] {
  if (type !== 'filename' && type !== 'pipe' && type !== 'handle') return [];
  const value = type === 'handle' ? written.replace(handleScope, '') : written;
  const names = type === 'filename' ? paths : type === 'pipe' ? pipes : handles;
  if (type !== 'filename' && isPlain(value)) return []; // compared as a whole
  const literal = isPlain(value) ? foldCase(value) : requiredLiteral(value);
  const candidates =
    literal === null ? names : names.filter((_, at) => folded.get(names)?.[at]?.includes(literal) === true);
  if (candidates.length < tooMany) return [];
  const regex = isPlain(value) ? null : new LazyRegex(value, type !== 'pipe');
  const except = falsePositive === '' ? null : new LazyRegex(falsePositive);
  const hit = candidates.filter((name) => (regex === null || regex.test(name)) && except?.test(name) !== true);
  return hit.length < tooMany ? [] : hit;
}

export function tooWide(value: string, [first = '', second = '']: readonly string[]): string {
  return `expected a name that not every host has, got ${quote(value)}, which hits ${first} and ${second}`;
}
