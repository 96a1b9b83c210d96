import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { timeReader } from './text-time.js';

/** `key=` at the start of a word. */
const keyStart = /(?:^|[\s,;|])([A-Za-z_@][A-Za-z0-9_.@()-]{0,99})=/g;
const cefHead =
  /CEF:\d\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|/;
const cefNames = ['deviceVendor', 'deviceProduct', 'deviceVersion', 'deviceEventClassId', 'name', 'cefSeverity'];

/** Pairs of one line at most; more are no event. */
export const maxPairs = 1000;

const readers = new Map<string, { readonly clock: LogClock; readonly timeOf: ReturnType<typeof timeReader> }>();

/**
 * A line of `key=value`: values bare or in double quotes (`\"` and `""` for a quote in one), divided by blanks, commas, semicolons
 * or tabs; a bare value may hold blanks up to the next key, as in CEF. What stands before the first pair (the head of
 * syslog) is not looked at, but the head of CEF gives fields of its own, and `cs1Label=Name` names the value of `cs1`.
 *
 * @returns null for a line with fewer pairs than `least`
 */
export function parseKeyValueLine(line: string, clock: LogClock, least = 3): LineEvent | null {
  if (line.startsWith('#')) return null;
  const pairs = pairsOf(line);
  if (pairs.length < least || pairs.length > maxPairs) return null;
  const names = pairs.map(([name]) => name);
  const values = pairs.map(([, value]) => value);
  const key = names.join('\0');
  let reader = readers.get(key);
  if (reader?.clock !== clock) {
    reader = { clock, timeOf: timeReader(names, clock.exported) };
    if (readers.size > 1000) readers.clear();
    readers.set(key, reader);
  }
  return lineOf(pairs, reader.timeOf(values), vendorSource(pairs));
}

/** The pairs of a line of CEF, or of one that holds one; null for other lines. */
export function cefPairs(line: string): [string, string][] | null {
  const pairs = line.includes('CEF:') && !cefHead.test(line) ? [] : pairsOf(line);
  return pairs.length < 3 ? null : pairs;
}

/** Product names of the taxonomy, by what vendors call themselves in their lines. */
const vendors: Readonly<Record<string, string>> = {
  fortinet: 'fortigate',
  'palo alto networks': 'paloalto',
  cisco: 'cisco',
  'trend micro': 'trendmicro',
};

/** What the lines of firewalls and of CEF say of themselves; null for other pairs. */
export function vendorSource(pairs: readonly (readonly [string, string])[]): LogSource | null {
  const get = (wanted: string): string | undefined => pairs.find(([name]) => name === wanted)?.[1];
  const type = get('type');
  if (type !== undefined && get('subtype') !== undefined && get('logid') !== undefined) {
    const subtype = get('subtype') ?? '';
    const service = [type, subtype, ...(subtype === 'vpn' ? ['sslvpnd'] : [])];
    const category = type === 'traffic' ? ['firewall'] : subtype === 'webfilter' ? ['proxy'] : subtype === 'virus' ? ['antivirus'] : []; // prettier-ignore
    return LogSource.of({ product: ['fortigate', 'fortios'], service, category });
  }
  if (get('SRC') !== undefined && get('DST') !== undefined && get('IN') !== undefined)
    return LogSource.of({ product: 'linux', service: ['kernel', 'syslog'], category: 'firewall' });
  const vendor = get('deviceVendor')?.toLowerCase();
  return vendor === undefined ? null : LogSource.of({ product: vendors[vendor] ?? vendor });
}

export function pairsOf(line: string): [string, string][] {
  const head = line.includes('CEF:') ? cefHead.exec(line) : null;
  const pairs: [string, string][] = head
    ? cefNames.map((name, at) => [name, (head[at + 1] ?? '').replace(/\\([|\\])/g, '$1')])
    : [];
  keyStart.lastIndex = head ? head.index + head[0].length : 0;
  if (head) keyStart.lastIndex--; // the last bar divides
  let match = keyStart.exec(line);
  while (match !== null && pairs.length <= maxPairs) {
    const name = match[1] ?? '';
    const from = match.index + match[0].length;
    const quoted = line[from] === '"' ? closingQuote(line, from) : -1;
    if (quoted > 0) keyStart.lastIndex = quoted + 1;
    const next = keyStart.exec(line);
    const value =
      quoted > 0
        ? line.slice(from + 1, quoted).replace(/\\(["\\])|"(")/g, '$1$2')
        : line
            .slice(from, next?.index ?? line.length)
            .replace(/[\s,;]+$/, '')
            .replace(/\\([=\\])/g, '$1');
    pairs.push([name, value]);
    match = next;
  }
  return head ? withLabels(pairs) : pairs;
}

/** The index of the quote that closes the one at `from`, or -1. */
function closingQuote(line: string, from: number): number {
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') {
      if (line[at + 1] !== '"') return at;
      at++;
    }
  }
  return -1;
}

function withLabels(pairs: readonly [string, string][]): [string, string][] {
  const labels = new Map(
    pairs.flatMap(([name, value]) => (name.endsWith('Label') ? [[name.slice(0, -5), value]] : [])),
  );
  return pairs.flatMap(([name, value]): [string, string][] => {
    const label = labels.get(name);
    return label === undefined
      ? [[name, value]]
      : [
          [name, value],
          [label, value],
        ];
  });
}
